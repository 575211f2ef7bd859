// I2 beyond verdicts: a roster of two owners at least, an erasure of two operators, a halt on the
// word of a majority of coordinators, each of whom has seen hosts fail. Counts signatures by hand.

import { decode, equalBytes, Ledger, ReportSchema } from "@ostraka/proto";
import { signersOf } from "../signers.ts";
import type { TrueEntry } from "../truth.ts";
import { Checker } from "./checker.ts";

const BYTES_MAX = 1_000_000;
const OPERATORS = 2;

export class OwnerChecker extends Checker {
  readonly invariant = "I2";
  #through = 1;

  override sample(): void {
    const { truth } = this.watch;
    const entries = truth.entries(Ledger.CONTROL);
    for (const found of entries.slice(this.#through)) this.#check(found);
    this.#through = Math.max(this.#through, entries.length);
    truth.rosters.isExpelled(truth.world.sim.hosts[0] as (typeof truth.world.sim.hosts)[0], 0);
    for (const why of truth.rosters.faults.splice(0)) this.watch.report(why);
  }

  #check({ entry }: TrueEntry): void {
    const { truth } = this.watch;
    const { sim } = truth.world;
    const { effect, index } = entry;
    if (effect.case === "erasure") {
      const people = [...sim.operators, sim.samOperating];
      const { size } = signersOf(truth, "erasure", effect.value.order, people);
      if (size < OPERATORS) this.watch.report(`c:${index} erases on the order of ${size}`);
    }
    if (effect.case !== "halt") return;
    const failing = new Set<string>();
    for (const envelope of effect.value.reports) {
      const [signer] = signersOf(truth, "report", envelope, sim.coordinators);
      const report = decode(ReportSchema, envelope.body, BYTES_MAX);
      const isAbout =
        report?.about.case === "verdictId" &&
        equalBytes(report.about.value, effect.value.verdictId);
      if (signer === undefined || report === undefined || !isAbout) continue;
      if (report.errors > 0 || report.ready < report.hosts) failing.add(signer);
    }
    if (failing.size < truth.majority) {
      this.watch.report(`c:${index} halts a widening on the word of ${failing.size}`);
    }
  }
}
