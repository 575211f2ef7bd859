// Runs the testbed through fifty real scorers, one a host, and the real quorum over them. Owns
// nothing but the order: score, count, and only then the tally looks at the label.

import { DEFAULT_SCORER_POLICY, openScorer, type ScorerPolicy } from "@ostraka/agents/scorer";
import { HOSTS } from "./company.ts";
import { openTestbed, type TestbedShape } from "./event-stream.ts";
import { QuorumStand } from "./quorum-stand.ts";
import { TestbedTally } from "./tally.ts";

export function runTestbed(shape: TestbedShape, policy: Partial<ScorerPolicy> = {}): TestbedTally {
  const testbed = openTestbed(shape);
  const tally = new TestbedTally(testbed.attacks);
  const quorum = new QuorumStand();
  let host = 0;
  const out = {
    lease: () => undefined,
    signal: (signal: Parameters<TestbedTally["onSignal"]>[1]) =>
      tally.onSignal(host, signal, quorum.count(host, signal)),
  };
  const scorers = Array.from({ length: HOSTS }, () =>
    openScorer({ policy: { ...DEFAULT_SCORER_POLICY, ...policy }, hasContext: true }),
  );
  for (const seen of testbed.events()) {
    host = seen.host;
    scorers[host]?.step({ type: "event", event: seen.event }, out);
    tally.see(seen);
  }
  tally.end();
  return tally;
}
