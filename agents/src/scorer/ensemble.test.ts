// The one list of detectors: what each has of a subject's bankroll adds to all of it, whatever is
// configured, and silencing one gives its share to nobody.

import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { additionsOf } from "./configuration.ts";
import { openEnsemble } from "./ensemble.ts";
import { groupNovelty } from "./learned/group-novelty.ts";
import type { ProfileDetector } from "./learned/learned-detector.ts";
import { GROUPS_MAX } from "./learned/peer-groups.ts";

const CONFIGURATIONS = [
  {},
  { maxProfiles: 0 },
  { hasContext: true },
  { hasContext: true, silenced: new Set(["group-novelty", "after-burst"]) },
];

const sumOf = (shares: readonly number[]) => shares.reduce((sum, share) => sum + share, 0);

describe.each(CONFIGURATIONS)("with %j", (configuration) => {
  const { source, actor, session } = openEnsemble(additionsOf(configuration));

  test("shares are above 0 and add to 1, of each kind of evidence and class of subject", () => {
    for (const { declaredShares, learnedShares } of [source, actor, session]) {
      expect(sumOf(declaredShares)).toBeCloseTo(1, 12);
      if (learnedShares.length > 0) expect(sumOf(learnedShares)).toBeCloseTo(1, 12);
      expect([...declaredShares, ...learnedShares].every((share) => share > 0)).toBe(true);
    }
    expect(session.learnedShares).toEqual([]);
  });

  test("every detector of a class has a name of its own", () => {
    for (const { declared, learned, profiles } of [source, actor, session]) {
      const names = [...declared, ...learned, ...profiles].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

test("first times are looked for beside the own past, the host's, and the peer group's", () => {
  const ensemble = openEnsemble(additionsOf({}));
  const namesOf = (subject: string) => {
    const { learned, profiles } = ensemble.of(subject as SubjectText);
    return [...learned, ...profiles].map(({ name }) => name);
  };
  const all = ["novelty", "host-novelty", "group-novelty"];
  expect(namesOf("user:acme/alice")).toEqual(expect.arrayContaining(all));
  // An address is in no peer group.
  expect(namesOf("address:203.0.113.7").filter((name) => all.includes(name))).toEqual(
    all.slice(0, 2),
  );
});

test("a profile takes at most 8 kB, its part in first times 44 bytes; all peers' a megabyte", () => {
  const { profiles } = openEnsemble(additionsOf({})).actor;
  const bytesOf = (words: (one: ProfileDetector) => number) => 4 * sumOf(profiles.map(words));
  expect(bytesOf(({ words }) => words)).toBeLessThanOrEqual(8_192);
  expect(4 * groupNovelty.words).toBe(44);
  // The groups and the whole host.
  expect((GROUPS_MAX + 1) * bytesOf(({ peerWords }) => peerWords)).toBeLessThan(1 << 20);
});
