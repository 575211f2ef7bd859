import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { benchTableFaults, withBenchTable } from "./readme-table.ts";
import { interleave, median, newRow, quantile, standingOf } from "./row.ts";
import { numberText, tableText } from "./table.ts";

const ROW = newRow({
  name: "look-up",
  ours: 3_812_345,
  floor: 1_000_000,
  goal: 4,
  direction: "at-least",
  unit: "permits/s",
  beside: "Map.get",
});
const RESULT = JSON.stringify({ rows: [ROW], skipped: [] });
const PAGE = "# A page\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\nThe rest.\n";

describe("a row", () => {
  it("stands by its ratio, in the direction of its goal", () => {
    const at = (direction: "at-least" | "at-most", ours: number) =>
      standingOf(newRow({ ...ROW, direction, ours, floor: 1, goal: 6 }));
    expect(["met", "within 3x", "not"]).toEqual([6, 2, 1.9].map((n) => at("at-least", n)));
    expect(["met", "within 3x", "not"]).toEqual([6, 18, 18.1].map((n) => at("at-most", n)));
  });

  it("is made of medians of interleaved rounds, the first of which does not count", async () => {
    const order: string[] = [];
    const side = (name: string, values: number[]) => () => {
      order.push(name);
      return values.shift() ?? 0;
    };
    const medians = await interleave(3, side("a", [99, 1, 3, 2]), side("b", [0, 7, 9, 8]));
    expect(medians).toEqual([2, 8]);
    expect(order.join("")).toBe("abababab");
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
  });
});

describe("the table", () => {
  it("writes three digits that count", () => {
    const values = [3_812_345, 17.26, 0.2449, 999.6, 120, 4, 0];
    const texts = ["3,810,000", "17.3", "0.245", "1,000", "120", "4", "0"];
    expect(values.map(numberText)).toEqual(texts);
  });

  it("shows both sides, the goal, where the row stands, and what was skipped", () => {
    const text = tableText({ rows: [ROW], skipped: [{ name: "replay", why: "no fail2ban" }] });
    expect(text).toMatch(/look-up +3,810,000 +1,000,000 +3\.81 +≥ 4 +within 3x/);
    expect(text).toContain("skipped: replay: no fail2ban");
  });
});

describe("the page's table", () => {
  it("is written between its marks and touches nothing else", () => {
    const page = withBenchTable(PAGE, `some table\n${RESULT}\n`);
    expect(page).toContain("| look-up (permits/s) | 3,810,000 | 1,000,000, Map.get | 3.81 | ≥ 4 |");
    expect(page.startsWith("# A page\n\n<!-- bench:begin -->\n")).toBe(true);
    expect(page.endsWith("<!-- bench:end -->\n\nThe rest.\n")).toBe(true);
    expect(page).not.toContain("old");
    expect(withBenchTable(page, RESULT)).toBe(page);
  });

  it("of the README is the one that its own result generates", () => {
    const page = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    expect(page).toContain("<!-- bench:result ");
    expect(benchTableFaults(page)).toEqual([]);
  });

  it("has no fault as generated, one once a number is edited, none where there is no table", () => {
    const page = withBenchTable(PAGE, RESULT);
    expect(benchTableFaults(page)).toEqual([]);
    expect(benchTableFaults(page.replace("3,810,000", "9,810,000"))).toHaveLength(1);
    expect(benchTableFaults(PAGE)).toHaveLength(1);
    expect(benchTableFaults("# No table\n")).toEqual([]);
  });

  it("refuses a page without one block, and a result without rows", () => {
    expect(() => withBenchTable("# No table\n", RESULT)).toThrow("no block");
    expect(() => withBenchTable(`${PAGE}${PAGE}`, RESULT)).toThrow("no block");
    expect(() => withBenchTable(PAGE, '{"rows":[]}')).toThrow("no rows");
    const hostile = JSON.stringify({ rows: [{ ...ROW, name: "a --> b" }] });
    expect(() => withBenchTable(PAGE, hostile)).toThrow("no row");
  });
});
