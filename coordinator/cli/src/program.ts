// The grammar of `ostraka`: commands, flags, exit codes. Each command's code is loaded only when it
// is asked for. Must never print a stack: failure.ts has the one way to fail.

import type { ErrorCode } from "@ostraka/proto";
import { Command, CommanderError, Option } from "commander";
import { codeOf, EXIT, exitCodeOf, sentenceOf } from "./failure.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** A command's code; what it returns is the exit code. */
type Run = (args: readonly string[], flags: never, terminal: Terminal) => Promise<number>;

/** Runs one command line. @returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const terminal = openTerminal();
  const failing = (text: string) => failureText(argv, "OSTRAKA_USAGE", text);
  const program = buildProgram(terminal, failing, (exit) => {
    code = exit;
  });
  // Whoever reads may stop reading: `ostraka verdicts | head` is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    terminal.note(failureText(argv, codeOf(error), sentenceOf(error)));
    return exitCodeOf(error);
  }
}

/** A failure on stderr: a sentence, or under `--json` one object of code and message. */
function failureText(argv: readonly string[], code: ErrorCode, message: string): string {
  return argv.includes("--json")
    ? JSON.stringify({ error: { code, message } })
    : `ostraka: ${message}`;
}

function buildProgram(
  terminal: Terminal,
  failing: (text: string) => string,
  done: (exit: number) => void,
): Command {
  const program = new Command("ostraka")
    .description(
      "Cuts a dangerous identity off everywhere, with a quorum's consent, and proves it.",
    )
    .version(VERSION, "--version", "print the version")
    .helpOption("-h, --help", "say what a command takes")
    .helpCommand("help [command]", "say what a command takes")
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`${failing(text.replace(/^error: /, "").trimEnd())}\n`),
    });
  program.configureHelp({ showGlobalOptions: false });
  const bind = (command: Command, load: () => Promise<Run>) =>
    command.action(async (...given: unknown[]) => {
      const flags = command.opts() as never;
      const args = given.slice(0, command.registeredArguments.length) as string[];
      done(await (await load())(args, flags, terminal));
    });
  addProcesses(program, bind);
  addHosts(program, bind);
  addPeople(program, bind);
  addReading(program, bind);
  addLedger(program, bind);
  return program;
}

type Bind = (command: Command, load: () => Promise<Run>) => Command;

const dataOption = () =>
  new Option("--data <dir>", "data directory of the mesh").env("OSTRAKA_DATA").default(".ostraka");
const jsonOption = () => new Option("--json", "print JSON, one value a line").default(false);

const many = (value: string, before: readonly string[] = []) => [...before, value];

function asOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .option("--as <name>", "act as this person: a key in DIR/keys")
    .option("--key <file>", "act with this signing key instead")
    .addOption(jsonOption());
}

/** Starting a mesh and its processes. */
function addProcesses(program: Command, bind: Bind): void {
  const init = program
    .command("init")
    .description("make the data directory of a new mesh")
    .addOption(dataOption())
    .option("--name <mesh>", "name of the mesh", "local")
    .option("--coordinators <n>", "1 or 3", "1")
    .option("--sidecars <n>", "hosts it is meant for, each a fault domain", "3")
    .option("--domains <names>", "fault domains instead, comma-separated")
    .addOption(jsonOption());
  bind(init, async () => {
    const { runInit } = await import("./commands/init.ts");
    return (_args, flags, terminal) => runInit(flags, terminal);
  });
  const up = program
    .command("up")
    .description("start an embedded mesh, show an attack being cut off, and stay up")
    .addOption(new Option("--data <dir>", "data directory of the mesh").env("OSTRAKA_DATA"))
    .option("--coordinators <n>", "1 or 3")
    .option("--sidecars <n>", "number of hosts")
    .option("--seed <n>", "seed of the replayed activity")
    .option("--once", "to the end of the story, then stop everything")
    .option("--no-replay", "bring the mesh up and replay nothing")
    .option("--follow <host=file>", "that host follows a real log", many)
    .option("--json", "narrate on stderr, one line of JSON last");
  bind(up, async () => {
    const { runUp } = await import("./up/index.ts");
    return (_args, flags) => runUp(flags);
  });
  const processes = [
    ["coordinator", "runCoordinatorCommand"],
    ["sidecar", "runSidecarCommand"],
  ] as const;
  for (const [name, run] of processes) {
    const command = program
      .command(name)
      .description(`run a ${name}`)
      .option("--config <file>", "its configuration")
      .option("--check-config", "print the effective configuration, without secrets");
    bind(command, async () => {
      const commands = await import("./commands/run-process.ts");
      return (_args, flags, terminal) => commands[run](flags, terminal);
    });
  }
}

function addHosts(program: Command, bind: Bind): void {
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
  bind(grant, async () => (await import("./commands/host-grant.ts")).runHostGrant);
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
    const { runHostJoin } = await import("./commands/host-join.ts");
    return (_args, flags, terminal) => runHostJoin(flags, terminal);
  });
  const list = asOptions(host.command("list").description("members and their latest receipts"));
  bind(list, async () => {
    const { runHostList } = await import("./commands/status.ts");
    return (_args, flags, terminal) => runHostList(flags, terminal);
  });
}

/** What people sign. */
function addPeople(program: Command, bind: Bind): void {
  const propose = asOptions(
    program
      .command("propose")
      .argument("<subject>", "kind:value, as address:203.0.113.7 or user:REALM/NAME")
      .description("propose a revocation: a kill switch"),
  )
    .requiredOption("--stage <stage>", "observe, step-up, throttle, restrict, suspend, terminate")
    .option("--scope <key=value>", "host, resource, action or label; everywhere by default", many)
    .requiredOption("--ttl <duration>", "how long it holds, from now")
    .requiredOption("--reason <text>", "why, for those who approve")
    .option("--dry-run", "decide, record and show; enforce nothing")
    .option("--valid <duration>", "how long it may be approved", "1h")
    .option("--wait", "stay until every host has proven that it enforces")
    .option("--timeout <duration>", "how long to wait (30s; with --wait 5m)");
  bind(propose, async () => (await import("./commands/propose.ts")).runPropose);
  const approve = asOptions(
    program
      .command("approve")
      .argument("<id>", "the proposal's id")
      .description("look at a proposal and consent to its exact bytes"),
  )
    .option("--yes", "do not ask: you have read it elsewhere")
    .option("--wait", "stay until every host has proven that it enforces")
    .option("--timeout <duration>", "how long to wait", "30s");
  bind(approve, async () => (await import("./commands/approve.ts")).runApprove);
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
  bind(lift, async () => (await import("./commands/lift.ts")).runLift);
}

function addReading(program: Command, bind: Bind): void {
  const status = asOptions(program.command("status").description("how the mesh is"));
  bind(status, async () => {
    const { runStatus } = await import("./commands/status.ts");
    return (_args, flags, terminal) => runStatus(flags, terminal);
  });
  const verdicts = asOptions(
    program.command("verdicts").description("revocations in force, each one verified here"),
  ).option("--all", "also what is over, and lifts");
  bind(verdicts, async () => {
    const { runVerdicts } = await import("./commands/verdicts.ts");
    return (_args, flags, terminal) => runVerdicts(flags, terminal);
  });
  const explain = asOptions(
    program
      .command("explain")
      .argument("<id>", "of a revocation, a lift, or a decision (the X-Ostraka-Decision header)")
      .description("walk back from a denial to what it rests on"),
  );
  bind(explain, async () => (await import("./commands/explain.ts")).runExplain);
  const replay = program
    .command("replay")
    .argument("<file>", "a log")
    .description("what a sidecar would have done on logs you already have")
    .option("--source <source>", "auth-log")
    .option("--year <year>", "year of the first line, where the log names none")
    .option("--tz <zone>", "time zone of times without an offset", "UTC")
    .option("--host <name>", "name of the host in subjects of system accounts", "localhost")
    .option("--realm <realm>", "realm of user names", "local")
    .addOption(jsonOption());
  bind(replay, async () => (await import("./commands/replay.ts")).runReplayCommand);
}

function addLedger(program: Command, bind: Bind): void {
  const ledger = program.command("ledger").description("the record of what was decided");
  const tail = asOptions(ledger.command("tail").description("the last entries of both ledgers"))
    .option("-n, --lines <n>", "how many", "20")
    .option("-f, --follow", "and those that come");
  bind(tail, async () => {
    const { runLedgerTail } = await import("./commands/ledger.ts");
    return (_args, flags, terminal) => runLedgerTail(flags, terminal);
  });
  const exporting = asOptions(
    ledger.command("export").description("write both ledgers to a file, also of a stopped mesh"),
  ).requiredOption("--out <file>", "the file");
  bind(exporting, async () => {
    const { runLedgerExport } = await import("./commands/ledger.ts");
    return (_args, flags, terminal) => runLedgerExport(flags, terminal);
  });
  // Nobody acts in it, yet it takes what the others take: whoever scripts need not know.
  const verify = asOptions(
    ledger
      .command("verify")
      .argument("<file>", "an export")
      .description("check an export offline, every byte of it"),
  ).option("--genesis <file>", "the genesis to check against (DIR/genesis.json)");
  bind(verify, async () => {
    const { runLedgerVerify } = await import("./commands/ledger.ts");
    return async (args, flags, terminal) => runLedgerVerify(args, flags, terminal);
  });
}
