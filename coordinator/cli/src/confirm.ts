// Asks a person at a terminal before something is signed in their name. Asks on stderr: standard
// output belongs to the result. Must never take silence for consent.

import { stdin } from "node:process";
import { createInterface } from "node:readline/promises";

/** Whether somebody is there to be asked. */
export function hasPerson(): boolean {
  return stdin.isTTY === true;
}

/** Asks `question [y/N]`. @returns true for `y` and `yes` alone. */
export async function isConfirmed(question: string): Promise<boolean> {
  const asking = createInterface({ input: stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}
