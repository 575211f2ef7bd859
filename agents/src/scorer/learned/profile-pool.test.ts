import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openEnsemble } from "../ensemble.ts";
import { openSubjectState, type SubjectState } from "../subject-state.ts";
import type { ProfileDetector } from "./learned-detector.ts";
import { ProfilePool } from "./profile-pool.ts";

const DAY = 86_400_000;
const detector = { name: "one", words: 8, peerWords: 8 } as ProfileDetector;
const ensemble = openEnsemble();

function activeAt(n: number, day: number): SubjectState {
  const state = openSubjectState(`user:acme/u${n}` as SubjectText, ensemble);
  state.day = day;
  state.lastMs = day * DAY;
  return state;
}

function openPool(max: number) {
  const evicted: SubjectState[] = [];
  return { pool: new ProfilePool([detector], max, (state) => evicted.push(state)), evicted };
}

describe("a full pool of profiles", () => {
  test("takes the room of whom nobody has seen for a day, longest unused first", () => {
    const { pool, evicted } = openPool(2);
    const [idle, later, comer] = [activeAt(1, 10), activeAt(2, 11), activeAt(3, 13)];
    pool.use(idle, 10 * DAY);
    pool.use(later, 11 * DAY);
    expect(pool.use(comer, 13 * DAY)).toBeDefined();
    expect(evicted).toEqual([idle]);
    expect(idle.profile).toBeUndefined();
    expect(later.profile).toBeDefined();
  });

  test("lets a newcomer go without while all are active: no regular loses his past", () => {
    const { pool, evicted } = openPool(2);
    const regulars = [activeAt(1, 10), activeAt(2, 10)];
    for (const regular of regulars) pool.use(regular, 10 * DAY);
    expect(pool.use(activeAt(3, 10), 10 * DAY + 1)).toBeUndefined();
    expect(evicted).toEqual([]);
    expect(pool.size).toBe(2);
  });

  test("keeps a profile as it is from use to use, and gives a new one all zero", () => {
    const { pool } = openPool(1);
    const one = activeAt(1, 10);
    const words = pool.use(one, 10 * DAY)?.words[0] as Int32Array;
    words[3] = 7;
    expect(pool.use(one, 10 * DAY)?.words[0]).toBe(words);
    const next = pool.use(activeAt(2, 12), 12 * DAY)?.words[0] as Int32Array;
    expect([...next]).toEqual(new Array(8).fill(0));
  });

  test("of no room is no pool at all", () => {
    expect(openPool(0).pool.use(activeAt(1, 10), 10 * DAY)).toBeUndefined();
    const none = new ProfilePool([], 5, () => undefined);
    expect(none.use(activeAt(1, 10), 10 * DAY)).toBeUndefined();
  });
});
