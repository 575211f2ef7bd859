// A mesh that a script drives: real coordinators and sidecars on real pumps, a bus in memory, time
// that moves only when told. Collects the trace as lines. Must never decide anything a node
// decides.

import {
  type Bytes,
  type Envelope,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  type PrivatePart,
  Stage,
} from "@ostraka/proto";
import type { Publication, Reply, Trace } from "../src/kernel/index.ts";
import {
  type CoordinatorEffect,
  type CoordinatorInput,
  CoordinatorNode,
  type OrderAnswer,
  type Phase,
  Pump,
  type SidecarEffect,
  type SidecarInput,
  SidecarNode,
  type SubmissionAnswer,
} from "../src/node/index.ts";
import { START_MS } from "./machine-run.ts";
import { MemoryStore } from "./memory-store.ts";
import type { MeshKit, Person } from "./mesh-kit.ts";
import { ScriptStreams } from "./script-streams.ts";

/** A process of the mesh: its disk stays when it crashes. */
interface Seat<N, I> {
  readonly person: Person;
  store: MemoryStore;
  node?: N | undefined;
  feed?: ((inputs: readonly I[]) => void) | undefined;
  /** Set: the process dies before it enters this phase of this round, counted from now. */
  dieBefore?: { readonly phase: Phase; round: number } | undefined;
  isCut: boolean;
  /** Set: the machine fails an assertion there. */
  failsAt?: ((ledger: LedgerId, position: number) => boolean) | undefined;
}

export type CoordinatorSeat = Seat<CoordinatorNode, CoordinatorInput>;
export type SidecarSeat = Seat<SidecarNode, SidecarInput>;
type AnySeat = CoordinatorSeat | SidecarSeat;

/** Dies like a process: nothing after it happens. */
class Crash extends Error {}

const STAGES = new Set([Stage.STEP_UP, Stage.SUSPEND]);
const DELIVERIES_MAX = 100_000;

export class ScriptMesh {
  readonly kit: MeshKit;
  readonly coordinators: readonly CoordinatorSeat[];
  readonly sidecars: readonly SidecarSeat[];
  readonly streams = new ScriptStreams();
  readonly lines: string[] = [];
  /** Everything a test may want to look at besides the lines. */
  readonly published: Publication[] = [];
  readonly effects: { readonly by: string; readonly effect: CoordinatorEffect | SidecarEffect }[] =
    [];
  nowMs = START_MS;
  /** While set, nothing is said. */
  isQuiet = false;
  /** While set, coordinators compare their journals at every tick, as their feeds do. */
  isWatching = false;
  readonly #deliveries: (() => void)[] = [];
  readonly #sealedIndex = new Map<string, number>();
  #answers = 0;

  constructor(kit: MeshKit) {
    this.kit = kit;
    const seat = (person: Person) => ({ person, store: new MemoryStore(), isCut: false });
    this.coordinators = kit.coordinators.map(seat);
    this.sidecars = kit.hosts.map(seat);
  }

  startCoordinator(seat: CoordinatorSeat): void {
    const { crypto, genesis, mesh } = this.kit;
    const { publicKey } = seat.person.signer;
    const { store } = seat;
    const onStep = (ledger: LedgerId, position: number) => {
      if (seat.failsAt?.(ledger, position)) throw new Crash(`at ${ledger}:${position}`);
    };
    const node = new CoordinatorNode({ crypto, genesis, publicKey, store, onStep });
    const pump = new Pump<CoordinatorInput, CoordinatorEffect>(node, {
      mesh,
      signer: seat.person.signer,
      store: seat.store,
      publish: (publication) => this.#publish(seat, publication),
      enforce: (effect) => this.#onCoordinatorEffect(seat, effect),
      reply: (reply) => this.#onReply(seat, reply),
      trace: (trace) => this.#trace(seat, trace),
      onSealed: ({ kind }, bytes) => {
        if (kind === "promise") return { type: "repair", bytes };
        return kind === "head" ? { type: "head", bytes } : undefined;
      },
      onPhase: (phase) => this.#onPhase(seat, phase),
    });
    this.#start(seat, node, pump, (out) => node.open(out));
    for (const ledger of LEDGERS) {
      // As a feed does: what is there is looked at before it is read.
      const input = this.isWatching && seat.node && this.streams.reread(seat.node, ledger);
      if (input) seat.feed?.([input]);
      this.#catchUp(seat, ledger);
    }
    this.settle();
  }

  startSidecar(seat: SidecarSeat): void {
    const { crypto, genesis, mesh, random } = this.kit;
    const node = new SidecarNode({
      crypto,
      genesis,
      hostKey: seat.person.signer.publicKey,
      hostName: seat.person.name,
      incarnation: random(16),
      random,
      store: seat.store,
      stages: STAGES,
    });
    const pump = new Pump<SidecarInput, SidecarEffect>(node, {
      mesh,
      signer: seat.person.signer,
      store: seat.store,
      publish: (publication) => this.#publish(seat, publication),
      enforce: (effect) => this.effects.push({ by: seat.person.name, effect }),
      reply: () => undefined,
      trace: (trace) => this.#trace(seat, trace),
      onPhase: (phase) => this.#onPhase(seat, phase),
    });
    this.#start(seat, node, pump, (out) => node.open(this.reading, out));
    this.#input(seat, { type: "connected" });
    this.settle();
  }

  get reading() {
    return { wallMs: this.nowMs, monoMs: this.nowMs - START_MS };
  }

  /**
   * Everybody runs and nothing was said of it: the genesis, epoch 1 of a policy, every host a
   * witness, and the newest machine version.
   * @param yaml the plain policy by default.
   */
  static joined(kit: MeshKit, yaml?: string): ScriptMesh {
    const mesh = new ScriptMesh(kit);
    mesh.isQuiet = true;
    for (const seat of mesh.coordinators) mesh.startCoordinator(seat);
    for (const seat of mesh.sidecars) mesh.startSidecar(seat);
    mesh.ticks(2);
    mesh.submit(kit.genesis.envelope);
    mesh.ticks(3);
    const { document, activation } = kit.policy(1, mesh.nowMs, yaml);
    mesh.submit(document);
    mesh.submit(activation);
    for (const host of kit.hosts) {
      const { grant, membership } = kit.join(host, mesh.nowMs);
      mesh.submit(grant);
      mesh.submit(membership);
    }
    mesh.ticks(4);
    return mesh;
  }

  /** As many ticks, each after some time. */
  ticks(count: number, ms = 1_000): void {
    for (let i = 0; i < count; i++) this.tick(ms);
  }

  /** The process is gone; its disk is not. */
  crash(seat: CoordinatorSeat | SidecarSeat): void {
    seat.node = undefined;
    seat.feed = undefined;
    seat.dieBefore = undefined;
  }

  /** Time passes and everybody reads the clock, hosts first: what comes then is dated by it. */
  tick(ms: number): void {
    this.nowMs += ms;
    for (const seat of this.sidecars) this.#input(seat, { type: "clock", now: this.reading });
    this.settle();
    for (const seat of this.coordinators) this.#input(seat, { type: "clock", wallMs: this.nowMs });
    this.settle();
    for (const seat of this.coordinators) this.#watch(seat);
    this.settle();
  }

  /** An operator hands an order of repair to every coordinator that runs. */
  order(envelope: Envelope): void {
    for (const seat of this.coordinators) {
      this.#input(seat, { type: "order", envelope, to: ++this.#answers });
    }
    this.settle();
  }

  /** A caller hands a command to the first coordinator. */
  submit(envelope: Envelope, privates: readonly PrivatePart[] = []): void {
    const [seat] = this.coordinators as readonly CoordinatorSeat[] as [CoordinatorSeat];
    const untilMs = this.nowMs + 60_000;
    this.#input(seat, { type: "submit", envelope, privates, to: ++this.#answers, untilMs });
    this.settle();
  }

  observe(seat: SidecarSeat, input: SidecarInput): void {
    this.#input(seat, input);
    this.settle();
  }

  /** Puts a message into a journal, as anybody who may publish there could. */
  append(ledger: LedgerId, bytes: Bytes, messageId?: string): void {
    if (!this.streams.append(ledger, this.streams.boundOf(ledger), bytes, messageId)) return;
    for (const seat of this.coordinators) {
      this.#deliver(seat, () => this.#catchUp(seat, ledger));
    }
  }

  seatNamed(name: string): CoordinatorSeat | SidecarSeat | undefined {
    return [...this.coordinators, ...this.sidecars].find((seat) => seat.person.name === name);
  }

  say(line: string): void {
    if (!this.isQuiet) this.lines.push(line);
  }

  /** Delivers until nothing is on its way. */
  settle(): void {
    for (let n = 0; this.#deliveries.length > 0; n++) {
      if (n > DELIVERIES_MAX) throw new Error("the mesh talks without end");
      this.#deliveries.shift()?.();
    }
  }

  #start<N, I, E>(
    seat: Seat<N, I>,
    node: N,
    pump: Pump<I, E>,
    open: (out: Parameters<Pump<I, E>["perform"]>[0]) => void,
  ): void {
    seat.node = node;
    seat.feed = (inputs) => this.#guarded(seat, () => pump.feed(inputs));
    const out = { persist: [], seal: [], publish: [], enforce: [], reply: [], trace: [] };
    this.#guarded(seat, () => {
      open(out);
      pump.feed(pump.perform(out));
    });
  }

  #guarded(seat: Seat<unknown, never> | CoordinatorSeat | SidecarSeat, work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (!(cause instanceof Crash)) throw cause;
      this.say(`${seat.person.name} crashed ${cause.message}`);
      this.crash(seat as CoordinatorSeat);
    }
  }

  #onPhase(seat: CoordinatorSeat | SidecarSeat, phase: Phase): void {
    const { dieBefore } = seat;
    if (dieBefore?.phase === phase && --dieBefore.round === 0) throw new Crash(`before ${phase}`);
  }

  #input<I>(seat: Seat<unknown, I>, input: I): void {
    this.#deliveries.push(() => seat.feed?.([input]));
    if (this.#deliveries.length === 1) this.settle();
  }

  #deliver(seat: CoordinatorSeat | SidecarSeat, work: () => void): void {
    this.#deliveries.push(() => {
      if (!seat.isCut && seat.feed !== undefined) work();
    });
  }

  #catchUp(seat: CoordinatorSeat, ledger: LedgerId): void {
    for (let input = this.#nextOf(seat, ledger); input !== undefined; ) {
      const before = seat.node?.nextPosition(ledger);
      seat.feed?.([input]);
      if (input.type !== "message" || seat.node?.nextPosition(ledger) === before) break;
      input = this.#nextOf(seat, ledger);
    }
    // One that has stopped at a message still reads what comes after it.
    if (seat.node?.status(ledger).stalled === undefined) return;
    for (const input of this.streams.ahead(seat.node, ledger)) seat.feed?.([input]);
  }

  #nextOf({ node }: CoordinatorSeat, ledger: LedgerId): CoordinatorInput | undefined {
    return node && this.streams.next(node, ledger);
  }

  /** The broker was away for a moment: everybody compares what it has now. */
  reconnect(): void {
    for (const seat of this.coordinators) this.#watch(seat);
    this.settle();
  }

  /** What a feed does at a tick besides reading. */
  #watch(seat: CoordinatorSeat): void {
    for (const ledger of LEDGERS) {
      this.#deliver(seat, () => {
        const input = this.isWatching && seat.node && this.streams.reread(seat.node, ledger);
        if (input) seat.feed?.([input]);
        if (seat.node?.awaitedGeneration(ledger) !== undefined) this.#catchUp(seat, ledger);
      });
    }
  }

  #onCoordinatorEffect(seat: CoordinatorSeat, effect: CoordinatorEffect): void {
    this.effects.push({ by: seat.person.name, effect });
    if (effect.type === "journal") this.#deliver(seat, () => this.#catchUp(seat, effect.ledger));
    if (effect.type !== "reopen") return;
    const { feed } = seat;
    // As the runtime does: after the round that said so, from the store.
    this.#deliveries.push(() => {
      if (seat.feed !== feed || feed === undefined) return;
      this.crash(seat);
      this.startCoordinator(seat);
    });
  }

  #publish(from: CoordinatorSeat | SidecarSeat, publication: Publication): void {
    if (from.isCut) return;
    this.published.push(publication);
    const { channel, bytes, messageId, isRequest } = publication;
    const kind = channel.split(".")[2];
    if (messageId !== undefined) {
      const ledger = channel.includes(".control") ? Ledger.CONTROL : Ledger.SIGNALS;
      if (kind === "opening") {
        this.streams.append(ledger, Number(channel.split(".").at(-1)), bytes, messageId);
      } else this.append(ledger, bytes, messageId);
    } else if (isRequest) this.#ask(from, bytes);
    else if (kind === "repairs") {
      for (const seat of this.coordinators) {
        if (seat !== from) this.#send(seat, { type: "repair", bytes });
      }
    } else if (kind === "heads") {
      for (const seat of this.coordinators) {
        if (seat !== from) this.#send(seat, { type: "head", bytes });
      }
      for (const seat of this.sidecars) this.#send(seat, { type: "head", bytes });
    } else if (kind === "verdicts") {
      const ledger = channel.endsWith(".control") ? Ledger.CONTROL : Ledger.SIGNALS;
      for (const seat of this.sidecars) this.#send(seat, { type: "verdict", ledger, bytes });
    } else if (kind === "receipts") {
      for (const seat of this.coordinators) this.#send(seat, { type: "receipt", bytes });
    } else if (kind === "acks") {
      for (const seat of this.sidecars) {
        const isOwn = channel.endsWith(hex(seat.person.signer.publicKey.subarray(0, 8)));
        if (isOwn) this.#send(seat, { type: "ack", bytes });
      }
    }
  }

  #send<I>(seat: Seat<unknown, I>, input: I): void {
    const anySeat = seat as unknown as SidecarSeat;
    this.#deliver(anySeat, () => anySeat.feed?.([input as SidecarInput]));
  }

  /** Every coordinator hears a request; the first answer counts. Tokens below 0 are requests. */
  readonly #asking = new Map<number, { readonly from: AnySeat; readonly request: Bytes }>();
  #asked = 0;

  #ask(from: AnySeat, request: Bytes): void {
    const to = --this.#asked;
    this.#asking.set(to, { from, request });
    for (const seat of this.coordinators) this.#send(seat, { type: "resync", bytes: request, to });
  }

  #onReply(seat: CoordinatorSeat, { to, bytes, value }: Reply): void {
    const asker = this.#asking.get(to);
    this.#asking.delete(to);
    if (asker !== undefined && bytes !== undefined && !seat.isCut) {
      const { from, request } = asker;
      const isPeer = this.coordinators.some((peer) => peer === from);
      if (isPeer) this.#send(from as CoordinatorSeat, { type: "answer", request, bytes });
      else this.#send(from as SidecarSeat, { type: "answer", bytes });
    }
    if (value !== undefined) this.say(`answer ${answerText(value)}`);
  }

  #trace(seat: CoordinatorSeat | SidecarSeat, trace: Trace): void {
    const { what, ...fields } = trace;
    const { name } = seat.person;
    if (what === "sealed") {
      const [letter, index] = String(fields["at"]).split(":") as [string, string];
      const key = `${name}/${letter}`;
      // A head of every tick says nothing new.
      if ((this.#sealedIndex.get(key) ?? 0) >= Number(index)) return;
      this.#sealedIndex.set(key, Number(index));
      this.say(`${name} sealed ${letter}:${index}`);
      return;
    }
    // Sentences for people repeat the reasons, at ten times their length.
    const told = Object.entries(fields).filter(([key]) => key !== "explained");
    const text = told.map(([key, value]) => `${key}=${short(value)}`);
    this.say([name, what, ...text].join(" "));
  }
}

function answerText(value: unknown): string {
  const answer = value as SubmissionAnswer | (OrderAnswer & { readonly outcome?: undefined });
  if (answer.outcome === undefined) return answer.code ? `refused ${answer.code}` : "followed";
  if (answer.outcome === "ok") {
    const verdict =
      answer.verdictId === undefined ? "" : ` verdict ${short(hex(answer.verdictId))}`;
    return `ok c:${answer.index}${verdict}`;
  }
  return answer.outcome === "refused" ? `refused ${answer.code}` : answer.outcome;
}

/** Long hex is cut, so that a script stays readable; times are told from the start. */
function short(value: unknown): string {
  if (typeof value === "number" && value > START_MS - 1) return `+${value - START_MS}`;
  if (Array.isArray(value)) return `[${value.map(short).join("; ")}]`;
  return String(value).replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, "$1…");
}
