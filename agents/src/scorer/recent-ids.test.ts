import { describe, expect, test } from "vitest";
import { RECENT_IDS_MIN, RecentIds } from "./recent-ids.ts";

describe("recent ids", () => {
  test("know the last ids for certain and never hold more than twice as many", () => {
    const recent = new RecentIds();
    const total = 5 * RECENT_IDS_MIN;
    for (let n = 0; n < total; n++) expect(recent.add(`log:${n}`)).toBe(true);
    for (let n = total - RECENT_IDS_MIN; n < total; n++) expect(recent.add(`log:${n}`)).toBe(false);
    expect(recent.add("log:0")).toBe(true);
    const { newer, older } = recent.snapshot();
    expect(newer.length + older.length).toBeLessThanOrEqual(2 * RECENT_IDS_MIN);
  });

  test("tell ids apart that differ in their last character only", () => {
    const recent = new RecentIds();
    for (let n = 0; n < 2_000; n++) expect(recent.add(`/var/log/auth.log:1:${n}`)).toBe(true);
  });
});
