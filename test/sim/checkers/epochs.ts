// I6: one epoch per decision. Signals of two epochs never stand in one warrant, one epoch never
// names two policies, and epochs never go back, in a ledger or at a sidecar.

import {
  decode,
  type Entry,
  equalBytes,
  Ledger,
  LIMITS,
  type SignalProof,
  SignalSchema,
} from "@ostraka/proto";
import { Checker } from "./checker.ts";

export class EpochChecker extends Checker {
  readonly invariant = "I6";
  readonly #epochs = new Map<string, number>();
  #signalsThrough = 1;

  override sample(): void {
    this.#checkControl();
    this.#checkWarrants();
    for (const { person, node } of this.watch.stand().started) {
      if (node === undefined) continue;
      const { epoch } = node.mesh.view;
      const before = this.#epochs.get(person.name) ?? 0;
      if (epoch < before)
        this.watch.report(`${person.name} goes back from epoch ${before} to ${epoch}`);
      this.#epochs.set(person.name, epoch);
    }
  }

  #checkControl(): void {
    const { epochs } = this.watch.truth;
    epochs.activeAt(0);
    for (const why of epochs.faults.splice(0)) this.watch.report(why);
  }

  #checkWarrants(): void {
    const entries = this.watch.truth.entries(Ledger.SIGNALS);
    for (const { entry } of entries.slice(this.#signalsThrough)) {
      const { effect } = entry;
      if (effect.case === "revocation") {
        const { controlIndex, epoch, warrant } = effect.value;
        this.#checkOwn(entry, epoch, warrant?.signals ?? [], [Number(controlIndex)]);
      }
      // Machines had counted these too, and left to people what came of it.
      if (effect.case === "suggestion" && effect.value.why !== "window-short") {
        const { epoch, signals } = effect.value;
        this.#checkOwn(entry, epoch, signals, this.#controlAround(entry));
      }
    }
    this.#signalsThrough = Math.max(this.#signalsThrough, entries.length);
  }

  /** Control indices of the sealed heads around an entry: it was judged by one of them. */
  #controlAround({ position }: Entry): number[] {
    const heads = this.watch.truth.sealed(Ledger.SIGNALS).map(({ head }) => head);
    const before = heads.findLast((head) => head.position < position);
    const after = heads.find((head) => head.position >= position);
    return [before, after].map((head) => Number(head?.controlIndex ?? 0n));
  }

  /**
   * Under one epoch, and each host under its own: a canary's under the canary's, others not, none
   * under one that is over.
   */
  #checkOwn(
    { index, machineTimeMs }: Entry,
    epoch: number,
    proofs: readonly SignalProof[],
    controlIndices: readonly number[],
  ): void {
    const { epochs, world } = this.watch.truth;
    const nowMs = Number(machineTimeMs);
    const signals = proofs.map((p) => decode(SignalSchema, p.signal, LIMITS.signalBytesMax));
    if (signals.some((signal) => signal?.epoch !== epoch)) {
      const all = signals.map((signal) => signal?.epoch).join(" and ");
      this.watch.report(`s:${index} counts signals of epochs ${all}`);
    }
    for (const signal of signals) {
      const host = world.sim.hosts.find(
        (h) => signal && equalBytes(h.signer.publicKey, signal.hostKey),
      );
      if (host === undefined) continue;
      if (!controlIndices.some((at) => epochs.mayCount(host, epoch, at, nowMs))) {
        this.watch.report(`s:${index} counts ${host.name} under epoch ${epoch}, not its own`);
      }
    }
  }
}
