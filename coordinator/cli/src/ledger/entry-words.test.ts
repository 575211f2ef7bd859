// Every kind of entry has words, and they say whom, what and by whom without any other personal
// text.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  EntryRecordSchema,
  EntrySchema,
  encodeNew,
  PolicyRolloutSchema,
  RolloutStep,
  RosterSchema,
  Stage,
} from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { entryWords } from "./entry-words.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { walkOf } from "./walk-sample.ts";

type Effect = NonNullable<MessageInitShape<typeof EntrySchema>["effect"]>;

let mesh: SampleMesh;
let walk: LedgerWalk;
beforeAll(() => {
  mesh = sampleMesh("acme");
  walk = walkOf(mesh);
});

function words(effect: Effect): string {
  const entry = create(EntrySchema, { format: 1, ledger: 1, index: 99n, effect });
  const walked: WalkedEntry = { ledger: 1, index: 99, entry, record: create(EntryRecordSchema) };
  return entryWords(walk, walked);
}

const ID = new Uint8Array(32).fill(0xab);
const SHORT = "abababababababab";
const keyOf = (holder: string) => mesh.signer(holder).publicKey;
const signed = (body: Uint8Array, ...holders: string[]) => ({
  type: "",
  body,
  signatures: holders.map((holder) => ({ key: keyOf(holder), signature: new Uint8Array(64) })),
});

describe("words", () => {
  it("of what machines and coordinators enter", () => {
    const said = (effect: Effect) => words(effect);
    expect(said({ case: "version", value: { machineVersion: 2 } })).toBe(
      "machine version 2 from here on",
    );
    expect(said({ case: "halt", value: { verdictId: ID, permille: 250, why: "hosts fail" } })).toBe(
      `${SHORT} goes no further than 25 % of hosts: hosts fail`,
    );
    expect(said({ case: "coverage", value: { verdictId: ID, missingHostKeys: [] } })).toBe(
      `of ${SHORT}: every host enforces it`,
    );
    const missing = [keyOf("host-2")];
    expect(said({ case: "coverage", value: { verdictId: ID, missingHostKeys: missing } })).toBe(
      `of ${SHORT}: not yet by host-2`,
    );
    expect(said({ case: "equivocation", value: { key: keyOf("host-1") } })).toBe(
      "host-1 signed two things at one place: counts no more",
    );
    expect(said({ case: "probe", value: { coordinatorKey: keyOf("coordinator-1") } })).toBe(
      "coordinator-1: a kill switch would get through",
    );
    expect(said({ case: "poison", value: { position: 7n, notes: [] } })).toMatch(/^position 7 ref/);
  });

  it("of what people order", () => {
    const order = signed(new Uint8Array(1), "olga", "omar");
    expect(words({ case: "erasure", value: { commitments: [ID], order } })).toBe(
      "1 private part, ordered by olga, omar",
    );
    expect(words({ case: "opening", value: { generation: 2, order, promises: [] } })).toMatch(
      /^generation 2, promised by 0 coordinators, ordered by olga, omar$/,
    );
    const rollout = encodeNew(PolicyRolloutSchema, { format: 1, epoch: 3, isDryRun: true });
    expect(words({ case: "rollout", value: signed(rollout, "pia", "paul") })).toBe(
      "of epoch 3, its canary as a dry run, signed by pia, paul",
    );
    const back = { epoch: 3, step: RolloutStep.ROLLED_BACK, why: "lifts", restoredEpoch: 4 };
    expect(words({ case: "rolloutChange", value: back })).toBe(
      "epoch 3: rolled back (lifts); epoch 4 brings the last one back",
    );
    const roster = encodeNew(RosterSchema, {
      format: 1,
      version: 2,
      expelledKeys: [keyOf("host-1")],
    });
    expect(words({ case: "roster", value: signed(roster, "root-1", "root-2") })).toBe(
      "version 2, signed by root-1, root-2, expelled: host-1",
    );
  });

  it("of what is left to people", () => {
    const suggestion = { id: ID, stage: Stage.SUSPEND, ttlMs: 3_600_000n, hostCount: 1 };
    const said = words({
      case: "suggestion",
      value: { ...suggestion, rule: "r", why: "governor" },
    });
    expect(said).toBe(
      `${SHORT} somebody: suspend for 1 h by rule r (1 host), left to people: ` +
        "machines had done as much as the policy allows",
    );
  });
});
