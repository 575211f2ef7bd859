import { Ledger } from "@ostraka/proto";
import { expect, test } from "vitest";
import { MemoryStore } from "../../../testkit/memory-store.ts";
import { testMesh } from "../../../testkit/node-crypto.ts";
import { newOut } from "../../kernel/index.ts";
import { CoordinatorNode } from "../coordinator/coordinator-node.ts";

/** A coordinator with an empty store that has just been started. */
function started(coordinators: number) {
  const { crypto, genesis, coordinators: people } = testMesh("lane-status", { coordinators });
  const publicKey = people[0]?.signer.publicKey as Uint8Array<ArrayBuffer>;
  const node = new CoordinatorNode({ crypto, genesis, publicKey, store: new MemoryStore() });
  node.open(newOut());
  const look = (lastPosition: number) =>
    node.step({ type: "reread", ledger: Ledger.SIGNALS, lastPosition }, newOut());
  const isMute = () => node.status(Ledger.SIGNALS).isMute;
  return { look, isMute };
}

test("who has not looked at a journal since the start does not pass for one that signs in it", () => {
  const { look, isMute } = started(3);
  expect(isMute()).toBe(true);
  look(0);
  expect(isMute()).toBe(false);
});

test("who has looked, and has read nothing of what is there, does not either", () => {
  const { look, isMute } = started(3);
  look(4);
  expect(isMute()).toBe(true);
});

test("the only coordinator has nobody to wait for", () => {
  expect(started(1).isMute()).toBe(false);
});
