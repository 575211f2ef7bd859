// The files that the house rules look at: sources and manifests of the workspace, from disk.
// Left out is what others made (node_modules, generated code) and data.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface SourceFile {
  /** From the workspace root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Manifest {
  /** Folder of the package from the root; "" for the root itself. */
  readonly folder: string;
  readonly name: string;
  readonly dependencies: ReadonlyMap<string, string>;
  readonly devDependencies: ReadonlyMap<string, string>;
}

/** A rule says what is wrong with a file, one complaint a line; nothing when all is well. */
export type FileRule = (file: SourceFile) => string[];

const SKIPPED = new Set(["node_modules", "gen", "testdata", "shared"]);
const SOURCE = /\.(ts|mts|mjs|js|proto)$/;

/** All sources of the workspace, sorted by path. */
export function readSources(root = ROOT): SourceFile[] {
  const paths: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (SOURCE.test(entry.name)) paths.push(path);
    }
  };
  visit("");
  return paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The manifests of the root and of every workspace package. */
export function readManifests(root = ROOT): Manifest[] {
  const rootManifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const folders: string[] = ["", ...rootManifest.workspaces];
  return folders.map((folder) =>
    parseManifest(folder, readFileSync(join(root, folder, "package.json"), "utf8")),
  );
}

export function parseManifest(folder: string, text: string): Manifest {
  const json = JSON.parse(text);
  return {
    folder,
    name: json.name,
    dependencies: new Map(Object.entries<string>(json.dependencies ?? {})),
    devDependencies: new Map(Object.entries<string>(json.devDependencies ?? {})),
  };
}

export function isTestFile(path: string): boolean {
  return path.endsWith(".test.ts") || path.startsWith("test/");
}
