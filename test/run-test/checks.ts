// The checks that come before the tests: generated code, wire compatibility, types, style.
// Each says what is wrong and what to type next; none changes a file of the tree.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT, runCommand } from "./command.ts";

export type CheckResult =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "skipped"; readonly why: string };

const PASSED: CheckResult = { kind: "passed" };
const GENERATED = "proto/src/gen";
/** tsc's code for a folder that holds no source yet. */
const TSC_NO_INPUTS = "TS18003";
const PACKAGES = ["proto", "agents", "agents/host", "sidecar", "coordinator", "coordinator/cli"];

/** `buf lint`, and generated code equal to what the .proto files give. */
export async function checkGenerated(): Promise<CheckResult> {
  const lint = await runCommand("buf", ["lint"]);
  if (!lint.isOk) return { kind: "failed", why: lint.output };
  return withTempDir(async (dir) => {
    const made = await runCommand("buf", ["generate", "--output", dir]);
    if (!made.isOk) return { kind: "failed", why: made.output };
    const stale = await differingFiles(join(ROOT, GENERATED), join(dir, GENERATED));
    if (stale.length === 0) return PASSED;
    return { kind: "failed", why: `Stale: ${stale.join(", ")}. Run \`npx buf generate\`.` };
  });
}

/** Files that are not the same in both trees, relative and sorted. */
export async function differingFiles(left: string, right: string): Promise<string[]> {
  const [a, b] = await Promise.all([filesUnder(left), filesUnder(right)]);
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.filter((name) => a.get(name) !== b.get(name)).sort();
}

async function filesUnder(dir: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  if (!existsSync(dir)) return files;
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(dir, path), await readFile(path, "utf8"));
  }
  return files;
}

/** The wire formats stay for ever: nothing that the last version could write is refused now. */
export async function checkBreaking(): Promise<CheckResult> {
  const base = await breakingBase();
  if (base === undefined) return { kind: "skipped", why: "git knows no earlier version here" };
  return withTempDir(async (dir) => {
    const tar = join(dir, "old.tar");
    const old = join(dir, "old");
    await mkdir(old);
    const archived = await runCommand("git", ["archive", "-o", tar, base, "proto", "buf.yaml"]);
    const unpacked = archived.isOk && (await runCommand("tar", ["xf", tar, "-C", old])).isOk;
    if (!unpacked || !existsSync(join(old, "proto", "ostraka"))) {
      return { kind: "skipped", why: `no .proto files in ${base}` };
    }
    const found = await runCommand("buf", ["breaking", "--against", old]);
    return found.isOk ? PASSED : { kind: "failed", why: `Against ${base}:\n${found.output}` };
  });
}

/** The last release; before the first one, where this branch left main, or on main the parent. */
async function breakingBase(): Promise<string | undefined> {
  const tag = await git("describe", "--tags", "--abbrev=0", "--match", "v*");
  if (tag !== undefined) return tag;
  const head = await git("rev-parse", "HEAD");
  for (const main of ["origin/main", "main"]) {
    const base = await git("merge-base", "HEAD", main);
    if (base !== undefined && base !== head) return base;
  }
  return git("rev-parse", "--verify", "--quiet", "HEAD^");
}

async function git(...args: string[]): Promise<string | undefined> {
  const result = await runCommand("git", args);
  return result.isOk ? result.output.trim() : undefined;
}

/** `tsc` over every tsconfig of the workspace. */
export async function checkTypes(): Promise<CheckResult> {
  const failures: string[] = [];
  for (const folder of [".", ...PACKAGES, "test"]) {
    for (const name of ["tsconfig.json", "tsconfig.test.json"]) {
      const path = join(folder, name);
      if (!existsSync(join(ROOT, path))) continue;
      const result = await runCommand("tsc", ["-p", path]);
      const isEmpty = result.output.includes(TSC_NO_INPUTS);
      if (!result.isOk && !isEmpty) failures.push(`${path}\n${result.output}`);
    }
  }
  return failures.length === 0 ? PASSED : { kind: "failed", why: failures.join("\n") };
}

/** Format, lint and import order. */
export async function checkStyle(): Promise<CheckResult> {
  const result = await runCommand("biome", ["check", "--max-diagnostics=50"]);
  if (result.isOk) return PASSED;
  return {
    kind: "failed",
    why: `${result.output}\nMost of it mends by \`npx biome check --write\`.`,
  };
}

async function withTempDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "ostraka-check-"));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
