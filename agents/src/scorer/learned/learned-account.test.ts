import { describe, expect, test } from "vitest";
import { beginDay, dayValueOf, openBettingAccount } from "../betting-account.ts";
import { betOf, settleRank } from "./learned-account.ts";

const NOON = Date.UTC(2026, 2, 3, 12);

describe("the bet on a rank", () => {
  test.each([1, 2, 10, 100, 1_000])(
    "pays at most 1 on average over the %i ranks that a past can give",
    (n) => {
      let sum = 0;
      for (let rank = 1; rank <= n; rank++) sum += betOf(rank / n);
      expect(sum / n).toBeLessThanOrEqual(1);
    },
  );

  test("pays less the more ordinary it is, and never more than n + 1", () => {
    let before = Number.POSITIVE_INFINITY;
    for (let rank = 1; rank <= 10_000; rank++) {
      const pays = betOf(rank / 10_000);
      expect(pays).toBeLessThan(before);
      before = pays;
    }
    for (const n of [8, 100, 16_384]) expect(betOf(1 / (n + 1))).toBeLessThanOrEqual(n + 1);
    expect(betOf(1)).toBe(0.5);
    expect(betOf(1 - 1e-9)).toBeCloseTo(0.5, 6);
  });
});

describe("the money of a learned detector", () => {
  test("is staked once before the day's first rank, and again only after a strange one", () => {
    const money = openBettingAccount();
    settleRank(money, 1, NOON);
    expect(money.starts).toBe(1);
    for (let n = 0; n < 20; n++) settleRank(money, 1, NOON);
    expect(money).toMatchObject({ starts: 1, open: 0 });
    settleRank(money, 0.05, NOON);
    expect(money).toMatchObject({ starts: 2, wins: 0 });
    settleRank(money, 0.001, NOON);
    expect(money.wins).toBe(1);
  });

  test("is an e-value of the day: its average over ranks of an honest past is at most 1", () => {
    let seed = 11;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    let sum = 0;
    const days = 40_000;
    const money = openBettingAccount();
    for (let day = 0; day < days; day++) {
      beginDay(money);
      for (let n = 0; n < 6; n++) settleRank(money, Math.ceil(random() * 50) / 50, NOON);
      sum += dayValueOf(money);
    }
    expect(sum / days).toBeLessThanOrEqual(1);
    expect(sum / days).toBeGreaterThan(0.5);
  });
});
