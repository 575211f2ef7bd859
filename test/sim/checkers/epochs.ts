// I6: one epoch per decision. Signals of two epochs never stand in one warrant, one epoch never
// names two policies, and epochs never go back, in a ledger or at a sidecar.

import {
  decode,
  Ledger,
  LIMITS,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  SignalSchema,
} from "@ostraka/proto";
import { epochAt } from "../warrant.ts";
import { Checker } from "./checker.ts";

export class EpochChecker extends Checker {
  readonly invariant = "I6";
  readonly #epochs = new Map<string, number>();
  #signalsThrough = 1;
  #controlThrough = 1;
  readonly #documents = new Set<number>();
  #active = 0;

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
    const entries = this.watch.truth.entries(Ledger.CONTROL);
    for (const { entry } of entries.slice(this.#controlThrough)) {
      const { effect } = entry;
      if (effect.case === "policy") {
        const document = decode(
          PolicyDocumentSchema,
          effect.value.body,
          LIMITS.envelopeBodyBytesMax,
        );
        const epoch = document?.epoch ?? 0;
        if (this.#documents.has(epoch)) this.watch.report(`epoch ${epoch} names two policies`);
        this.#documents.add(epoch);
      }
      if (effect.case === "activation") {
        const body = decode(PolicyActivationSchema, effect.value.body, LIMITS.envelopeBodyBytesMax);
        const epoch = body?.epoch ?? 0;
        if (epoch <= this.#active)
          this.watch.report(`epoch ${epoch} follows epoch ${this.#active}`);
        this.#active = epoch;
      }
    }
    this.#controlThrough = Math.max(this.#controlThrough, entries.length);
  }

  #checkWarrants(): void {
    const entries = this.watch.truth.entries(Ledger.SIGNALS);
    for (const { entry } of entries.slice(this.#signalsThrough)) {
      if (entry.effect.case !== "revocation") continue;
      const { epoch, controlIndex, warrant } = entry.effect.value;
      const epochs = (warrant?.signals ?? []).map(
        (proof) => decode(SignalSchema, proof.signal, LIMITS.signalBytesMax)?.epoch,
      );
      if (epochs.some((e) => e !== epoch)) {
        this.watch.report(`s:${entry.index} counts signals of epochs ${epochs.join(" and ")}`);
      }
      const active = epochAt(this.watch.truth, Number(controlIndex));
      if (active !== epoch)
        this.watch.report(`s:${entry.index} is of epoch ${epoch} under ${active}`);
    }
    this.#signalsThrough = Math.max(this.#signalsThrough, entries.length);
  }
}
