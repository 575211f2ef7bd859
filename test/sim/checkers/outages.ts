// I7: losing the middle changes nothing. No revocation is dropped before its expiry, by restart,
// by a jump of a clock or by silence; and while the middle is gone nobody is newly denied except
// by a local lease.

import { hex, Ledger, LIMITS } from "@ostraka/proto";
import type { SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

/** Farthest that a sidecar's wall clock ever stands ahead of the truth, with room. */
const AHEAD_MS_MAX = 46_000;
/** Seconds of an outage after which nothing is under way any more. */
const QUIET_SAMPLES = 3;

export class OutageChecker extends Checker {
  readonly invariant = "I7";
  readonly #held = new Map<string, Map<string, number>>();
  /**
   * Ids that each host has ever held: after a restart it may hold one again that was nearly
   * over.
   */
  readonly #ever = new Map<string, Set<string>>();
  readonly #before = new Map<string, ReadonlySet<string>>();
  #outage = 0;

  override sample(): void {
    const { started, isOutage, playedBack } = this.watch.stand();
    this.#outage = isOutage ? this.#outage + 1 : 0;
    if (!isOutage) this.#before.clear();
    const ended = this.#ended();
    for (const sidecar of started) {
      if (sidecar.node === undefined) continue;
      this.#checkDropped(sidecar, ended);
      this.#checkDecisions(sidecar);
      if (this.#outage >= QUIET_SAMPLES) this.#checkNew(sidecar, playedBack);
    }
  }

  /** Control index at which each id was ended early; superseding entries count too. */
  #ended(): Set<string> {
    const ended = new Set<string>();
    for (const { entry } of this.watch.truth.entries(Ledger.CONTROL).slice(1)) {
      const { effect } = entry;
      if (effect.case === "lift") for (const id of effect.value.revocationIds) ended.add(hex(id));
      if (effect.case === "revocation")
        for (const id of effect.value.supersedes) ended.add(hex(id));
    }
    return ended;
  }

  #checkDropped({ node, person }: SimSidecar, ended: ReadonlySet<string>): void {
    const { truth } = this.watch;
    const now = new Map([...(node?.denySet.all() ?? [])].map((h) => [h.id, h.expiresMs]));
    const latestMs = truth.machineMsMax();
    const wallMsMax = truth.world.time.nowMs + AHEAD_MS_MAX;
    for (const [id, expiresMs] of this.#held.get(person.name) ?? []) {
      const mayBeOver = expiresMs <= latestMs || expiresMs + LIMITS.expirySlackMs <= wallMsMax;
      if (!now.has(id) && !mayBeOver && !ended.has(id)) {
        this.watch.report(`${person.name} has dropped ${id} before its expiry`);
      }
    }
    this.#held.set(person.name, now);
    const ever = this.#ever.get(person.name) ?? new Set();
    this.#ever.set(person.name, ever);
    if (this.#outage < QUIET_SAMPLES) for (const id of now.keys()) ever.add(id);
  }

  /** What is held denies. */
  #checkDecisions(sidecar: SimSidecar): void {
    const { truth } = this.watch;
    const latestMs = truth.machineMsMax();
    for (const held of sidecar.node?.denySet.all() ?? []) {
      if (held.expiresMs <= latestMs) continue;
      // Shown only, or waiting for its step: the convergence checker asks about those.
      if (held.isDryRun || held.widening !== undefined) continue;
      const reading = truth.world.reading(sidecar);
      if (held.expiresMs + LIMITS.expirySlackMs <= reading.wallMs) continue;
      const denial = sidecar.node?.decide({ subjects: [held.subject] }, reading);
      if (denial === undefined || denial.stage < held.stage) {
        this.watch.report(`${sidecar.person.name} permits ${held.subject}, whom ${held.id} denies`);
      }
    }
  }

  /**
   * A broker that plays back what was under way to a host is not gone: only its own deliveries are
   * excused, and that they are true is for other checkers.
   */
  #checkNew({ node, person }: SimSidecar, playedBack: ReadonlySet<string>): void {
    const now = new Set([...(node?.denySet.all() ?? [])].map((h) => h.id));
    const before = this.#before.get(person.name);
    if (before === undefined) {
      this.#before.set(person.name, now);
      return;
    }
    for (const id of now) {
      const isKnown = before.has(id) || this.#ever.get(person.name)?.has(id) === true;
      if (!isKnown && !playedBack.has(`${person.name}/${id}`))
        this.watch.report(`${person.name} newly enforces ${id} without the middle`);
    }
  }
}
