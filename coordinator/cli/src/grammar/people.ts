// What people sign: `propose`, `approve`, `lift`, `proposal list|show|export|import`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, many } from "./grammar.ts";

const PROPOSAL_ID = "the proposal's id, or its first 8 digits or more while it is open";

export function addPeople(program: Command, bind: Bind): void {
  const propose = asOptions(
    program
      .command("propose")
      .argument("[subject]", "kind:value, as address:203.0.113.7 or user:REALM/NAME")
      .description("propose a revocation: a kill switch; shows first what it would do"),
  )
    .option("--from <suggestion>", "take up what machines left to people: s:N or an id")
    .option("--stage <stage>", "observe, step-up, throttle, restrict, suspend, terminate")
    .option("--scope <key=value>", "host, resource, action or label; everywhere by default", many)
    .option("--ttl <duration>", "how long it holds, from now")
    .requiredOption("--reason <text>", "why, for those who approve")
    .option("--preview", "show what it would do, and sign nothing")
    .option("--dry-run", "decide, record and show; enforce nothing")
    .option("--canary <shares>", "begin on this share of the hosts, as 10% or 10%,50%")
    .option("--every <duration>", "with --canary: time between the steps", "10m")
    .option("--unseen", "nobody has named this subject before, and it is not misspelt")
    .option("--yes", "at a terminal: do not ask")
    .option("--valid <duration>", "how long it may be approved", "1h")
    .option("--wait", "stay until every host has proven that it enforces")
    .option("--timeout <duration>", "how long to wait (30s; with --wait 5m)");
  bind(propose, async () => (await import("../commands/propose.ts")).runPropose);
  const approve = asOptions(
    program
      .command("approve")
      .argument("<id>", PROPOSAL_ID)
      .description("look at a proposal and consent to its exact bytes"),
  )
    .option("--offline <file>", "read the proposal from an export; send nothing")
    .option("--out <file>", "with --offline: where the approval goes")
    .option("--yes", "do not ask: you have read it elsewhere")
    .option("--valid <duration>", "how long it counts while others are missing", "1h")
    .option("--wait", "stay until every host has proven that it enforces")
    .option("--timeout <duration>", "how long to wait", "30s");
  bind(approve, async () => (await import("../commands/approve.ts")).runApprove);
  const lift = asOptions(
    program
      .command("lift")
      .argument("<id>", "the revocation's id, or its first 8 digits or more")
      .description("propose to end a revocation early"),
  )
    .option("--reason <text>", "why, for those who approve", "")
    .option("--pardon", "and refuse signals whose evidence reaches back before now")
    .option("--valid <duration>", "how long it may be approved", "1h")
    .option("--wait", "stay until every host has proven it")
    .option("--timeout <duration>", "how long to wait (30s; with --wait 5m)");
  bind(lift, async () => (await import("../commands/lift.ts")).runLift);
}

/** Proposals that wait, and their way to a key that never touches the network. */
export function addProposals(program: Command, bind: Bind): void {
  const proposal = program.command("proposal").description("proposals that wait for people");
  const list = asOptions(proposal.command("list").description("what is open, verified here"));
  bind(list, async () => (await import("../commands/proposal.ts")).runProposalList);
  const show = asOptions(
    proposal
      .command("show")
      .argument("<id>", PROPOSAL_ID)
      .description("what an approver would be shown"),
  );
  bind(show, async () => (await import("../commands/proposal.ts")).runProposalShow);
  const exporting = asOptions(
    proposal
      .command("export")
      .argument("<id>", PROPOSAL_ID)
      .description("write all that an approver without a network needs"),
  ).option("--out <file>", "where it goes");
  bind(exporting, async () => (await import("../commands/proposal.ts")).runProposalExport);
  const importing = asOptions(
    proposal
      .command("import")
      .argument("<file>", "an approval that was signed with approve --offline")
      .description("send it; anybody may carry it"),
  ).option("--timeout <duration>", "how long to wait for the mesh", "30s");
  bind(importing, async () => (await import("../commands/proposal.ts")).runProposalImport);
}
