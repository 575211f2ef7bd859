// The one configuration that every set and the testbed run under, in words for the page. Made of
// the product's own defaults: nothing here may be chosen for a set, and what was is named.

import { DEFAULT_SCORER_POLICY } from "@ostraka/agents/scorer";
import { additionsOf } from "../../agents/src/scorer/configuration.ts";
import { openRuleHits } from "../../agents/src/scorer/detectors/rule-hits.ts";
import { type Lineup, openEnsemble } from "../../agents/src/scorer/ensemble.ts";

const { signalLineMdb, leaseLineMdb, leaseMs } = DEFAULT_SCORER_POLICY;
const { source, actor } = openEnsemble(additionsOf({ hasContext: true }));

const rules = openRuleHits({ named: () => undefined });

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function declaredText({ declared, declaredShares }: Lineup): string {
  return declared
    .map(({ name }, i) => `${name} ${percent(declaredShares[i] as number)}`)
    .join(", ");
}

const ranking = new Set(
  [...source.learned, ...actor.learned, ...actor.profiles].map((d) => d.name),
);

export const CONFIGURATION = [
  `One configuration for every set: the default policy. Signals at ${signalLineMdb / 1_000} dB,`,
  `leases at ${leaseLineMdb / 1_000} dB for ${leaseMs / 60_000} minutes. A source's bankroll goes`,
  `to ${declaredText(source)}; an account's, where its host's sources tell context, to`,
  `${declaredText(actor)}; where the starter rules read a host's records, they have`,
  `${percent(rules.share)} of either and the others divide the rest. Declared`,
  "evidence alone draws lines (learned share 0); what",
  `ranks and explains is ${[...ranking].join(", ")}. Lines of the numeric detectors were frozen on`,
  "seeded data of our own. No number is fitted to a set, and no label is read before the verdict on",
  "its row. What was chosen with a set in view: failure-pace-burst after the first run of",
  "crowdsec-hub-tests, rules on requests to web servers after a later one, three critical rules",
  "after that of cloudtrail-stratus, the words by which a",
  "Panther rule is claimed, split-session and three steps of learned detectors on the testbed, whose",
  "seeds in the table are others than those looked at.",
].join(" ");
