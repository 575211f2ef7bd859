import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HashSlots } from "./hash-slots.ts";

const contentOf = (n: number) => new Uint8Array(32).fill(n).fill(n >> 8, 0, 16);

describe("slots for hashes", () => {
  test("keep what was put into each, over any taking and giving back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 1_500 }), (choices) => {
        const slots = new HashSlots();
        const held = new Map<number, number>();
        choices.forEach((choice, n) => {
          const [oldest] = held.keys();
          if (choice === 0 && oldest !== undefined) {
            slots.release(oldest);
            held.delete(oldest);
            return;
          }
          const slot = slots.take();
          expect(held.has(slot)).toBe(false);
          slots.set(slot, contentOf(n));
          held.set(slot, n);
        });
        for (const [slot, n] of held) {
          expect(slots.isEqual(slot, contentOf(n))).toBe(true);
          expect(slots.isEqual(slot, contentOf(n + 1))).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("use a slot that was given back before a new one", () => {
    const slots = new HashSlots();
    const [first, second] = [slots.take(), slots.take()];
    slots.release(first);
    expect(slots.take()).toBe(first);
    expect(slots.take()).toBe(second + 1);
  });
});
