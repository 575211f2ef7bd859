// I6: one epoch per decision. Signals of two epochs never stand in one warrant, one epoch never
// names two policies, and epochs never go back, in a ledger or at a sidecar.

import {
  decode,
  type Entry,
  equalBytes,
  Ledger,
  LIMITS,
  type Revocation,
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
      if (entry.effect.case !== "revocation") continue;
      const { epoch, warrant } = entry.effect.value;
      const epochs = (warrant?.signals ?? []).map(
        (proof) => decode(SignalSchema, proof.signal, LIMITS.signalBytesMax)?.epoch,
      );
      if (epochs.some((e) => e !== epoch)) {
        this.watch.report(`s:${entry.index} counts signals of epochs ${epochs.join(" and ")}`);
      }
      this.#checkOwn(entry, entry.effect.value);
    }
    this.#signalsThrough = Math.max(this.#signalsThrough, entries.length);
  }

  /** Each host speaks under its own epoch: a canary's under the canary's, others not. */
  #checkOwn({ index, machineTimeMs }: Entry, { controlIndex, epoch, warrant }: Revocation): void {
    const { truth } = this.watch;
    for (const proof of warrant?.signals ?? []) {
      const signal = decode(SignalSchema, proof.signal, LIMITS.signalBytesMax);
      const host = truth.world.sim.hosts.find(
        (h) => signal && equalBytes(h.signer.publicKey, signal.hostKey),
      );
      if (host === undefined) continue;
      if (!truth.epochs.mayCount(host, epoch, Number(controlIndex), Number(machineTimeMs))) {
        this.watch.report(`s:${index} counts ${host.name} under epoch ${epoch}, not its own`);
      }
    }
  }
}
