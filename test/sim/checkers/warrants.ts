// I1: no warrant, no verdict. Every effect that a sidecar enforces stands in a record of its own
// store, under a head that a majority of coordinators signed, with a warrant that holds when
// counted by hand.

import type { SidecarEffect } from "@ostraka/agents/node";
import { hex, Ledger } from "@ostraka/proto";
import { judge } from "../warrant.ts";
import type { SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

export class WarrantChecker extends Checker {
  readonly invariant = "I1";

  override onEffect(sidecar: SimSidecar, effect: SidecarEffect): void {
    if (effect.type !== "enforced") return;
    const { held } = effect;
    const name = sidecar.person.name;
    const key =
      held.ledger === Ledger.CONTROL
        ? `control/${held.index.toString().padStart(16, "0")}`
        : `active/s/${held.id}`;
    const bytes = sidecar.store.get(key);
    const found = bytes && this.watch.truth.decodeRecord(bytes);
    if (found === undefined) {
      this.watch.report(`${name} enforces ${held.id}, stored nowhere`);
      return;
    }
    const { entry, record } = found;
    const proven = this.watch.truth.entries(held.ledger)[held.index];
    if (proven === undefined || hex(proven.record.entry) !== hex(record.entry)) {
      this.watch.report(`${name} enforces ${held.id}, which no majority has sealed`);
      return;
    }
    const judgement = judge(this.watch.truth, entry, record.privates);
    if ("fault" in judgement) {
      this.watch.report(`${name} enforces ${held.id}, whose warrant ${judgement.fault}`);
      return;
    }
    const { effect: verdict } = entry;
    const isSame =
      verdict.case === "revocation" &&
      hex(verdict.value.id) === held.id &&
      verdict.value.stage === held.stage &&
      Number(verdict.value.expiresMs) === held.expiresMs &&
      judgement.subject === held.subject;
    if (!isSame) this.watch.report(`${name} enforces ${held.id} otherwise than it was decided`);
  }
}
