// Runs one seed with every checker listening. Owns the order of the phases and what a violation
// says; the same seed gives the same words.

import type { CoordinatorEffect, SidecarEffect } from "@ostraka/agents/node";
import { type Envelope, LEDGERS } from "@ostraka/proto";
import type { Checker, Stand, Watch } from "./checkers/checker.ts";
import { ConvergenceChecker } from "./checkers/convergence.ts";
import { CoverageChecker } from "./checkers/coverage.ts";
import { DurabilityChecker } from "./checkers/durability.ts";
import { EpochChecker } from "./checkers/epochs.ts";
import { ErasureChecker } from "./checkers/erasure.ts";
import { ExplainedChecker } from "./checkers/explained.ts";
import { GenerationChecker } from "./checkers/generations.ts";
import { HaltChecker } from "./checkers/halts.ts";
import { HistoryChecker } from "./checkers/history.ts";
import { HolderChecker } from "./checkers/holders.ts";
import { InquiryChecker } from "./checkers/inquiries.ts";
import { OutageChecker } from "./checkers/outages.ts";
import { OwnerChecker } from "./checkers/owners.ts";
import { SecretChecker } from "./checkers/secrets.ts";
import { SilenceChecker } from "./checkers/silence.ts";
import { WarrantChecker } from "./checkers/warrants.ts";
import { Random } from "./random.ts";
import { withoutRealTime } from "./runtime-trap.ts";
import { planOf, Scenario } from "./scenario.ts";
import { Truth } from "./truth.ts";
import { planUpkeep } from "./upkeep.ts";
import { START_MS, World } from "./world.ts";

export interface Violation {
  readonly invariant: string;
  readonly why: string;
  /** Virtual seconds from the start. */
  readonly atS: string;
}

export interface SeedResult {
  readonly seed: number;
  /** The first violation of each invariant, in the order in which they were seen. */
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Record<string, number>>;
}

export type TraceLine = (line: string) => void;

const CHECKERS = [
  WarrantChecker,
  HolderChecker,
  OwnerChecker,
  HistoryChecker,
  DurabilityChecker,
  ConvergenceChecker,
  EpochChecker,
  OutageChecker,
  GenerationChecker,
  SilenceChecker,
  SecretChecker,
  ExplainedChecker,
  HaltChecker,
  InquiryChecker,
  CoverageChecker,
  ErasureChecker,
] as const satisfies readonly (new (
  watch: Watch,
) => Checker)[];

/** Runs one seed. @param trace hears every step, one line each. */
export function runSeed(seed: number, trace?: TraceLine): SeedResult {
  return withoutRealTime(() => new Run(seed, trace).run());
}

/** Ten times what the busiest run needs. */
const MESSAGES_MAX = 40_000;

/** Without faults a caller has an answer by then, also if some coordinators have stopped. */
const ANSWERED_MS = 12_000;

/** Nodes that never stop talking. */
class Storm extends Error {}

class Run {
  readonly #seed: number;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #scenario: Scenario;
  readonly #checkers: Checker[] = [];
  readonly #violations = new Map<string, Violation>();
  readonly #trace: TraceLine | undefined;
  readonly #counts = { enforced: 0, lifted: 0, leased: 0, ok: 0, refused: 0 };

  constructor(seed: number, trace: TraceLine | undefined) {
    const random = new Random(seed);
    const plan = planOf(random.split("plan"));
    this.#seed = seed;
    this.#trace = trace;
    this.#world = new World(random.split("world"), plan.shape);
    this.#truth = new Truth(this.#world);
    const onLoss = () => this.#each((checker) => checker.onLoss());
    const upkeep = planUpkeep(random.split("upkeep"), plan.shape.hosts.length);
    const plans = { plan, upkeep };
    const chance = random.split("scenario");
    this.#scenario = new Scenario(this.#world, this.#truth, plans, chance, onLoss);
    for (const Kind of CHECKERS) this.#checkers.push(this.#watched(Kind));
    this.#listen();
    trace?.(`plan ${JSON.stringify(plans)}`);
  }

  run(): SeedResult {
    try {
      this.#phases();
    } catch (cause) {
      if (!(cause instanceof Storm)) throw cause;
      this.#report("I5", cause.message);
    }
    return { seed: this.#seed, violations: [...this.#violations.values()], counts: this.#totals() };
  }

  #phases(): void {
    const scenario = this.#scenario;
    this.#sampleOn();
    scenario.safety();
    scenario.liveness();
    this.#each((checker) => checker.atRest());
    this.#checkAnswered();
    scenario.expiry();
    this.#each((checker) => checker.atExpiry());
    // From here on sealed heads lie: only warrants and holders still mean anything.
    this.#checkers.splice(3);
    scenario.lastAct();
    this.#each((checker) => checker.sample());
  }

  #watched(Kind: new (watch: Watch) => Checker): Checker {
    const checker: Checker = new Kind({
      truth: this.#truth,
      stand: () => this.#stand(),
      report: (why) => this.#report(checker.invariant, why),
    });
    return checker;
  }

  get #atS(): string {
    return ((this.#world.time.nowMs - START_MS) / 1_000).toFixed(3);
  }

  #report(invariant: string, why: string): void {
    this.#trace?.(`${this.#atS} VIOLATION ${invariant} ${why}`);
    if (this.#violations.has(invariant)) return;
    this.#violations.set(invariant, { invariant, why, atS: this.#atS });
  }

  #stand(): Stand {
    const { plan, hasLost, isOutage, started, broker, restMs } = this.#scenario;
    const truth = this.#truth;
    const [, , last] = this.#world.sim.coordinators;
    return {
      liar: plan.hasLyingCoordinator ? last?.name : undefined,
      restMs,
      get canDecide() {
        return truth.wholeCoordinators().length >= truth.majority;
      },
      isOneJournal: !hasLost && !plan.broker.misreads,
      isOutage,
      playedBack: broker.playedBack,
      worn: this.#scenario.damage.worn.size,
      started,
    };
  }

  #each(visit: (checker: Checker) => void): void {
    for (const checker of this.#checkers) visit(checker);
  }

  #sampleOn(): void {
    this.#world.time.in(1_000, () => {
      this.#each((checker) => checker.sample());
      this.#sampleOn();
    });
  }

  /** Liveness of the API: everything that was asked has had its answer. */
  #checkAnswered(): void {
    if (!this.#stand().canDecide) return;
    const sinceMs = this.#world.time.nowMs - ANSWERED_MS;
    const waiting = [...this.#scenario.client.waiting].filter(([, askedMs]) => askedMs < sinceMs);
    if (waiting.length === 0) return;
    const types = waiting.map(([envelope]) => /ostraka\.([a-z]+)/.exec(envelope.type)?.[1]);
    this.#report("I4", `no final answer for ${types.join(", ")}`);
  }

  #listen(): void {
    const world = this.#world;
    const sidecarOf = new Map(world.sidecars.map((s) => [s.person.name, s]));
    world.bus.taps.push((from, channel, bytes) => {
      if (world.bus.counts.sent > MESSAGES_MAX) {
        throw new Storm(`${MESSAGES_MAX} messages and no end: questions make more questions`);
      }
      this.#each((checker) => checker.onPublish(from, channel, bytes));
    });
    world.observers.push({
      onTrace: (node, trace) => {
        if (this.#trace !== undefined) this.#trace(`${this.#atS} ${node} ${textOf(trace)}`);
      },
      onEffect: (node, effect) => {
        const sidecar = sidecarOf.get(node);
        if (sidecar === undefined || !isOfSidecar(effect)) return;
        this.#countEffect(effect.type);
        this.#each((checker) => checker.onEffect(sidecar, effect));
      },
      onAnswer: (node, answer, command: Envelope) => {
        if (answer.outcome === "ok") this.#counts.ok++;
        if (answer.outcome === "refused") this.#counts.refused++;
        const kind = /ostraka\.([a-z]+)/.exec(command.type)?.[1];
        this.#trace?.(`${this.#atS} ${node} answer ${kind} ${textOf(answer)}`);
        this.#each((checker) => checker.onAnswer(answer, command));
      },
    });
  }

  #countEffect(type: SidecarEffect["type"]): void {
    if (type === "enforced") this.#counts.enforced++;
    if (type === "ended") this.#counts.lifted++;
    if (type === "leased") this.#counts.leased++;
  }

  #totals(): Record<string, number> {
    const { bus } = this.#world;
    const { faults, broker, attacks, damage } = this.#scenario;
    const entries = LEDGERS.reduce((n, ledger) => n + this.#truth.entries(ledger).length - 1, 0);
    return {
      events: attacks.events,
      entries: Math.max(0, entries),
      ...this.#counts,
      messages: bus.counts.sent,
      dropped: bus.counts.lost,
      doubled: bus.counts.doubled,
      journal: bus.counts.journal,
      crashes: faults.counts.crashes,
      cuts: faults.counts.cuts,
      forged: broker.counts.forged,
      altered: broker.counts.altered,
      ...damage.counts,
      trims: bus.streams.trims,
    };
  }
}

function isOfSidecar(effect: SidecarEffect | CoordinatorEffect): effect is SidecarEffect {
  return effect.type === "enforced" || effect.type === "ended" || effect.type === "leased";
}

function textOf(value: object): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === "bigint") return Number(v);
    return v instanceof Uint8Array ? Buffer.from(v).toString("hex").slice(0, 16) : v;
  });
}
