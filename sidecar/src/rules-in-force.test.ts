import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@ostraka/agents/kernel";
import type { RuleHit } from "@ostraka/agents/scorer";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { STARTER } from "./rule-files.ts";
import { RulesInForce } from "./rules-in-force.ts";

let folder = "";
let said: string[] = [];
let rules: RulesInForce | undefined;

const log = {
  info: (_fields: object, text?: string) => said.push(text ?? ""),
  warn: (_fields: object, text?: string) => said.push(text ?? ""),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ostraka-rules-"));
  said = [];
});
afterEach(() => {
  rules?.close();
  rmSync(folder, { recursive: true });
});

function write(name: string, eventName: string, title = name): void {
  writeFileSync(
    join(folder, name),
    `title: ${title}\nid: ${name}\nlogsource: { product: aws }\n` +
      `detection: { s: { eventName: ${eventName} }, condition: s }\n`,
  );
}

function idsHit(eventName: string): string[] {
  const hits: RuleHit[] = [];
  const base = { id: "e", timeMs: 1, kind: "activity", service: "aws", count: 1 } as const;
  const event: Event = { ...base, recordType: "aws.cloudtrail", record: { eventName } };
  rules?.book.observe(event, hits);
  return hits.map(({ id }) => id);
}

function open(pollMs = 60_000): RulesInForce {
  rules = new RulesInForce({ places: [folder], log, pollMs });
  return rules;
}

describe("the rules in force", () => {
  test("are another edition once their files have changed", () => {
    write("a.yml", "One");
    const inForce = open();
    write("b.yml", "Two");
    expect(idsHit("Two")).toEqual([]);
    inForce.look();
    expect(idsHit("One")).toEqual(["a.yml"]);
    expect(idsHit("Two")).toEqual(["b.yml"]);
    expect(said.at(-1)).toContain("another edition");
  });

  test("stay the last good ones when a file has a fault, which is said once", () => {
    write("a.yml", "One");
    const inForce = open();
    write("a.yml", "[");
    inForce.look();
    inForce.look();
    expect(idsHit("One")).toEqual(["a.yml"]);
    const warnings = said.filter((text) => text.includes("the last good edition stays"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(join(folder, "a.yml:4:"));
    write("a.yml", "Three");
    inForce.look();
    expect(idsHit("Three")).toEqual(["a.yml"]);
  });

  test("stay when the folder is gone, and go on when it is there again", () => {
    write("a.yml", "One");
    const inForce = open();
    rmSync(folder, { recursive: true });
    inForce.look();
    expect(idsHit("One")).toEqual(["a.yml"]);
    expect(said.at(-1)).toContain("cannot be read");
    folder = mkdtempSync(join(tmpdir(), "ostraka-rules-"));
  });

  test("are followed by themselves", async () => {
    write("a.yml", "One");
    open(20).start();
    write("a.yml", "Four");
    await vi.waitFor(() => expect(idsHit("Four")).toEqual(["a.yml"]), 5_000);
  });

  test("with a fault do not start", () => {
    write("a.yml", "One", "''");
    expect(() => open()).toThrow("a.yml:1:1: title must be");
  });

  test("may be the starter set alone, which nothing need follow", () => {
    const starter = new RulesInForce({ places: [STARTER], log });
    starter.start();
    expect(starter.book.size).toBeGreaterThan(150);
  });
});
