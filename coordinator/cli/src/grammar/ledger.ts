// The record of what was decided: `ledger tail|query|export|verify|prove`, and `erase`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, many } from "./grammar.ts";

export function addLedger(program: Command, bind: Bind): void {
  const ledger = program.command("ledger").description("the record of what was decided");
  const tail = asOptions(ledger.command("tail").description("the last entries of both ledgers"))
    .option("-n, --lines <n>", "how many", "20")
    .option("-f, --follow", "and those that come");
  bind(tail, async () => {
    const { runLedgerTail } = await import("../commands/ledger-read.ts");
    return (_args, flags, terminal) => runLedgerTail(flags, terminal);
  });
  const query = asOptions(
    ledger.command("query").description("entries by subject, host, kind, time and index"),
  )
    .option("--subject <subject>", "kind:value, as address:203.0.113.7")
    .option("--host <name>", "entries in which this host appears")
    .option("--kind <kind>", "revocation, lift, verdict, proposal, policy and so on", many)
    .option("--since <time>", "from this machine time on: 2026-11-24T09:00:00Z, or 2h ago")
    .option("--until <time>", "before this machine time")
    .option("--from <index>", "from this index on: c:17")
    .option("--to <index>", "up to this index")
    .option("--ledger <letter>", "c or s alone")
    .option("-n, --lines <n>", "the last ones only");
  bind(query, async () => {
    const { runLedgerQuery } = await import("../commands/ledger-read.ts");
    return (_args, flags, terminal) => runLedgerQuery(flags, terminal);
  });
  const exporting = asOptions(
    ledger.command("export").description("both ledgers to a file, or what is new to a receiver"),
  )
    .option("--out <file>", "a whole export that anyone can verify, also of a stopped mesh")
    .option("--to <file|url>", "a stream to this file, or POSTed to this address")
    .option("--format <format>", "jsonl (default) or ocsf")
    .option("--cursor <file>", "go on after what was delivered last")
    .option("-f, --follow", "and what comes; needs --cursor")
    .option("--auth <file>", "file with the value of the Authorization header")
    .option("--ca <file>", "PEM of the CA of the receiver")
    .option("--timeout <duration>", "how long to try without --follow (5m)");
  bind(exporting, async () => {
    const { runLedgerExport } = await import("../commands/ledger.ts");
    return (_args, flags, terminal) => runLedgerExport(flags, terminal);
  });
  addProving(ledger, bind);
  addErase(program, bind);
}

function addProving(ledger: Command, bind: Bind): void {
  // Nobody acts in it, yet it takes what the others take: whoever scripts need not know.
  const verify = asOptions(
    ledger
      .command("verify")
      .argument("<file>", "an export")
      .description("check an export offline, every byte of it"),
  )
    .option("--genesis <file>", "the genesis to check against (DIR/genesis.json)")
    .option("--expect <head>", "a head from elsewhere, c:17:ROOT: was anything cut off?", many);
  bind(verify, async () => {
    const { runLedgerVerify } = await import("../commands/ledger-verify.ts");
    return async (args, flags, terminal) => runLedgerVerify(args, flags, terminal);
  });
  const prove = asOptions(
    ledger
      .command("prove")
      .argument("[id]", "c:N, s:N, or the id of a verdict, proposal, suggestion or inquiry")
      .description("write a proof that convinces without a mesh, or check one offline"),
  )
    .option("--out <file>", "where the proof goes")
    .option("--check <file>", "check this proof instead")
    .option("--mesh <id>", "the mesh that it must be of");
  bind(prove, async () => (await import("../commands/ledger-prove.ts")).runLedgerProve);
}

function addErase(program: Command, bind: Bind): void {
  const erase = asOptions(
    program
      .command("erase")
      .description("two operators order that personal content is deleted everywhere"),
  )
    .option("--subject <subject>", "everything about this subject, kind:value")
    .option("--commitment <hex>", "what stands behind this commitment", many)
    .option("--sign-only", "write the signed order and send nothing")
    .option("--add-signature <file>", "sign another operator's order, and send it")
    .option("--out <file>", "where the signed order goes (erasure.json)")
    .option("--valid <duration>", "how long the order may be entered", "12h")
    .option("--yes", "do not ask: you have read it elsewhere")
    .option("--timeout <duration>", "how long to wait for every coordinator", "60s");
  bind(erase, async () => {
    const { runErase } = await import("../commands/erase.ts");
    return (_args, flags, terminal) => runErase(flags, terminal);
  });
}
