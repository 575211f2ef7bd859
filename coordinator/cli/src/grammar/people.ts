// What people sign: `propose`, `approve`, `lift`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, many } from "./grammar.ts";

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
      .argument("<id>", "the proposal's id")
      .description("look at a proposal and consent to its exact bytes"),
  )
    .option("--yes", "do not ask: you have read it elsewhere")
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
