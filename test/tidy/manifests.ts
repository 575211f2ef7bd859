// The manifests against themselves and against dependencies.md: exact versions, one version of each
// dependency everywhere, and a reason for each.

import type { Manifest } from "./source-tree.ts";

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const REASON_LINE = /^- `([^`]+)`: (.+)$/;
const REASON_WORDS_MIN = 3;

interface Declared {
  readonly name: string;
  readonly version: string;
  readonly where: string;
}

function declaredIn(manifest: Manifest): Declared[] {
  const where = `${manifest.folder === "" ? "" : `${manifest.folder}/`}package.json`;
  const all = [...manifest.dependencies, ...manifest.devDependencies];
  return all.map(([name, version]) => ({ name, version, where }));
}

/** Exact versions, and the same one wherever a dependency is declared. */
export function exactVersions(manifests: readonly Manifest[]): string[] {
  const first = new Map<string, Declared>();
  return manifests.flatMap(declaredIn).flatMap((declared) => {
    const { name, version, where } = declared;
    if (!EXACT.test(version)) return [`${where}: ${name} ${version}: versions are exact`];
    const other = first.get(name) ?? declared;
    first.set(name, other);
    if (other.version === version) return [];
    return [`${where}: ${name} ${version}, but ${other.version} in ${other.where}`];
  });
}

/** dependencies.md names each direct dependency, with a reason, and no other. */
export function dependencyReasons(manifests: readonly Manifest[], page: string): string[] {
  const own = new Set(manifests.map((manifest) => manifest.name));
  const declared = manifests.flatMap(declaredIn).filter(({ name }) => !own.has(name));
  const names = new Set(declared.map(({ name }) => name));
  const reasons = new Map<string, string>();
  for (const line of page.split("\n")) {
    const match = REASON_LINE.exec(line);
    if (match !== null) reasons.set(match[1] as string, match[2] as string);
  }
  const missing = [...names].filter((name) => {
    return (reasons.get(name) ?? "").split(" ").length < REASON_WORDS_MIN;
  });
  const stale = [...reasons.keys()].filter((name) => !names.has(name));
  return [
    ...missing.map((name) => `dependencies.md: no reason for ${name}`),
    ...stale.map((name) => `dependencies.md: ${name} is no longer a dependency`),
  ];
}

/** The lockfile names no host to fetch from: a mirror is the business of each machine. */
export function lockfileHosts(lockfile: string): string[] {
  return lockfile.split("\n").flatMap((line, i) => {
    if (!/"resolved":\s*"(?:git\+)?\w+:/.test(line)) return [];
    return [
      `package-lock.json:${i + 1}: names a host; npm's omit-lockfile-registry-resolved is set`,
    ];
  });
}
