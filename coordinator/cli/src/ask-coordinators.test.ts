// What the answers of several coordinators say together: who is not well, and in which words.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Ledger, OstrakaError } from "@ostraka/proto";
import { GetStatusResponseSchema } from "@ostraka/proto/gen/admin";
import { expect, test } from "vitest";
import { type AskedCoordinator, furthestOf, stateOf, troublesOf } from "./ask-coordinators.ts";

const NOW = 1_800_000_000_000n;

function well(
  name: string,
  change: MessageInitShape<typeof GetStatusResponseSchema> = {},
  ledger: object = {},
): AskedCoordinator {
  const ledgers = [Ledger.CONTROL, Ledger.SIGNALS].map((known) => ({
    ledger: known,
    index: 7n,
    machineTimeMs: NOW,
    ...ledger,
  }));
  const base = { coordinator: name, isBusConnected: true, ledgers };
  return {
    name,
    api: `${name}:1`,
    status: create(GetStatusResponseSchema, { ...base, ...change }),
  };
}

function silent(name: string): AskedCoordinator {
  const error = new OstrakaError("OSTRAKA_UNREACHABLE", "no connection", { cause: new Error("x") });
  return { name, api: `${name}:1`, error };
}

function refusing(name: string, code: string): AskedCoordinator {
  const metadata = { get: (key: string) => (key === "ostraka-code" ? [code] : []) };
  const cause = Object.assign(new Error("x"), { metadata });
  const error = new OstrakaError("OSTRAKA_STORE", "the store failed", { cause });
  return { name, api: `${name}:1`, error };
}

test("three that agree have no trouble, and a tick between their answers is none", () => {
  const asked = [well("a"), well("b", {}, { machineTimeMs: NOW - 4_999n }), well("c")];
  expect(troublesOf(asked)).toEqual([]);
  expect(stateOf("a", [])).toBe("well");
});

test.each([
  ["is silent", silent("b"), "away", /^b at b:1 does not answer: start it/],
  ["fails", refusing("b", "OSTRAKA_STORE"), "failing", /^b answers: the store failed/],
  [
    "is five seconds behind",
    well("b", {}, { machineTimeMs: NOW - 5_000n, index: 5n }),
    "behind",
    /^b is behind by .*: c:5 of c:7/,
  ],
  [
    "is damaged",
    well("b", {}, { damage: "JOURNAL_DAMAGED: gone" }),
    "damaged",
    /^b has stopped deciding on the control journal: JOURNAL_DAMAGED: gone/,
  ],
  ["has no NATS", well("b", { isBusConnected: false }), "without NATS", /^b has no NATS server/],
] as const)("one that %s is named so, the others are well", (_, b, state, words) => {
  const troubles = troublesOf([well("a"), b, well("c")]);
  expect(stateOf("b", troubles)).toBe(state);
  expect(troubles[0]?.sentence).toMatch(words);
  expect(new Set(troubles.map(({ name }) => name))).toEqual(new Set(["b"]));
});

test("whoever shows another history is named with who says so", () => {
  const coordinatorList = [{ name: "b", isDissenting: true }];
  const troubles = troublesOf([well("a", { coordinatorList }), well("b"), well("c")]);
  expect(troubles.map(({ name, state }) => [name, state])).toEqual([["b", "dissenting"]]);
  expect(troubles[0]?.sentence).toMatch(/^b shows another history than a, /);
});

test("the furthest answer is shown, a whole one before a damaged one", () => {
  const far = well("a", {}, { machineTimeMs: NOW + 9n, damage: "JOURNAL_DAMAGED: gone" });
  const near = well("b", {}, { machineTimeMs: NOW - 9n });
  expect(furthestOf([far, silent("x"), near, well("c")]).coordinator).toBe("c");
  expect(furthestOf([far]).coordinator).toBe("a");
});

test("when nobody answers with a status, what one has said is told before silence", () => {
  expect(() => furthestOf([silent("a"), refusing("b", "OSTRAKA_STORE")])).toThrowError(
    expect.objectContaining({ code: "OSTRAKA_STORE" }),
  );
  expect(() => furthestOf([silent("a")])).toThrowError(
    expect.objectContaining({ code: "OSTRAKA_UNREACHABLE" }),
  );
});
