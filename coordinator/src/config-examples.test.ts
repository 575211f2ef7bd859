import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfigYaml } from "@ostraka/host";
import { describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";

const FOLDER = join(import.meta.dirname, "..", "config");

describe("the example configurations", () => {
  it("are both accepted, paths made absolute beside the file", () => {
    const small = loadConfig(join(FOLDER, "small.yaml"));
    expect(small.store).toBe(join(FOLDER, "state.sqlite"));
    expect(small.nats.replicas).toBe(1);
    expect(loadConfig(join(FOLDER, "full.yaml")).nats.replicas).toBe(3);
  });

  it("show every key in the full one", () => {
    const shown = parseConfigYaml(readFileSync(join(FOLDER, "full.yaml"), "utf8"), "full");
    const config = loadConfig(join(FOLDER, "full.yaml"));
    expect(paths(shown)).toEqual(paths(config));
  });
});

/** Dotted paths of every key, sorted. */
function paths(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value)
    .flatMap(([key, inner]) => paths(inner, prefix === "" ? key : `${prefix}.${key}`))
    .sort();
}
