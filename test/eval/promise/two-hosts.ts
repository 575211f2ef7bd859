// Evidence of several hosts on one honest subject, put together as the product does: how often it
// is over a line, whatever the hosts have in common. Owns two extremes: hosts that see the very
// same attempts, and hosts that see lives of their own.

import { meanEvidenceMdb } from "../../../agents/src/kernel/evidence.ts";
import { Random } from "../../sim/random.ts";
import { type Declared, DeclaredMoney } from "./declared-money.ts";
import { type LineCount, lineCount } from "./false-signals.ts";
import type { Choice, HonestClass } from "./honest-class.ts";
import { draw, SourceLife } from "./source-life.ts";

export interface Together {
  readonly kind: HonestClass;
  readonly hosts: number;
  /** Every host sees the very same attempts. */
  readonly isShared: boolean;
  readonly subjects: number;
  readonly days: number;
  readonly seed: number;
  readonly lineMdb: number;
}

/** Days on which the hosts together were over the line, of subject-days counted once for all. */
export function countTogether(asked: Together, lineup: Declared): LineCount {
  const random = new Random(asked.seed);
  const { kind, hosts, subjects, days, lineMdb } = asked;
  let signals = 0;
  for (let subject = 0; subject < subjects; subject++) {
    const purses = Array.from({ length: hosts }, () => new DeclaredMoney(lineup));
    const lives = asked.isShared
      ? [new SourceLife(subject * 10_000)]
      : purses.map((_, host) => new SourceLife((subject * hosts + host) * 10_000));
    for (let day = 0; day < days; day++) {
      for (const life of lives) life.beginDay(day);
      for (const purse of purses) purse.beginDay();
      let isOver = false;
      const attempts = kind.attemptsOf(day, random);
      for (let n = 0; n < attempts; n++) {
        step(kind, lives, purses, random);
        isOver ||= togetherMdb(purses) >= lineMdb;
      }
      if (isOver) signals++;
    }
  }
  return lineCount(lineMdb, subjects * days, signals);
}

function step(
  kind: HonestClass,
  lives: readonly SourceLife[],
  purses: readonly DeclaredMoney[],
  random: Random,
): void {
  for (let i = 0; i < lives.length; i++) {
    const life = lives[i] as SourceLife;
    const choices = kind.next(life.state);
    const seen = life.take(choices[draw(choices, random)] as Choice);
    if (lives.length > 1) (purses[i] as DeclaredMoney).observe(seen);
    else for (const purse of purses) purse.observe(seen);
  }
}

/** What the product says of several hosts: G of their day accounts. */
function togetherMdb(purses: readonly DeclaredMoney[]): number {
  const accounts = purses.map((purse) => Math.floor(10_000 * Math.log10(purse.dayAccount())));
  return meanEvidenceMdb(accounts);
}
