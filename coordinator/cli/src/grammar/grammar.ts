// What the grammar of every noun shares: how a command gets its code, and the options that many
// take. Owns no command.

import { type Command, Option } from "commander";
import type { Terminal } from "../terminal.ts";

/** A command's code; what it returns is the exit code. */
export type Run = (args: readonly string[], flags: never, terminal: Terminal) => Promise<number>;

/** Gives a command its code, loaded only when it is asked for. */
export type Bind = (command: Command, load: () => Promise<Run>) => Command;

export const dataOption = () =>
  new Option("--data <dir>", "data directory of the mesh").env("OSTRAKA_DATA").default(".ostraka");
export const jsonOption = () => new Option("--json", "print JSON, one value a line").default(false);

/** For options that may be given more than once. */
export const many = (value: string, before: readonly string[] = []) => [...before, value];

/** What commands of people take: where the mesh is, who acts, JSON. */
export function asOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .option("--as <name>", "act as this person: a key in DIR/keys")
    .option("--key <file>", "act with this signing key instead")
    .addOption(jsonOption());
}
