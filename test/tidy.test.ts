// The rules of the house that a machine can hold, over the whole workspace.
// Each rule is a function in test/tidy/, tested there on a good and a bad sample.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dependencyReasons, exactVersions, lockfileHosts } from "./tidy/manifests.ts";
import { pureCode } from "./tidy/purity.ts";
import {
  fileLength,
  fileName,
  LINES_AIM,
  lineCount,
  lineWidth,
  openingComment,
} from "./tidy/shape.ts";
import { type FileRule, ROOT, readManifests, readSources } from "./tidy/source-tree.ts";
import { agentIsolation, importDirection, undeclaredImports } from "./tidy/walls.ts";
import { emptyCatch, emptyNames, houseWords, openNotes } from "./tidy/words.ts";

const SOURCES = readSources();
const MANIFESTS = readManifests();

const FILE_RULES: readonly (readonly [string, FileRule])[] = [
  ["imports go one way: proto, agents, host, then sidecar, coordinator and cli", importDirection],
  ["no agent imports another agent", agentIsolation],
  ["every import is declared in the package's own manifest", undeclaredImports(MANIFESTS)],
  ["proto and agents touch no clock, chance, locale, Node or timer", pureCode],
  ["no file is over 700 lines", fileLength],
  ["no line is over 100 columns", lineWidth],
  ["files are named in kebab-case for the one thing inside", fileName],
  ["every file opens by saying what it owns", openingComment],
  ["identifiers use the words of the house", houseWords],
  ["nothing is named Impl, Manager or Helper", emptyNames],
  ["notes left in the code carry a reason", openNotes],
  ["no catch is empty", emptyCatch],
];

describe("every source file", () => {
  test.each(FILE_RULES)("%s", (_, rule) => {
    expect(SOURCES.flatMap(rule)).toEqual([]);
  });

  test("is looked at", () => {
    const paths = SOURCES.map((file) => file.path);
    for (const folder of ["proto/src/", "agents/src/", "agents/host/src/", "test/", "bootstrap/"]) {
      expect(paths.some((path) => path.startsWith(folder))).toBe(true);
    }
    const long = SOURCES.filter((file) => lineCount(file.text) > LINES_AIM);
    const list = long.map((file) => `${file.path} (${lineCount(file.text)})`).join(", ");
    if (list !== "") console.info(`over ${LINES_AIM} lines: ${list}`);
  });
});

describe("the manifests", () => {
  test("declare exact versions, the same everywhere", () => {
    expect(exactVersions(MANIFESTS)).toEqual([]);
  });

  test("are locked without the name of any host", () => {
    expect(lockfileHosts(readFileSync(join(ROOT, "package-lock.json"), "utf8"))).toEqual([]);
  });

  test("have a reason in dependencies.md for each dependency, and for no other", () => {
    const page = readFileSync(join(ROOT, "dependencies.md"), "utf8");
    expect(dependencyReasons(MANIFESTS, page)).toEqual([]);
  });
});
