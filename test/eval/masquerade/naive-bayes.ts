// The peer beside which our figure stands: naive Bayes over the multinomial of commands, of one
// class (Wang and Stolfo 2003, after Maxion and Townsend 2002). Owns nothing of ours.

import { BLOCK_LINES, OWN_LINES, type UserCommands } from "./block-run.ts";

/** Of both papers. */
const PSEUDOCOUNT = 0.01;

/** @returns minus the mean log likelihood of each block of each user. */
export function naiveBayesBlocks(users: readonly UserCommands[]): Map<string, number[]> {
  const vocabulary = new Set(users.flatMap(({ commands }) => commands)).size;
  return new Map(users.map(({ user, commands }) => [user, blocksOf(commands, vocabulary)]));
}

function blocksOf(commands: readonly string[], vocabulary: number): number[] {
  const counts = new Map<string, number>();
  for (const command of commands.slice(0, OWN_LINES)) {
    counts.set(command, (counts.get(command) ?? 0) + 1);
  }
  const total = OWN_LINES + PSEUDOCOUNT * vocabulary;
  const blocks: number[] = [];
  for (let from = OWN_LINES; from < commands.length; from += BLOCK_LINES) {
    const block = commands.slice(from, from + BLOCK_LINES);
    const sum = block.reduce((bits, command) => {
      return bits - Math.log(((counts.get(command) ?? 0) + PSEUDOCOUNT) / total);
    }, 0);
    blocks.push(sum / block.length);
  }
  return blocks;
}
