// Who may sign what: `roster show|draft|sign|publish`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, many } from "./grammar.ts";

export function addRoster(program: Command, bind: Bind): void {
  const roster = program.command("roster").description("who may sign what, and how that changes");
  const show = asOptions(roster.command("show").description("the roster in force, verified here"));
  bind(show, async () => (await import("../commands/roster.ts")).runRosterShow);
  const draft = asOptions(
    roster.command("draft").description("write the next roster to a file, for the roots to sign"),
  )
    .option("--expel <host>", "a host that counts and enforces no more, for good", many)
    .option("--remove <holder>", "take a person out", many)
    .option("--add <name=role:key>", "a person's new key, in hex", many)
    .option("--group <group=holder>", "put an approver into a group", many)
    .option("--domain <name>", "one more fault domain", many)
    .option("--out <file>", "where it goes", "roster.json")
    .option("--valid <duration>", "how long it may be signed and sent", "12h");
  bind(draft, async () => (await import("../commands/roster-draft.ts")).runRosterDraft);
  const sign = asOptions(
    roster.command("sign").argument("<file>", "a draft").description("add a root's signature"),
  ).option("--yes", "do not ask: you have read it elsewhere");
  bind(sign, async () => (await import("../commands/roster.ts")).runRosterSign);
  const publish = asOptions(
    roster
      .command("publish")
      .argument("<file>", "a signed draft")
      .description("send it to the mesh"),
  ).option("--timeout <duration>", "how long to wait for the mesh", "30s");
  bind(publish, async () => (await import("../commands/roster.ts")).runRosterPublish);
}
