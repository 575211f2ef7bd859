// Who may read: `access issue`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { type Bind, dataOption, jsonOption } from "./grammar.ts";

export function addAccess(program: Command, bind: Bind): void {
  const access = program.command("access").description("certificates for the admin API");
  const issue = access
    .command("issue")
    .description("a certificate for somebody who reads and signs nothing")
    .addOption(dataOption())
    .option("--name <name>", "whose it is")
    .option("--role <role>", "auditor", "auditor")
    .addOption(jsonOption());
  bind(issue, async () => {
    const { runAccessIssue } = await import("../commands/access-issue.ts");
    return (_args, flags, terminal) => runAccessIssue(flags, terminal);
  });
}
