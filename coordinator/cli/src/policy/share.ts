// Shares as flags carry them: `10%`, `0.5%`. The same spelling as in a policy, so that nobody has
// to learn a second one.

import { usage } from "../failure.ts";

/** Thousandths of a flag's share. @throws OstrakaError OSTRAKA_USAGE naming the flag. */
export function permilleOf(flag: string, text: string): number {
  const match = /^([0-9]{1,3})(?:\.([0-9]))?%$/.exec(text);
  const permille = match === null ? 0 : Number(match[1]) * 10 + Number(match[2] ?? 0);
  if (permille >= 1 && permille <= 1_000) return permille;
  throw usage(`${flag} ${text.slice(0, 40)}: give a share from 0.1% to 100%`);
}
