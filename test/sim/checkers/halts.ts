// I5 of verdicts that widen: a halt stands at the step that was reached and keeps every later host
// out; and where a host of the step says that it cannot, the next step never comes.

import { hex, Ledger, parseSubject, type Revocation, type SubjectText } from "@ostraka/proto";
import type { HostPerson } from "../sim-mesh.ts";
import { nameIn, type TrueEntry } from "../truth.ts";
import type { SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

/** Reports come every three seconds; one more may be on its way. */
const HALTED_MS = 8_000;

interface Widening {
  readonly revocation: Revocation;
  readonly subject: SubjectText;
  readonly index: number;
  readonly enteredMs: number;
  /** Share at which it stays, from a control index on. */
  halted: { readonly permille: number; readonly index: number } | undefined;
}

export class HaltChecker extends Checker {
  readonly invariant = "I5";
  readonly #widening = new Map<string, Widening>();
  #through = 1;

  override sample(): void {
    const entries = this.watch.truth.entries(Ledger.CONTROL);
    for (const found of entries.slice(this.#through)) this.#read(found);
    this.#through = Math.max(this.#through, entries.length);
    for (const widening of this.#widening.values()) {
      for (const sidecar of this.watch.stand().started) this.#checkStopped(sidecar, widening);
    }
  }

  #read({ entry, record }: TrueEntry): void {
    const { effect } = entry;
    const [index, enteredMs] = [Number(entry.index), Number(entry.machineTimeMs)];
    if (effect.case === "revocation" && effect.value.widening.length > 0) {
      const subject = parseSubject(nameIn(record)) as SubjectText;
      const { value: revocation } = effect;
      const widening = { revocation, subject, index, enteredMs, halted: undefined };
      this.#widening.set(hex(effect.value.id), widening);
    }
    if (effect.case !== "halt") return;
    const widening = this.#widening.get(hex(effect.value.verdictId));
    if (widening === undefined || widening.halted !== undefined) {
      this.watch.report(`c:${index} halts what does not widen`);
      return;
    }
    const { permille } = effect.value;
    if (permille !== this.#reached(widening, enteredMs)) {
      this.watch.report(`c:${index} halts at ${permille}, another step than was reached`);
    }
    widening.halted = { permille, index };
  }

  /** Share that was reached at a machine time, by hand. */
  #reached({ revocation, enteredMs }: Widening, atMs: number): number {
    let reached = 0;
    for (const { afterMs, permille } of revocation.widening) {
      if (enteredMs + Number(afterMs) <= atMs) reached = permille;
    }
    return reached;
  }

  /**
   * Machine time of its last step, past which nothing can halt. Where the middle stood still, time
   * leaps from the entry past every step: nobody could report in between.
   */
  #completeMs({ revocation, enteredMs }: Widening): number {
    return enteredMs + Number(revocation.widening.at(-1)?.afterMs ?? 0n);
  }

  #shareOf({ revocation }: Widening, host: HostPerson): number {
    const { crypto } = this.watch.truth.world.sim;
    const hash = crypto.sha256(revocation.id, host.signer.publicKey);
    return new DataView(hash.buffer, hash.byteOffset).getUint32(0) % 1_000;
  }

  #checkStopped(sidecar: SimSidecar, widening: Widening): void {
    const { halted, subject, revocation } = widening;
    const { node, person } = sidecar;
    if (halted === undefined || node === undefined) return;
    if (node.indexOf(Ledger.CONTROL) < halted.index) return;
    if (this.#shareOf(widening, person) < halted.permille) return;
    const reading = this.watch.truth.world.reading(sidecar);
    const denial = node.decide({ subjects: [subject] }, reading);
    if (denial?.id !== hex(revocation.id)) return;
    this.watch.report(`${person.name} denies by ${denial.id}, which halted before its step`);
  }

  /** Since faults have stopped nothing kept a failing host's word from being counted. */
  override atRest(): void {
    const { truth, stand } = this.watch;
    if (!stand().canDecide) return;
    const nowMs = Number(truth.sealed(Ledger.CONTROL).at(-1)?.head.machineTimeMs ?? 0);
    const last = truth.entries(Ledger.CONTROL).length - 1;
    const failing = stand().started.filter(({ person }) => !truth.rosters.isExpelled(person, last));
    for (const widening of this.#widening.values()) {
      const { enteredMs, halted, revocation } = widening;
      const sinceMs = truth.trueMsOf(enteredMs);
      const isOfRest = sinceMs >= stand().restMs;
      if (halted !== undefined || !isOfRest || nowMs - enteredMs < HALTED_MS) continue;
      if (truth.trueMsOf(this.#completeMs(widening)) - sinceMs < HALTED_MS) continue;
      const permille = revocation.widening[0]?.permille ?? 0;
      const named = revocation.scope?.hosts ?? [];
      const fails = failing.find(
        ({ person, stages }) =>
          (named.length === 0 || named.includes(person.name)) &&
          !stages.has(revocation.stage) &&
          this.#shareOf(widening, person) < permille,
      );
      if (fails !== undefined) {
        this.watch.report(`${hex(revocation.id)} widens on though ${fails.person.name} fails`);
      }
    }
  }
}
