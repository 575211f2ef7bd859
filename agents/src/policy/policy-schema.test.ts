// The schema for editors and the parser take the same documents: what differs is only what no
// schema can say. Held by an independent validator over thousands of documents.

import { readFileSync } from "node:fs";
import { utf8 } from "@ostraka/proto";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { PLAIN_POLICY_YAML } from "../../testkit/plain-policy.ts";
import { DEFAULT_POLICY_YAML, parsePolicy, policySchema, type RosterFacts } from "./index.ts";
import { policyShape } from "./parse-policy.ts";
import { FAILED, Faults, ROOT } from "./shape.ts";

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(policySchema());
const ROSTER: RosterFacts = {
  groups: new Map([
    ["responders", new Set(["ada", "rui"])],
    ["security", new Set(["sam", "sue", "sol"])],
  ]),
  proposers: ["olga"],
  holders: new Set(["olga"]),
  faultDomains: 3,
};

/** Whether the parser finds nothing that a schema could say. */
function isShapely(document: unknown): boolean {
  const faults = new Faults(2);
  const read = policyShape.read(withBigints(document), ROOT, faults);
  const isSound = faults.list.every(({ kind }) => kind === "meaning");
  expect(read !== FAILED || faults.list.length > 0).toBe(true);
  return isSound;
}

/** Whole numbers as the parser's YAML reads them. */
function withBigints(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(withBigints);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, withBigints(held)]));
}

const tree = { group: "security", atLeast: 1 };
const FULL = {
  ...(parseYaml(DEFAULT_POLICY_YAML) as Record<string, unknown>),
  approvalRules: [
    {
      name: "kill",
      wish: "revoke",
      kinds: ["user"],
      stages: ["suspend"],
      ttlMax: "24h",
      approvals: { all: [tree, { any: [tree, { atLeast: 1, of: [tree, tree] }] }] },
      when: "hosts == 0",
      escalations: [{ when: "scopeHosts == 0", approvals: { group: "responders", atLeast: 2 } }],
      withEvidence: { hosts: 2, faultDomains: 2, lineMdb: 30_000, approvals: tree },
    },
    { name: "lift", wish: "lift", approvals: tree },
  ],
};

/** Every place of a document, as a path. */
function placesOf(value: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  const keys = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  const below = keys.flatMap((key) =>
    placesOf((value as Record<string | number, unknown>)[key], [...path, key]),
  );
  return [[...path], ...below];
}

const REMOVED = Symbol("removed");

/** A copy with another value at a place. */
function changed(value: unknown, path: readonly (string | number)[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const held = copy as Record<string | number, unknown>;
  const next = changed(held[key], rest, to);
  if (next === REMOVED) delete held[key];
  else held[key] = next;
  return Array.isArray(copy) ? copy.filter((_, i) => Object.hasOwn(copy, i)) : copy;
}

test("both take the documents that ship", () => {
  for (const document of [parseYaml(DEFAULT_POLICY_YAML), parseYaml(PLAIN_POLICY_YAML), FULL]) {
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(isShapely(document)).toBe(true);
  }
  expect(parsePolicy(utf8(JSON.stringify(FULL)), 1, ROSTER, 2)).not.toHaveProperty("fault");
});

describe("schema and parser agree", () => {
  const places = placesOf(FULL);
  const values = fc.oneof(
    fc.constant(REMOVED),
    fc.constantFrom<unknown>(null, true, false, [], {}, "", "x", "10m", "2%", "0s", "suspend"),
    fc.constantFrom<unknown>(
      "user",
      "address",
      "lift",
      "revoke",
      "hold",
      "1.5%",
      "1000%",
      "hosts > 0",
    ),
    fc.constantFrom<unknown>(0, 1, 2, 3, 10, 64, 65, 10_000, 1_000_000, 1_000_001, -1, 1.5),
    fc.constantFrom<unknown>([tree], tree, { group: "x" }, { all: [] }, { atLeast: 0, of: [tree] }),
    fc.string({ maxLength: 8 }),
    fc.array(fc.constantFrom("user", "address", "suspend", 1), { maxLength: 3 }),
  );

  test("on a document with any one thing changed", () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...places), values, (path, value) => {
        const document = changed(FULL, path, value);
        if (document === REMOVED) return;
        const isTaken = validate(document);
        seen[isTaken ? "taken" : "refused"]++;
        expect(isShapely(document), `${path.join("/")}: ${JSON.stringify(validate.errors)}`).toBe(
          isTaken,
        );
      }),
      { seed: 9, numRuns: 3_000 },
    );
    // Neither says the same to everything.
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(200);
  });

  test("on a document with a key too many, anywhere", () => {
    const mappings = places.filter((path) => {
      const held = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], FULL);
      return typeof held === "object" && held !== null && !Array.isArray(held);
    });
    for (const path of mappings) {
      const document = changed(FULL, [...path, "colour"], "red");
      expect(validate(document), path.join("/")).toBe(false);
      expect(isShapely(document), path.join("/")).toBe(false);
    }
  });
});

test("the schema that ships is the one that is made", () => {
  const file = new URL("../../../coordinator/config/policy.schema.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(
    JSON.parse(JSON.stringify(policySchema())),
  );
});
