// Configuration files: what is read, and the nearest that is refused, with the words it gets.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { ConfigMapping, parseConfigYaml, readConfigText } from "./config-mapping.ts";

const FILE = "demo configuration";
const KEYS = ["name", "path", "port", "urls", "log", "empty"];

function open(text: string): ConfigMapping {
  return new ConfigMapping(parseConfigYaml(text, FILE), KEYS, FILE);
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof OstrakaError && error.code === "OSTRAKA_CONFIG_INVALID") {
      return error.message;
    }
    throw error;
  }
  return "taken";
}

describe("a mapping", () => {
  const top = open("name: web\nport: 7\nurls: [a, b]\nlog: { name: x }\nempty:\n");

  test("gives what stands there, and nothing for what is left empty", () => {
    expect(top.text("name", "a name")).toBe("web");
    expect(top.textOr("path", "a path")).toBeUndefined();
    expect(top.textOr("empty", "a text")).toBeUndefined();
    expect(top.wholeOr("port", 0, 7)).toBe(7);
    expect(top.list("urls", 1, 2)).toEqual(["a", "b"]);
    expect(top.mapping("log", ["name"]).text("name", "a name")).toBe("x");
    expect(top.oneOf("name", ["web", "db"], "db")).toBe("web");
    expect(top.oneOf("path", ["web", "db"], "db")).toBe("db");
    expect([top.has("name"), top.has("path"), top.has("empty")]).toEqual([true, false, false]);
  });

  test.each([
    ["a text that is missing", () => top.text("path", "a path"), '"path" is missing: give a path'],
    ["a number for a text", () => top.text("port", "a path"), '"port" is 7: give a path'],
    ["a number too large", () => top.wholeOr("port", 0, 6), "a whole number from 0 to 6"],
    ["a list too long", () => top.list("urls", 0, 1), '"urls" must be a list of 0 to 1 entries'],
    ["a list too short", () => top.list("urls", 3, 4), '"urls" must be a list of 3 to 4 entries'],
    ["no list", () => top.list("name", 0, 9), '"name" must be a list'],
    ["no mapping", () => top.mapping("name", []), "name must be a mapping"],
    ["none of the choices", () => top.oneOf("name", ["a", "b"], "a"), '"web": give one of a, b'],
    ["an unknown key below", () => top.mapping("log", ["names"]), '"log.name": did you mean'],
  ])("refuses %s", (_what, act, words) => {
    expect(refusal(act)).toContain(words);
    expect(refusal(act)).toMatch(/^demo configuration: /);
  });

  test("refuses text that no path or name can hold", () => {
    const text = JSON.stringify({ name: "a\0b", path: "x".repeat(4_097), log: "\ud800" });
    const odd = new ConfigMapping(JSON.parse(text), KEYS, FILE);
    for (const key of ["name", "path", "log"]) {
      const said = refusal(() => odd.text(key, "a text"));
      expect(said).toContain(`"${key}" is "`);
      expect(said.length).toBeLessThan(200);
    }
  });
});

test.each([
  ["nmae: x", '"nmae": did you mean "name"?'],
  ["PORT: x", '"PORT": did you mean "port"?'],
  ["url: x", '"url": did you mean "urls"?'],
  ["__proto__: {}", 'unknown key "__proto__"'],
  [`${"x".repeat(1_000)}: 1`, "unknown key"],
])("the unknown key of %.20s is refused with the nearest", (text, words) => {
  expect(refusal(() => open(text))).toContain(words);
});

test.each([
  ["two equal keys", "name: a\nname: b", /no YAML mapping at line 2, column 1 \(DUPLICATE_KEY\)/],
  ["an alias", "name: &a x\npath: *a", /alias/],
  ["a tag that is not known", "name: !secret x", /TAG_RESOLVE_FAILED/],
  ["two documents", "name: a\n--- \nname: b", /MULTIPLE_DOCS/],
  ["an open bracket", "name: [c", /no YAML/],
  ["brackets without end", "[".repeat(60_000), /no YAML/],
  ["a list", "- name", /it must be a mapping/],
  ["nothing", "", /it must be a mapping/],
  ["more than any configuration has", " ".repeat(65_537), /more than 65536 bytes/],
])("%s is refused", (_what, text, words) => {
  expect(refusal(() => open(text))).toMatch(words);
});

test("a file is read; one too large and one that is not there are named", () => {
  const folder = mkdtempSync(join(tmpdir(), "ostraka-config-"));
  try {
    const path = join(folder, "a.yaml");
    writeFileSync(path, "name: web\n");
    expect(readConfigText(path, FILE)).toBe("name: web\n");
    writeFileSync(path, "#".repeat(65_537));
    expect(refusal(() => readConfigText(path, FILE))).toContain(`${path} cannot be read`);
    const absent = join(folder, "b.yaml");
    expect(refusal(() => readConfigText(absent, FILE))).toContain(`${absent} cannot be read`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
