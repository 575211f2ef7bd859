// Which link of a kill switch's way is named first, and what is said where none is broken.

import { describe, expect, test } from "vitest";
import { canFire, type FiringFacts, type LastProbe } from "./can-fire.ts";

const PROBE: LastProbe = {
  agoMs: 130_000,
  sealedInMs: 12,
  isSealed: true,
  hosts: 10,
  missingHosts: [],
};
const WELL: FiringFacts = {
  isStoreFailed: false,
  isBusConnected: true,
  damage: undefined,
  isTaking: true,
  epoch: 3,
  missingSeals: undefined,
  hasProbes: true,
  probeEveryMs: 300_000,
  probe: PROBE,
};
const NAMES = Array.from({ length: 10 }, (_, i) => `web-${i + 1}`);

const TABLE: readonly (readonly [string, Partial<FiringFacts>, string])[] = [
  ["all is well", {}, "yes (last probe 2 min ago: sealed in 12 ms, 10 of 10 hosts)"],
  [
    "another coordinator sent the probe",
    { probe: { ...PROBE, sealedInMs: undefined } },
    "yes (last probe 2 min ago: sealed, 10 of 10 hosts)",
  ],
  [
    "the probe is still on its way to hosts",
    { probe: { ...PROBE, agoMs: 4_000, missingHosts: NAMES } },
    "yes (last probe 4 s ago: sealed in 12 ms, 0 of 10 hosts)",
  ],
  [
    "two hosts are away",
    { probe: { ...PROBE, missingHosts: NAMES.slice(0, 2) } },
    "yes (last probe 2 min ago: sealed in 12 ms, 8 of 10 hosts; not web-1, web-2: see to them)",
  ],
  [
    "most hosts are away",
    { probe: { ...PROBE, missingHosts: NAMES.slice(0, 9) } },
    "yes (last probe 2 min ago: sealed in 12 ms, 1 of 10 hosts; not web-1, web-2, web-3, web-4, " +
      "web-5 and 4 more: see to them)",
  ],
  [
    "no probe came yet",
    { probe: undefined },
    "yes (nothing on the way is broken; the first probe is on its way)",
  ],
  [
    "a coordinator is of an older release",
    { hasProbes: false, probe: undefined },
    "yes (nothing on the way is broken; probes begin when every coordinator is updated)",
  ],
  [
    "the store failed",
    { isStoreFailed: true, isBusConnected: false },
    "no, because this coordinator's store failed: ask another coordinator",
  ],
  [
    "NATS is gone",
    { isBusConnected: false, damage: "message c:7 is missing" },
    "no, because NATS is gone: start it, or ask another coordinator",
  ],
  [
    "the journal is damaged",
    { damage: "message c:7 is missing", epoch: 0 },
    "no, because the control journal is damaged (message c:7 is missing): `ostraka journal status` " +
      "says how to repair it",
  ],
  [
    "it starts",
    { isTaking: false, epoch: 0 },
    "no, because the mesh is still starting: ask again soon",
  ],
  ["no policy is active", { epoch: 0 }, "no, because no policy is active: publish one"],
  [
    "seals are missing",
    { missingSeals: { have: 1, needed: 2, of: "coordinator-2, coordinator-3" } },
    "no, because seals 1 of 2 are there: start coordinator-2, coordinator-3",
  ],
  [
    "no probe gets through any more",
    { probe: { ...PROBE, agoMs: 901_000 } },
    "no, because no probe has got through for 15 min: look at the coordinators' logs",
  ],
  [
    "the last probe is only just not overdue",
    { probe: { ...PROBE, agoMs: 900_000 } },
    "yes (last probe 15 min ago: sealed in 12 ms, 10 of 10 hosts)",
  ],
  [
    "the last probe was not sealed",
    { probe: { ...PROBE, agoMs: 10_000, isSealed: false } },
    "no, because the last probe, 10 s ago, was never sealed: look at the coordinators' logs",
  ],
  [
    "no host shows it",
    { probe: { ...PROBE, missingHosts: NAMES } },
    "no, because none of 10 hosts shows that it applied the last probe: look at their sidecars " +
      "and their way to NATS",
  ],
  [
    "there is no host to show it",
    { probe: { ...PROBE, hosts: 0 } },
    "yes (last probe 2 min ago: sealed in 12 ms, 0 of 0 hosts)",
  ],
];

describe("can still fire, where", () => {
  test.each(TABLE)("%s", (_, facts, text) => {
    expect(canFire({ ...WELL, ...facts })).toEqual({ canFire: text.startsWith("yes"), text });
  });
});
