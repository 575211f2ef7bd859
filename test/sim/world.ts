// A whole mesh in one process and one thread: real nodes and pumps, virtual time, one seed. Owns
// starting, crashing and restarting of nodes; decides nothing and checks nothing.

import { type Event, newOut, type Out, type Reply, type Trace } from "@ostraka/agents/kernel";
import {
  type CoordinatorEffect,
  type CoordinatorInput,
  type CoordinatorNode,
  type EdgeReading,
  MACHINE_VERSION_MAX,
  type OrderAnswer,
  type Phase,
  Pump,
  type SidecarEffect,
  type SidecarInput,
  SidecarNode,
  type SubmissionAnswer,
} from "@ostraka/agents/node";
import {
  type Bytes,
  type Channels,
  channelsOf,
  type Envelope,
  Ledger,
  type LedgerId,
  type PrivatePart,
  Stage,
} from "@ostraka/proto";
import type { HeardAt } from "../../coordinator/src/runtime.ts";
import type { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { SimBus } from "./sim-bus.ts";
import type { SimFeed } from "./sim-feed.ts";
import {
  buildMesh,
  type HostPerson,
  type MeshShape,
  type Person,
  type SimMesh,
} from "./sim-mesh.ts";
import { SimMiddle } from "./sim-middle.ts";
import { SimStore } from "./sim-store.ts";

/** 2026-01-05T00:00:00Z, a Monday. */
export const START_MS = 1_767_571_200_000;

/** Thrown where a simulated process dies. */
export class Crash extends Error {}

/** Told of everything that happens; checkers and traces listen. */
export interface Observer {
  onTrace?(node: string, trace: Trace): void;
  onEffect?(node: string, effect: SidecarEffect | CoordinatorEffect): void;
  onPhase?(node: string, phase: Phase): void;
  onAnswer?(node: string, answer: SubmissionAnswer, command: Envelope): void;
}

interface SimProcess<N, I> {
  readonly person: Person;
  readonly store: SimStore;
  /** Own clock minus true time. */
  skewMs: number;
  node: N | undefined;
  pump: Pump<I, unknown> | undefined;
}

export type SimCoordinator = SimProcess<CoordinatorNode, CoordinatorInput> & {
  feeds: readonly SimFeed[];
  startedMs: number;
  /** True time, which is as good as any monotonic one. */
  startedMonoMs: number;
  /** When it last heard a newer receipt of each host, as the runtime keeps it. */
  heard: Map<string, HeardAt>;
  /** Its newest sealed heads, and since when, as the runtime keeps them. */
  sealedSince: Map<LedgerId, { readonly sealed: unknown; readonly monoMs: number }>;
  /** Announces no later machine version than this one: an older release. */
  versionMax: number;
};
export type SimSidecar = SimProcess<SidecarNode, SidecarInput> & {
  readonly person: HostPerson;
  startedMs: number;
  /** What its enforcers can do. */
  stages: ReadonlySet<Stage>;
};

const ALL_STAGES: ReadonlySet<Stage> = new Set([
  Stage.STEP_UP,
  Stage.RESTRICT,
  Stage.SUSPEND,
  Stage.TERMINATE,
]);

const CLOCK_MS = 250;

export class World {
  readonly random: Random;
  readonly time = new Scheduler(START_MS);
  readonly bus: SimBus;
  readonly sim: SimMesh;
  readonly channels: Channels;
  readonly coordinators: SimCoordinator[];
  readonly sidecars: SimSidecar[];
  readonly observers: Observer[] = [];
  /** Asked before each phase of each node: true crashes the node there. */
  crashAt: ((node: string, phase: Phase) => boolean) | undefined;
  readonly middle: SimMiddle;

  constructor(random: Random, shape: MeshShape) {
    this.random = random;
    this.sim = buildMesh(random.split("keys"), shape);
    this.bus = new SimBus(random.split("bus"), this.time);
    this.channels = channelsOf(this.sim.mesh);
    this.middle = new SimMiddle(this);
    const stopped = () => ({ store: new SimStore(), skewMs: 0, node: undefined, pump: undefined });
    this.coordinators = this.sim.coordinators.map((person) => ({
      person,
      ...stopped(),
      feeds: [],
      startedMs: 0,
      startedMonoMs: 0,
      heard: new Map(),
      sealedSince: new Map(),
      versionMax: Number.MAX_SAFE_INTEGER,
    }));
    this.sidecars = this.sim.hosts.map((person) => ({
      person,
      ...stopped(),
      startedMs: 0,
      stages: ALL_STAGES,
    }));
  }

  /** Advances virtual time. */
  run(forMs: number): void {
    this.time.runUntil(this.time.nowMs + forMs);
  }

  /** Machine version that a coordinator's release announces. */
  versionOf({ name }: Person): number {
    const process = this.coordinators.find((c) => c.person.name === name);
    return Math.min(MACHINE_VERSION_MAX, process?.versionMax ?? MACHINE_VERSION_MAX);
  }

  wallMs(process: { readonly skewMs: number }): number {
    return this.time.nowMs + process.skewMs;
  }

  // --- coordinators ---

  startCoordinator(process: SimCoordinator): void {
    this.middle.start(process);
  }

  feedCoordinator(process: SimCoordinator, input: CoordinatorInput): void {
    if (process.node === undefined) return;
    this.guard(process, () => process.pump?.feed([input]));
  }

  /**
   * Ends a cut and does what a reconnect does: reads the journals' ends again BEFORE anything
   * new.
   */
  heal(process: SimCoordinator | SimSidecar): void {
    const { name } = process.person;
    this.bus.cut.delete(`to:${name}`);
    this.bus.cut.delete(`from:${name}`);
    const coordinator = this.coordinators.find((c) => c === process);
    const sidecar = this.sidecars.find((s) => s === process);
    if (coordinator !== undefined) this.#reconnect(coordinator);
    if (sidecar !== undefined) this.feedSidecar(sidecar, { type: "connected" });
  }

  /** The broker restarts with the last messages of a journal lost; everybody reconnects. */
  loseMessages(ledger: LedgerId, count: number): void {
    const stream = this.bus.streams.current(ledger);
    this.bus.streams.truncate(stream, stream.messages.length - count);
    for (const process of this.coordinators) this.#reconnect(process);
  }

  #reconnect({ node, feeds }: SimCoordinator): void {
    if (node !== undefined) for (const feed of feeds) feed.connect();
  }

  /** Submits a command to a coordinator; the answer comes to `onAnswer`. */
  submit(
    process: SimCoordinator,
    envelope: Envelope,
    privates: readonly PrivatePart[] = [],
    waitMs = 10_000,
    onAnswer?: (answer: SubmissionAnswer) => void,
  ): void {
    const to = this.middle.expect(({ value }) => {
      const answer = value as SubmissionAnswer;
      for (const o of this.observers) o.onAnswer?.(process.person.name, answer, envelope);
      onAnswer?.(answer);
    });
    const untilMs = this.wallMs(process) + waitMs;
    this.feedCoordinator(process, { type: "submit", envelope, privates, to, untilMs });
  }

  /** Hands an order of repair to a coordinator. */
  order(process: SimCoordinator, envelope: Envelope, onAnswer?: (a: OrderAnswer) => void): void {
    const to = this.middle.expect(({ value }) => onAnswer?.(value as OrderAnswer));
    this.feedCoordinator(process, { type: "order", envelope, to });
  }

  // --- sidecars ---

  startSidecar(process: SimSidecar): void {
    const { person, store } = process;
    const random = this.random.split(`${person.name}/${this.time.nowMs}`);
    const node = new SidecarNode({
      crypto: this.sim.crypto,
      genesis: this.sim.genesis,
      hostKey: person.signer.publicKey,
      hostName: person.name,
      incarnation: random.bytes(16),
      random: (n) => random.bytes(n),
      store,
      stages: process.stages,
    });
    process.node = node;
    process.startedMs = this.time.nowMs;
    const pump = new Pump<SidecarInput, SidecarEffect>(node, this.ports(person, store));
    process.pump = pump as unknown as Pump<SidecarInput, unknown>;
    this.guard(process, () => {
      const out = newOut<SidecarEffect>();
      node.open(this.reading(process), out);
      pump.feed(pump.perform(out));
    });
    const { headsAll, acks, verdictsAll } = this.channels;
    this.bus.attach({
      name: person.name,
      hears: [
        ...prefixes(headsAll, verdictsAll),
        acks(person.signer.publicKey),
        `answer.${person.name}`,
      ],
      deliver: (channel, bytes) => this.#toSidecar(process, channel, bytes),
    });
    this.feedSidecar(process, { type: "connected" });
    this.beat(process, node, CLOCK_MS, () =>
      this.feedSidecar(process, { type: "clock", now: this.reading(process) }),
    );
  }

  reading(process: SimSidecar): EdgeReading {
    return { wallMs: this.wallMs(process), monoMs: this.time.nowMs - process.startedMs };
  }

  feedSidecar(process: SimSidecar, input: SidecarInput): void {
    if (process.node === undefined) return;
    this.guard(process, () => process.pump?.feed([input]));
  }

  observe(process: SimSidecar, event: Event): void {
    this.feedSidecar(process, { type: "clock", now: this.reading(process) });
    this.feedSidecar(process, { type: "event", event });
  }

  #toSidecar(process: SimSidecar, channel: string, bytes: Bytes): void {
    const { verdicts, headsAll } = this.channels;
    if (channel.startsWith("answer.")) this.feedSidecar(process, { type: "answer", bytes });
    else if (isIn(channel, headsAll)) this.feedSidecar(process, { type: "head", bytes });
    else if (channel === verdicts(Ledger.CONTROL)) {
      this.feedSidecar(process, { type: "verdict", ledger: Ledger.CONTROL, bytes });
    } else if (channel === verdicts(Ledger.SIGNALS)) {
      this.feedSidecar(process, { type: "verdict", ledger: Ledger.SIGNALS, bytes });
    } else this.feedSidecar(process, { type: "ack", bytes });
  }

  // --- life and death ---

  /** Ends a node at once; its store keeps what was written. */
  kill(process: SimCoordinator | SimSidecar): void {
    process.node = undefined;
    process.pump = undefined;
    this.bus.detach(process.person.name);
  }

  /** Runs what a process does; it may die of it. */
  guard(process: SimCoordinator | SimSidecar, run: () => void): void {
    try {
      run();
    } catch (cause) {
      if (!(cause instanceof Crash)) throw cause;
      this.kill(process);
    }
  }

  /** Does something every so often while a node lives. */
  beat(
    process: SimCoordinator | SimSidecar,
    node: unknown,
    everyMs: number,
    run: () => void,
  ): void {
    const beat = () => {
      if (process.node !== node) return;
      run();
      this.time.in(everyMs, beat);
    };
    this.time.in(this.random.int(0, everyMs), beat);
  }

  /** What every node is given. */
  ports(person: Person, store: SimStore) {
    const { name, signer } = person;
    return {
      mesh: this.sim.mesh,
      signer,
      store,
      publish: (publication: Out["publish"][number]) => {
        this.middle.publish(name, publication);
      },
      enforce: (effect: SidecarEffect | CoordinatorEffect) => {
        for (const o of this.observers) o.onEffect?.(name, effect);
      },
      reply: (reply: Reply) => this.middle.answer(reply),
      trace: (trace: Trace) => {
        for (const o of this.observers) o.onTrace?.(name, trace);
      },
      onPhase: (phase: Phase) => {
        for (const o of this.observers) o.onPhase?.(name, phase);
        if (this.crashAt?.(name, phase) === true) throw new Crash(`${name} at ${phase}`);
      },
    };
  }
}

/** A channel is one of a pattern's. */
export function isIn(channel: string, pattern: string): boolean {
  return channel.startsWith(pattern.slice(0, -1));
}

export function prefixes(...patterns: readonly string[]): string[] {
  return patterns.map((pattern) => pattern.slice(0, -1));
}
