// Replays over the journals that a real coordinator's machines have kept: the past as it was, and
// under candidates.

import { parsePolicy, rosterFacts } from "@ostraka/agents/node";
import { openCrypto } from "@ostraka/host";
import { type Bytes, Ledger, type LedgerId, ledgerLetter, utf8 } from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { type SampleMesh, sampleMesh } from "../ledger/sample-mesh.ts";
import { SAMPLE_POLICY_YAML } from "../ledger/sample-policy.ts";
import { compareRuns, type Journals, replayJournals } from "./replay-journals.ts";

const crypto = openCrypto();
let mesh: SampleMesh;
let journals: Journals;

beforeAll(() => {
  mesh = sampleMesh("replay");
  const rows = (ledger: LedgerId) =>
    [...mesh.store.scan(`journal/${ledgerLetter(ledger)}/`)].map(([, bytes]) => bytes as Bytes);
  journals = { control: rows(Ledger.CONTROL), signals: rows(Ledger.SIGNALS) };
});

function candidate(change: (yaml: string) => string) {
  const yaml = change(SAMPLE_POLICY_YAML);
  const policy = parsePolicy(utf8(yaml), 0, rosterFacts(mesh.genesis.roster), 2);
  if ("fault" in policy) throw new Error(policy.fault);
  return policy;
}

const run = (change: (yaml: string) => string) =>
  compareRuns(
    replayJournals(crypto, mesh.genesis, journals),
    replayJournals(crypto, mesh.genesis, journals, candidate(change)),
  );

describe("a replay", () => {
  it("of the policy in force makes the verdicts that were made", () => {
    const made = replayJournals(crypto, mesh.genesis, journals);
    expect(made).toMatchObject([
      { subject: "user:acme/mallory", rule: "kill-switch", stage: "suspend" },
      { subject: "address:203.0.113.7", rule: "seen-on-two-hosts", at: "s:4" },
      { subject: "address:203.0.113.7", rule: "seen-on-two-hosts", at: "s:6" },
    ]);
    expect(run((yaml) => yaml)).toEqual({ same: 3, changes: [] });
  });

  it("of a stricter rule says what would vanish", () => {
    const { changes } = run((yaml) => yaml.replace("hosts: 2", "hosts: 3"));
    expect(changes.length).toBeGreaterThan(0);
    for (const { before, after } of changes) {
      expect(before?.at).toMatch(/^s:\d+$/);
      expect(after).toBeUndefined();
    }
  });

  it("of a longer time says what would change, and how", () => {
    const { changes } = run((yaml) => yaml.replace("for: 1h", "for: 2h"));
    expect(changes.length).toBeGreaterThan(0);
    for (const { before, after } of changes) {
      expect([before?.ttlMs, after?.ttlMs]).toEqual([3_600_000, 7_200_000]);
    }
  });

  it("says what would appear: the other way round, what vanishes", () => {
    const strict = candidate((yaml) => yaml.replace("hosts: 2", "hosts: 3"));
    const before = replayJournals(crypto, mesh.genesis, journals, strict);
    const after = replayJournals(crypto, mesh.genesis, journals);
    const { changes } = compareRuns(before, after);
    expect(changes.map(({ before: was, after: is }) => [was, is?.at])).toEqual([
      [undefined, "s:4"],
      [undefined, "s:6"],
    ]);
  });
});
