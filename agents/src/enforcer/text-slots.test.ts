import fc from "fast-check";
import { expect, test } from "vitest";
import { TextSlots } from "./text-slots.ts";

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("", "\0", "ÿ", "Ā", "x".repeat(119), "x".repeat(120), "x".repeat(5_000)),
);

test("every number keeps its own text, over any putting and giving back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), text), { maxLength: 700 }), (changes) => {
      const slots = new TextSlots();
      const held = new Map<number, string>();
      for (const [choice, given] of changes) {
        const [oldest] = held.keys();
        if (choice === 0 && oldest !== undefined) {
          slots.release(oldest);
          held.delete(oldest);
          continue;
        }
        const slot = slots.put(given);
        expect(held.has(slot)).toBe(false);
        expect(slot).toBeLessThan(2 ** 31);
        held.set(slot, given);
      }
      for (const [slot, kept] of held) {
        expect(slots.get(slot)).toBe(kept);
        expect(slots.isEqual(slot, kept)).toBe(true);
        for (const other of [`${kept}a`, `b${kept.slice(1)}!`, `Ā${kept.slice(1)}`]) {
          expect(slots.isEqual(slot, other)).toBe(other === kept);
        }
      }
    }),
    { numRuns: 40 },
  );
});
