// The one configuration that every set and the testbed run under, in words for the page. Made of
// the product's own defaults: nothing here may be chosen for a set.

import { DEFAULT_SCORER_POLICY } from "@ostraka/agents/scorer";

const { signalLineMdb, leaseLineMdb, leaseMs } = DEFAULT_SCORER_POLICY;

export const CONFIGURATION = [
  `One configuration for every set: the default policy. Signals at ${signalLineMdb / 1_000} dB,`,
  `leases at ${leaseLineMdb / 1_000} dB for ${leaseMs / 60_000} minutes, every detector on with the`,
  "share it ships with, declared evidence alone draws lines (learned share 0: learned evidence",
  "ranks and explains). Lines of the numeric detectors were frozen on seeded data of our own.",
  "Nothing is fitted to a set, and no label is read before the verdict on its row.",
].join(" ");
