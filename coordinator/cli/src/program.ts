// The command line of `ostraka`: nouns from `grammar/`, exit codes. Each command's code is loaded
// only when it is asked for. Must never print a stack: failure.ts has the one way to fail.

import type { ErrorCode } from "@ostraka/proto";
import { Command, CommanderError } from "commander";
import { codeOf, EXIT, exitCodeOf, nextStepOf, sentenceOf } from "./failure.ts";
import { addAccess } from "./grammar/access.ts";
import type { Run } from "./grammar/grammar.ts";
import { addHosts } from "./grammar/hosts.ts";
import { addJournal } from "./grammar/journal.ts";
import { addLedger } from "./grammar/ledger.ts";
import { addPeople, addProposals } from "./grammar/people.ts";
import { addPolicy } from "./grammar/policy.ts";
import { addProcesses } from "./grammar/processes.ts";
import { addReading } from "./grammar/reading.ts";
import { addRoster } from "./grammar/roster.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** Exit codes, said where a person looks (failure.ts has the table). */
const EXIT_HELP = `
Exit codes: ${EXIT.done} done, ${EXIT.no} answered no, ${EXIT.usage} usage or configuration, \
${EXIT.unreachable} unreachable or broken, ${EXIT.deadline} deadline passed`;

/** Runs one command line. @returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const terminal = openTerminal();
  const failing = (text: string) => failureText(argv, "OSTRAKA_USAGE", text);
  const program = buildProgram(terminal, failing, (exit) => {
    code = exit;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    terminal.note(failureText(argv, codeOf(error), sentenceOf(error), nextStepOf(error)));
    return exitCodeOf(error);
  }
}

/** A failure on stderr: a sentence, or under `--json` one object of code and message. */
function failureText(
  argv: readonly string[],
  code: ErrorCode,
  message: string,
  nextStep?: string,
): string {
  return argv.includes("--json")
    ? JSON.stringify({ error: { code, message, nextStep } })
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
  program.addHelpText("after", EXIT_HELP);
  const bind = (command: Command, load: () => Promise<Run>) =>
    command.action(async (...given: unknown[]) => {
      const flags = command.opts() as never;
      const args = given.slice(0, command.registeredArguments.length) as string[];
      done(await (await load())(args, flags, terminal));
    });
  addProcesses(program, bind);
  addHosts(program, bind);
  addPeople(program, bind);
  addProposals(program, bind);
  addReading(program, bind);
  addRoster(program, bind);
  addPolicy(program, bind);
  addLedger(program, bind);
  addAccess(program, bind);
  addJournal(program, bind);
  return program;
}
