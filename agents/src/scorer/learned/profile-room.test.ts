// The room of a profile that is given back: who has it next begins with nothing of the one before.

import type { SubjectText } from "@ostraka/proto";
import { expect, test } from "vitest";
import { openEnsemble } from "../ensemble.ts";
import { openSubjectState } from "../subject-state.ts";
import { ProfilePool, wordsOf } from "./profile-pool.ts";
import { PROFILE_DETECTORS } from "./profiles.ts";

test("a room that is taken again is all zero, and neighbours in its buffer keep theirs", () => {
  const ensemble = openEnsemble({ profiles: PROFILE_DETECTORS });
  const pool = new ProfilePool(PROFILE_DETECTORS, 16, () => undefined);
  const open = (n: number) => openSubjectState(`user:acme/p${n}` as SubjectText, ensemble);
  const [leaving, staying, newcomer] = [open(0), open(1), open(2)];
  wordsOf(pool.add(leaving, 1)).fill(1);
  wordsOf(pool.add(staying, 1)).fill(2);
  pool.drop(leaving);
  expect(leaving.profile).toBeUndefined();
  const again = wordsOf(pool.add(newcomer, 2));
  expect(again.length).toBe(pool.words);
  expect(again.every((word) => word === 0)).toBe(true);
  expect(staying.profile?.words.every((words) => words.every((word) => word === 2))).toBe(true);
});
