import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginDay,
  binaryBet,
  dayValueOf,
  emptyOpen,
  lose,
  openBettingAccount,
  stake,
  win,
} from "./betting-account.ts";

describe("a bet on yes or no", () => {
  test("has expectation 1 at its ceiling and at most 1 anywhere below", () => {
    const chance = fc.double({ min: 0.001, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(chance, chance, chance, (a, b, share) => {
        fc.pre(Math.abs(a - b) > 1e-9);
        const bet = binaryBet(Math.min(a, b), Math.max(a, b));
        const expectationAt = (p: number) => p * bet.win + (1 - p) * bet.lose;
        expect(expectationAt(bet.ceiling)).toBeCloseTo(1, 9);
        expect(expectationAt(bet.ceiling * share)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  test("is refused unless its alternative lies above its ceiling", () => {
    expect(() => binaryBet(0.5, 0.5)).toThrow(RangeError);
    expect(() => binaryBet(0, 0.5)).toThrow(RangeError);
    expect(() => binaryBet(0.5, 1)).toThrow(RangeError);
    expect(() => binaryBet(Number.NaN, 0.5)).toThrow(RangeError);
  });
});

describe("a betting account", () => {
  test("begins a day worth exactly 1, whatever it won before", () => {
    const money = openBettingAccount();
    expect(dayValueOf(money)).toBe(1);
    stake(money, 1);
    win(money, 9, 2);
    beginDay(money);
    expect(dayValueOf(money)).toBe(1);
    expect(money.open).toBeCloseTo(4.5, 12);
  });

  test("never stakes more than 1 a day, however many starts it takes", () => {
    const money = openBettingAccount();
    let staked = 0;
    for (let n = 0; n < 10_000; n++) {
      const before = money.today;
      stake(money, n);
      staked += money.today - before;
      emptyOpen(money);
    }
    expect(staked).toBeLessThan(1);
    expect(dayValueOf(money)).toBeCloseTo(1, 9);
  });

  test("takes no second stake while money is at work, and one anew on the next day", () => {
    const money = openBettingAccount();
    stake(money, 1);
    stake(money, 2);
    expect(money.starts).toBe(1);
    beginDay(money);
    stake(money, 3);
    expect(money.open).toBe(1);
    expect(money.fromMs).toBe(1);
  });

  test("burns what a loss leaves below a half, so that old slips date nothing", () => {
    const money = openBettingAccount();
    stake(money, 1);
    lose(money, 0.1);
    expect(money.open).toBe(0);
    stake(money, 50);
    expect(money.fromMs).toBe(50);
  });

  test("keeps what a loss leaves above a half", () => {
    const money = openBettingAccount();
    stake(money, 1);
    win(money, 100, 2);
    lose(money, 0.1);
    expect(money.open).toBeCloseTo(5, 12);
    expect(money.fromMs).toBe(1);
  });

  test("stays finite however often it wins", () => {
    const money = openBettingAccount();
    stake(money, 1);
    for (let n = 0; n < 1_000; n++) win(money, 10, n);
    expect(money.open).toBe(1e30);
    expect(Number.isFinite(dayValueOf(money))).toBe(true);
  });
});
