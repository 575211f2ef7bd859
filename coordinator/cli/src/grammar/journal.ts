// How the journals are, and how one is repaired: `journal status|repair|sign`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind } from "./grammar.ts";

export function addJournal(program: Command, bind: Bind): void {
  const journal = program
    .command("journal")
    .description("the journals in NATS, and the coordinators' own copies of them");
  const status = asOptions(
    journal
      .command("status")
      .description("each coordinator's copy: where it stands, damage, scrub"),
  );
  bind(status, async () => (await import("../commands/journal.ts")).runJournalStatus);
  const repair = asOptions(
    journal
      .command("repair")
      .description("order the next generation of a damaged journal, and wait until it is open"),
  )
    .option("--ledger <ledger>", "`control` or `signals`")
    .option("--keep <head>", "the head to keep where histories contradict; two operators sign")
    .option("--generation <n>", "the generation to open instead of the next one")
    .option("--out <file>", "write the order for another operator to sign; send nothing")
    .option("--order <file>", "send this order")
    .option("--anyway", "also when no coordinator says that the journal is damaged")
    .option("--valid <duration>", "how long the order may be followed", "12h")
    .option("--timeout <duration>", "how long to wait for the generation", "60s");
  bind(repair, async () => (await import("../commands/journal-repair.ts")).runJournalRepair);
  const sign = asOptions(
    journal
      .command("sign")
      .argument("<file>", "an order of repair")
      .description("add another operator's signature"),
  ).option("--yes", "do not ask: you have read it elsewhere");
  bind(sign, async () => (await import("../commands/journal-sign.ts")).runJournalSign);
}
