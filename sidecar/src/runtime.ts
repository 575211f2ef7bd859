// One running sidecar: store, node, pump, gate, sources and bus, in the order that keeps I1 and I7.
// It enforces from its store BEFORE its first answer and before any network; the bus comes in the
// background. Decides nothing itself.

import { randomBytes } from "node:crypto";
import { Pump, type SidecarEffect, type SidecarInput, SidecarNode } from "@ostraka/agents/edge";
import { newOut, type Out } from "@ostraka/agents/kernel";
import {
  type Clock,
  type Log,
  openClock,
  openSqliteStore,
  RoundQueue,
  type SqliteStore,
} from "@ostraka/host";
import { type Bytes, hex, OstrakaError } from "@ostraka/proto";
import { BusLink } from "./bus-link.ts";
import { type Endpoint, endpointText, gateConfigOf, type SidecarConfig } from "./config.ts";
import { DecisionRing } from "./enforcers/decision-ring.ts";
import { type HttpGate, startHttpGate } from "./enforcers/http-gate.ts";
import type { HttpGateConfig } from "./enforcers/http-gate-config.ts";
import { HTTP_GATE_STAGES } from "./enforcers/http-gate-stages.ts";
import { type ExplainServer, LocalReasons, startExplain } from "./explain.ts";
import { GateDecisions, stagesOf } from "./gate-decisions.ts";
import { openIdentity, type SidecarIdentity } from "./identity.ts";
import { type Knowledge, openKnowledge } from "./knowledge.ts";
import { SourceFeed } from "./source-feed.ts";
import { StoreHold } from "./store-hold.ts";
import { TraceLog } from "./trace-log.ts";

/** How often the node hears the time: expiry, resync and heartbeat wait at most this long. */
const CLOCK_MS = 250;
const COUNTS_MS = 60_000;

export interface SidecarOptions {
  readonly config: SidecarConfig;
  readonly log: Log;
  readonly clock?: Clock;
  /**
   * Told ONCE of what this process cannot go on after: a broken invariant, or a store that works
   * again after it had failed (until then the gate holds).
   */
  readonly onFault: (error: unknown) => void;
  /** Told of every effect after it is durable; for tests and narration. */
  readonly onEffect?: (effect: SidecarEffect) => void;
}

/** Starts one sidecar; it answers (503 until ready) when this returns. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { config, log, clock = openClock() } = options;
  const identity = openIdentity(config, log);
  const knowledge = await openKnowledge(config, log, () => clock.wallMs());
  const store = openSqliteStore(config.store);
  try {
    const sidecar = new Sidecar({ ...options, clock }, identity, store, knowledge);
    await sidecar.listen();
    return sidecar;
  } catch (error) {
    store.close();
    throw error;
  }
}

export class Sidecar {
  readonly node: SidecarNode;
  /** Resolves when both heads are applied, policy is active and the sources run. */
  readonly whenReady: Promise<void>;
  readonly #o: SidecarOptions;
  readonly #identity: SidecarIdentity;
  readonly #store: SqliteStore;
  readonly #clock: Clock;
  readonly #ring: DecisionRing;
  readonly #reasons = new LocalReasons();
  readonly #pump: Pump<SidecarInput, SidecarEffect>;
  readonly #queue: RoundQueue<SidecarInput>;
  readonly #sources: SourceFeed;
  readonly #knowledge: Knowledge;
  /** What this process does when its store fails. */
  readonly #hold: StoreHold;
  readonly #timers: NodeJS.Timeout[] = [];
  #becomeReady: () => void = () => undefined;
  #hasStartedSources = false;
  /** After a fault memory is ahead of the store: nothing of it may be saved any more. */
  #hasFailed = false;
  #bus: BusLink | undefined;
  #gate: HttpGate | undefined;
  #explain: ExplainServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    options: SidecarOptions,
    identity: SidecarIdentity,
    store: SqliteStore,
    knowledge: Knowledge,
  ) {
    const { config, log, clock = openClock() } = options;
    const { places } = knowledge;
    const { crypto, genesis, signer, meshName } = identity;
    const incarnation = random(16);
    this.#o = options;
    this.#identity = identity;
    this.#store = store;
    this.#clock = clock;
    this.whenReady = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    // A ring's prefix goes into a header of its own rules; a host's name may hold an underscore.
    this.#ring = new DecisionRing(
      config.name.replaceAll("_", "-"),
      hex(incarnation.subarray(0, 6)),
    );
    this.#knowledge = knowledge;
    this.node = new SidecarNode({
      crypto,
      genesis,
      hostKey: signer.publicKey,
      hostName: config.name,
      incarnation,
      random,
      store,
      stages: stagesOf(HTTP_GATE_STAGES),
      scorer: knowledge.scorer,
    });
    this.#pump = this.#newPump(new TraceLog(log, clock));
    this.#hold = new StoreHold({ store, log, onMended: options.onFault });
    this.#queue = new RoundQueue({
      feed: (inputs) => {
        this.#pump.feed(inputs);
        this.#startSourcesOnceReady();
      },
      onFault: (error) => this.#onFault(error),
      bulkBytes: (input) => (isOfSource(input) ? 0 : undefined),
    });
    this.#sources = new SourceFeed({
      hostName: config.name,
      realm: config.realm ?? meshName,
      clock,
      log,
      cursorOf: (source) => this.node.cursorOf(source),
      ...(places !== undefined && { complete: places.withPlace }),
      push: (...inputs) => this.#queue.push(...inputs),
      flush: () => this.#queue.flush(),
      onFault: options.onFault,
    });
  }

  /** Where the gate listens. */
  get gate(): { readonly host: string; readonly port: number } {
    return this.#gate as HttpGate;
  }

  /** Where `explain` is answered. */
  get explainEndpoint(): { readonly host: string; readonly port: number } {
    return this.#explain as ExplainServer;
  }

  /** Ports of the `http` sources; none before it is ready. */
  get sourcePorts(): readonly number[] {
    return this.#sources.ports;
  }

  get isConnected(): boolean {
    return this.#bus?.isConnected ?? false;
  }

  /** Opens what the store holds, THEN listens, THEN looks for the network. Called ONCE. */
  async listen(): Promise<void> {
    const { config } = this.#o;
    const out = newOut<SidecarEffect>();
    this.node.open(this.#now(), out);
    const next = this.#performOpening(out);
    this.#checkName();
    const gateConfig = gateConfigOf(config, this.#identity.meshName);
    this.#gate = await listening("the gate", gateConfig, () => this.#startGate(gateConfig));
    try {
      this.#explain = await listening("explain", config.explain, () => this.#startExplain());
    } catch (error) {
      await this.#gate.close();
      throw error;
    }
    this.#queue.push(...next, { type: "clock", now: this.#now() });
    this.#timers.push(
      setInterval(() => this.#onClock(), CLOCK_MS),
      setInterval(() => this.#logCounts(), COUNTS_MS),
    );
    // BEHIND the round that was just queued: a host that its store has made ready says so first.
    setImmediate(() => this.#connect());
  }

  /** A full disk keeps nobody from what the store already says (I7). */
  #performOpening(out: Out<SidecarEffect>): readonly SidecarInput[] {
    try {
      return this.#pump.perform(out);
    } catch (error) {
      if (!this.#hold.begin(error)) throw error;
      this.#hasFailed = true;
      this.#queue.close();
      return [];
    }
  }

  #onFault(error: unknown): void {
    this.#hasFailed = true;
    if (!this.#hold.begin(error)) this.#o.onFault(error);
  }

  /** Of people's interest only: while it holds, the gate decides as before. */
  #readiness() {
    const { why } = this.#hold;
    return why === undefined ? this.node.readiness() : { ready: false, why };
  }

  #startGate(config: HttpGateConfig): Promise<HttpGate> {
    const decisions = new GateDecisions(this.node, this.#clock);
    return startHttpGate({
      config,
      decisions: {
        decide: (request) => decisions.decide(request),
        isReady: () => decisions.isReady(),
        readiness: () => this.#readiness(),
      },
      ring: this.#ring,
      nowMs: () => this.#clock.wallMs(),
      onFault: (error) => this.#o.log.error({ err: error }, "the gate could not decide"),
    });
  }

  #startExplain(): Promise<ExplainServer> {
    const { denySet, wouldDeny } = this.node;
    return startExplain(this.#o.config.explain, {
      hostName: this.#o.config.name,
      ring: this.#ring,
      node: { denySet, wouldDeny, readiness: () => this.#readiness() },
      reasons: this.#reasons,
    });
  }

  /**
   * Saves, sends what is due and lets go of everything. Idempotent; never rejects for the network.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#hold.close();
    const faults: unknown[] = [];
    const steps: (() => Promise<void> | void | undefined)[] = [
      () => this.#sources.close(),
      () => this.#knowledge.close(),
      () => this.#queue.close(),
      () => this.#save(),
      () => this.#bus?.close(),
      () => this.#explain?.close(),
      // It answers until all the rest is done.
      () => this.#gate?.close(),
      () => this.#store.close(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  #save(): void {
    if (this.#hasFailed) return;
    const out = newOut<SidecarEffect>();
    this.node.save(out);
    this.#pump.perform(out);
  }

  #newPump(traces: TraceLog): Pump<SidecarInput, SidecarEffect> {
    const { genesis, signer } = this.#identity;
    return new Pump(this.node, {
      mesh: genesis.mesh,
      signer,
      store: this.#store,
      publish: (publication) => this.#bus?.publish(publication),
      enforce: (effect) => this.#o.onEffect?.(effect),
      reply: () => undefined,
      trace: (trace) => {
        this.#reasons.note(trace);
        traces.write(trace);
      },
    });
  }

  #connect(): void {
    if (this.#closing !== undefined) return;
    const { config, log } = this.#o;
    const { urls, creds, ca } = config.nats;
    this.#bus = new BusLink({
      urls,
      ...(creds !== undefined && { credsFile: creds }),
      ...(ca !== undefined && { caFile: ca }),
      hostName: config.name,
      hostKey: this.#identity.signer.publicKey,
      channels: this.node.channels,
      coordinators: () => this.node.mesh.view.coordinatorKeys().length,
      log,
      push: (input) => this.#queue.push(input),
    });
  }

  #onClock(): void {
    this.#sources.pushCursors();
    this.#queue.push({ type: "clock", now: this.#now() });
  }

  #startSourcesOnceReady(): void {
    if (this.#hasStartedSources || !this.node.readiness().ready) return;
    this.#hasStartedSources = true;
    try {
      this.#checkName();
    } catch (error) {
      this.#o.onFault(error);
      return;
    }
    // Lists are read BEFORE the first event is.
    const start = () =>
      this.#closing === undefined ? this.#sources.start(this.#o.config.sources) : undefined;
    this.#knowledge.start().then(start).then(this.#becomeReady).catch(this.#o.onFault);
  }

  /** Scopes name hosts: one that goes by a name of its own choice would escape them. */
  #checkName(): void {
    const member = this.node.mesh.view.hostOf(this.#identity.signer.publicKey);
    const { name } = this.#o.config;
    if (member === undefined || member.name === name) return;
    throw new OstrakaError(
      "OSTRAKA_CONFIG_INVALID",
      `this host's key joined the mesh as "${member.name}", the configuration says "${name}": ` +
        "correct name, or use that host's own key",
    );
  }

  #logCounts(): void {
    for (const counts of this.#sources.counts()) {
      this.#o.log.info({ what: "source", at: this.#clock.wallMs(), ...counts });
    }
    const { permitted, denied, notReady, unreadable, fromUntrusted } = (
      this.#gate as HttpGate
    ).counts();
    const gate = { permitted, denied, notReady, unreadable, fromUntrusted };
    this.#o.log.info({ what: "gate", at: this.#clock.wallMs(), ...gate });
  }

  #now() {
    return { wallMs: this.#clock.wallMs(), monoMs: this.#clock.monotonicMs() };
  }
}

/** Says which listener could not have its address, and which address that was. */
async function listening<T>(what: string, endpoint: Endpoint, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"].includes(code)) throw error;
    throw new OstrakaError(
      "OSTRAKA_CONFIG_INVALID",
      `${what} cannot listen on ${endpointText(endpoint)} (${code}): stop what has it, or give ` +
        "another address in the configuration",
      { cause: error },
    );
  }
}

/** What a host sees waits for what the mesh has decided: a flood of events delays no verdict. */
function isOfSource({ type }: SidecarInput): boolean {
  return type === "event" || type === "cursor";
}

function random(bytes: number): Bytes {
  return new Uint8Array(randomBytes(bytes));
}
