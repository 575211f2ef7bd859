// Runs the testbed through fifty real scorers, one a host, and the real quorum over them. Owns
// nothing but the order: score, count, and only then the tally looks at the label.

import { fileURLToPath } from "node:url";
import {
  DEFAULT_SCORER_POLICY,
  type Lease,
  openScorer,
  type ScorerPolicy,
  type Signal,
} from "@ostraka/agents/scorer";
import { loadRules } from "../../../sidecar/src/rule-files.ts";
import { HOSTS } from "./company.ts";
import { openTestbed, type TestbedShape } from "./event-stream.ts";
import { QuorumStand } from "./quorum-stand.ts";
import { TestbedTally } from "./tally.ts";

/** The starter rules for what these hosts log: the others could never hit. */
const LINUX_RULES = fileURLToPath(new URL("../../../sidecar/rules/linux", import.meta.url));

export function runTestbed(shape: TestbedShape, policy: Partial<ScorerPolicy> = {}): TestbedTally {
  const testbed = openTestbed(shape);
  const tally = new TestbedTally(testbed.attacks);
  const quorum = new QuorumStand();
  let host = 0;
  const out = {
    lease: (lease: Lease) => tally.onLease(lease),
    signal: (signal: Signal) => tally.onSignal(host, signal, quorum.count(host, signal)),
  };
  const scorers = Array.from({ length: HOSTS }, () =>
    openScorer({
      policy: { ...DEFAULT_SCORER_POLICY, ...policy },
      hasContext: true,
      rules: loadRules([LINUX_RULES]),
    }),
  );
  for (const seen of testbed.events()) {
    host = seen.host;
    scorers[host]?.step({ type: "event", event: seen.event }, out);
    tally.see(seen);
  }
  tally.end();
  return tally;
}
