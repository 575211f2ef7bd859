// Which orders a coordinator promises to follow: the next generations and none far ahead.

import { encodeNew, isReject, Ledger, RepairOrderSchema, signEnvelope } from "@ostraka/proto";
import { expect, test } from "vitest";
import { MachineRun, START_MS } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { RepairBook } from "./index.ts";

const kit = testMesh("repair book", { coordinators: 3 });
const { view } = MachineRun.joined(kit);
const [olga] = kit.operators as [Person];
const [own] = kit.coordinators as [Person];

/** What becomes of one operator's order for a generation at a coordinator in another one. */
function ordered(generation: number, at: number): string {
  const body = encodeNew(RepairOrderSchema, {
    format: 1,
    ledger: Ledger.CONTROL,
    generation,
    createdMs: BigInt(START_MS),
    notAfterMs: BigInt(START_MS + 60_000),
  });
  const book = new RepairBook(nodeCrypto, Ledger.CONTROL);
  const taken = book.takeOrder(view, signEnvelope(kit.mesh, "repair", body, olga.signer), {
    nowMs: START_MS,
    generation: at,
    key: own.signer.publicKey,
    lastHead: undefined,
  });
  return isReject(taken) ? taken.reject : `promised ${book.promisedGeneration}`;
}

test("an order opens one of the next generations, and none is skipped by the thousand", () => {
  expect(ordered(6, 5)).toBe("promised 6");
  expect(ordered(21, 5)).toBe("promised 21");
  expect(ordered(22, 5)).toBe("generation-not-next");
  expect(ordered(4_294_967_295, 5)).toBe("generation-not-next");
  expect(ordered(5, 5)).toBe("generation-not-next");
});
