// The grammar of `ostraka`: commands, flags, exit codes. Each command's code is loaded only when it is
// asked for. Must never print a stack: failure.ts has the one way to fail.

import { Command, CommanderError, Option } from "commander";
import { EXIT, exitCodeOf, sentenceOf } from "./failure.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** A command's code; what it returns is the exit code. */
type Run = (args: readonly string[], flags: never, terminal: Terminal) => Promise<number>;

/** Runs one command line. @returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const terminal = openTerminal();
  const program = buildProgram(terminal, (exit) => {
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
    terminal.note(`ostraka: ${sentenceOf(error)}`);
    return exitCodeOf(error);
  }
}

function buildProgram(terminal: Terminal, done: (exit: number) => void): Command {
  const program = new Command("ostraka")
    .description(
      "Cuts a dangerous identity off everywhere, with a quorum's consent, and proves it.",
    )
    .version(VERSION, "--version", "print the version")
    .helpOption("-h, --help", "say what a command takes")
    .helpCommand("help [command]", "say what a command takes")
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`ostraka: ${text.replace(/^error: /, "")}`),
    });
  const bind = (command: Command, load: () => Promise<Run>) =>
    command.action(async (...given: unknown[]) => {
      const flags = command.opts() as never;
      const args = given.slice(0, command.registeredArguments.length) as string[];
      done(await (await load())(args, flags, terminal));
    });
  addSetup(program, bind);
  return program;
}

type Bind = (command: Command, load: () => Promise<Run>) => Command;

const dataOption = () =>
  new Option("--data <dir>", "data directory of the mesh").env("OSTRAKA_DATA").default(".ostraka");
const jsonOption = () => new Option("--json", "print JSON, one value a line").default(false);

function addSetup(program: Command, bind: Bind): void {
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
}
