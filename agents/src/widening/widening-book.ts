// The widening agent: verdicts of people that reach the hosts by steps, and when one must stop.
// Hosts widen by themselves as machine time passes; this machine only says where one ends early.

import { hex, LIMITS, type Revocation, unhex } from "@ostraka/proto";
import {
  type ActiveSet,
  type BinaryReader,
  type BinaryWriter,
  haltWhy,
  loadAll,
  loadNumber,
  permilleAt,
  type StepReport,
  saveAll,
  saveNumber,
  stepReached,
  type WideningStep,
} from "../kernel/index.ts";

interface Running {
  readonly index: number;
  readonly enteredMs: number;
  readonly steps: readonly WideningStep[];
}

export interface HaltedWidening<R> {
  readonly verdictId: Uint8Array;
  /** Share of a thousand at which it stays. */
  readonly permille: number;
  readonly why: string;
  readonly report: R;
}

/**
 * Hosts take a step with the first head past it: it is stopped this long before it is due, or the
 * halt could come after that head.
 */
const AHEAD_MS = 5 * LIMITS.tickMs;

export class WideningBook {
  /** Not halted, not over and not at its last step, by hex id. */
  readonly #running = new Map<string, Running>();

  /** A revocation that widens was entered. */
  enter({ id, widening }: Pick<Revocation, "id" | "widening">, index: number, atMs: number): void {
    if (widening.length === 0) return;
    const steps = widening.map(({ afterMs, permille }) => ({ afterMs, permille }));
    this.#running.set(hex(id), { index, enteredMs: atMs, steps });
  }

  /** Ids of what still widens. */
  ids(): Uint8Array[] {
    return [...this.#running.keys()].map((id) => unhex(id) as Uint8Array);
  }

  has(id: Uint8Array): boolean {
    return this.#running.has(hex(id));
  }

  /** Forgets what is over or has reached its last step. */
  expire(active: Pick<ActiveSet, "holds">, nowMs: number): void {
    for (const [id, { enteredMs, steps }] of this.#running) {
      const isComplete = stepReached(steps, nowMs - enteredMs) === steps.length - 1;
      if (isComplete || !active.holds(id)) this.#running.delete(id);
    }
  }

  /**
   * What must halt now: at once where hosts of the step say that they fail, and before the next
   * step where hosts of this one have not applied it.
   * @param reportOf what a majority of coordinators says; without it nothing halts.
   */
  halts<R extends StepReport>(
    reportOf: (id: Uint8Array) => R | undefined,
    nowMs: number,
  ): HaltedWidening<R>[] {
    const halted: HaltedWidening<R>[] = [];
    for (const [id, running] of this.#running) {
      const verdictId = unhex(id) as Uint8Array;
      const report = reportOf(verdictId);
      const why = report && haltWhy(report);
      if (report === undefined || why === undefined) continue;
      if (report.errors === 0 && !isNextDue(running, nowMs)) continue;
      const permille = permilleAt(running.steps, nowMs - running.enteredMs);
      halted.push({ verdictId, permille, why, report });
      this.#running.delete(id);
    }
    return halted;
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#running, (_, [id, { index, enteredMs, steps }]) => {
      saveNumber(saveNumber(w.string(id), index), enteredMs);
      saveAll(w, steps, (__, s) => saveNumber(w, Number(s.afterMs)).uint32(s.permille));
    });
  }

  load(r: BinaryReader): void {
    loadAll(r, () => {
      const [id, index, enteredMs] = [r.string(), loadNumber(r), loadNumber(r)];
      const steps = loadAll(r, () => ({ afterMs: BigInt(loadNumber(r)), permille: r.uint32() }));
      this.#running.set(id, { index, enteredMs, steps });
    });
  }
}

function isNextDue({ enteredMs, steps }: Running, nowMs: number): boolean {
  const reached = stepReached(steps, nowMs - enteredMs);
  const next = steps[reached + 1];
  // Before its first step nobody had to enforce it.
  if (reached < 0 || next === undefined) return false;
  return nowMs + AHEAD_MS >= enteredMs + Number(next.afterMs);
}
