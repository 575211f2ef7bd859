// A signal is spent by the first verdict that uses it, as far as whoever decides the second can
// know.

import { create } from "@bufbuild/protobuf";
import { encodeNew, type SignalProof, SignalProofSchema, SignalSchema } from "@ostraka/proto";
import { expect, it } from "vitest";
import { SpentSignals } from "./spent-signals.ts";

function signal(name: number, evidenceFromMs = 1_000): SignalProof {
  const commitment = new Uint8Array(32).fill(name);
  const bytes = encodeNew(SignalSchema, { commitment, evidenceFromMs: BigInt(evidenceFromMs) });
  return create(SignalProofSchema, { signal: bytes });
}

it("machines spend a signal once, and a warrant spends all of its signals or none", () => {
  const spent = new SpentSignals();
  expect(spent.spend([signal(1), signal(2)], 0, 5)).toBeUndefined();
  expect(spent.spend([signal(2), signal(3)], 0, 5)?.reject).toBe("spent");
  expect(spent.spend([signal(3)], 0, 5)).toBeUndefined();
  expect(spent.spend([signal(4), signal(4)], 0, 5)?.reject).toBe("spent");
});

it("what people have spent is held against machines from that index on, not before", () => {
  const spent = new SpentSignals();
  expect(spent.spendByPeople([signal(1), signal(2)], 7)).toBeUndefined();
  expect(spent.spend([signal(1)], 0, 6)).toBeUndefined();
  expect(spent.spend([signal(2)], 0, 7)?.reject).toBe("spent");
});

it("people may use what machines have spent, and nothing that people have", () => {
  const spent = new SpentSignals();
  expect(spent.spend([signal(1)], 0, 5)).toBeUndefined();
  expect(spent.spendByPeople([signal(1)], 9)).toBeUndefined();
  expect(spent.spendByPeople([signal(1)], 12)?.reject).toBe("spent");
  expect(spent.spend([signal(1)], 0, 5)?.reject).toBe("spent");
});

it("evidence that reaches back before a pardon counts no more", () => {
  const spent = new SpentSignals();
  expect(spent.spend([signal(1, 999)], 1_000, 5)?.reject).toBe("pardoned");
  expect(spent.spend([signal(1, 1_000)], 1_000, 5)).toBeUndefined();
});
