// Letting hosts in and looking at them: `host grant|join|list`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, dataOption, jsonOption, many } from "./grammar.ts";

export function addHosts(program: Command, bind: Bind): void {
  const host = program.command("host").description("let hosts in and look at them");
  const grant = asOptions(
    host.command("grant").argument("[name]").description("write a grant and a token for one host"),
  )
    .option("--domain <domain>", "fault domain, one that the roster lists")
    .option("--label <key=value>", "label of the host", many)
    .option("--out <dir>", "where the two files go", ".")
    .option("--cosign <file>", "add a second operator's signature: the host counts as a witness")
    .option("--yes", "with --cosign at a terminal: do not ask")
    .option("--send <file>", "send a grant to the mesh")
    .option("--timeout <duration>", "how long to wait for the mesh", "30s");
  bind(grant, async () => (await import("../commands/host-grant.ts")).runHostGrant);
  const join = host
    .command("join")
    .description("make this host a member, with its token")
    .addOption(dataOption())
    .option("--token <file>", "the token file")
    .option("--auth-log <file>", "log that it follows (/var/log/auth.log by default)", many)
    .option("--gate <host:port>", "where its gate listens")
    .option("--timeout <duration>", "how long to wait for the mesh", "60s")
    .addOption(jsonOption());
  bind(join, async () => {
    const { runHostJoin } = await import("../commands/host-join.ts");
    return (_args, flags, terminal) => runHostJoin(flags, terminal);
  });
  const list = asOptions(host.command("list").description("members and their latest receipts"));
  bind(list, async () => {
    const { runHostList } = await import("../commands/status.ts");
    return (_args, flags, terminal) => runHostList(flags, terminal);
  });
}
