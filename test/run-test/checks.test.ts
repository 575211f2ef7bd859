// The comparison that finds stale generated code.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { differingFiles } from "./checks.ts";

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "ostraka-checks-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function tree(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(join(dir, name, "v1"), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(dir, name, path), text);
  return join(dir, name);
}

test("equal trees differ in nothing", async () => {
  const left = await tree("left", { "a.js": "1", "v1/b.js": "2" });
  const right = await tree("right", { "a.js": "1", "v1/b.js": "2" });
  expect(await differingFiles(left, right)).toEqual([]);
});

test("a changed, a missing and a left-over file are each named", async () => {
  const left = await tree("left", { "a.js": "1", "v1/b.js": "2", "old.js": "3" });
  const right = await tree("right", { "a.js": "1", "v1/b.js": "other", "new.js": "4" });
  expect(await differingFiles(left, right)).toEqual(["new.js", "old.js", "v1/b.js"]);
});

test("a tree that is not there differs in every file", async () => {
  const right = await tree("right", { "a.js": "1" });
  expect(await differingFiles(join(dir, "absent"), right)).toEqual(["a.js"]);
});
