// The direction of imports: proto ← agents ← agents/host ← sidecar | coordinator | cli; proto ←
// console. No agent imports another agent, nobody imports `test`, and every package declares what
// it imports.

import { builtinModules } from "node:module";
import { posix } from "node:path";
import { importsOf } from "./scan.ts";
import { isTestFile, type Manifest, type SourceFile } from "./source-tree.ts";

/** Folder of each package, its name, and the packages it may import. The longest folder wins. */
const LAYERS = [
  { folder: "proto", name: "@ostraka/proto", mayImport: [] },
  { folder: "agents", name: "@ostraka/agents", mayImport: ["proto"] },
  { folder: "agents/host", name: "@ostraka/host", mayImport: ["proto", "agents"] },
  { folder: "sidecar", name: "@ostraka/sidecar", mayImport: ["proto", "agents", "agents/host"] },
  {
    folder: "coordinator",
    name: "@ostraka/coordinator",
    mayImport: ["proto", "agents", "agents/host"],
  },
  { folder: "coordinator/console", name: "@ostraka/console", mayImport: ["proto"] },
  {
    folder: "coordinator/cli",
    name: "@ostraka/cli",
    // The last two start the processes; sidecar also through its `replay` door.
    mayImport: ["proto", "agents", "agents/host", "coordinator", "sidecar"],
  },
  {
    folder: "test",
    name: "@ostraka/test",
    mayImport: ["proto", "agents", "agents/host", "sidecar", "coordinator", "coordinator/cli"],
  },
] as const;

type Layer = (typeof LAYERS)[number];

/** The package a file belongs to, or undefined for the files of the root. */
export function layerOf(path: string): Layer | undefined {
  const inside = LAYERS.filter((layer) => path.startsWith(`${layer.folder}/`));
  return inside.sort((a, b) => b.folder.length - a.folder.length)[0];
}

function layerNamed(specifier: string): Layer | undefined {
  return LAYERS.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
}

/** Imports only go to packages further left, and through their doors. */
export function importDirection(file: SourceFile): string[] {
  const from = layerOf(file.path);
  const complaints: string[] = [];
  for (const { specifier, line } of importsOf(file)) {
    const where = `${file.path}:${line}: imports ${specifier}`;
    if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(file.path), specifier);
      const to = layerOf(target);
      // A test of the whole may look behind a door; nothing may look into `test`.
      if (to !== from && from?.folder !== "test") {
        complaints.push(`${where}, past the door of ${to?.name ?? "the root"}`);
      }
      continue;
    }
    const to = layerNamed(specifier);
    if (to === undefined || to === from) continue;
    const allowed: readonly string[] = from?.mayImport ?? [];
    if (!allowed.includes(to.folder)) {
      complaints.push(`${where}, against the direction of imports`);
    }
  }
  return complaints;
}

const AGENT = /^agents\/src\/([^/]+)\//;

/** No agent folder imports another, save the kernel; `node` wires them all. */
export function agentIsolation(file: SourceFile): string[] {
  const own = AGENT.exec(file.path)?.[1];
  if (own === undefined || own === "node") return [];
  return importsOf(file).flatMap(({ specifier, line }) => {
    const other = agentOf(file.path, specifier);
    if (other === undefined || other === own || other === "kernel") return [];
    return [`${file.path}:${line}: agent ${own} imports agent ${other}; use inputs and outputs`];
  });
}

function agentOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith("@ostraka/agents/")) return specifier.split("/")[2];
  if (!specifier.startsWith(".")) return undefined;
  return AGENT.exec(posix.join(posix.dirname(path), specifier))?.[1];
}

/** npm hoists, so an import of what a package does not declare works until it does not. */
export function undeclaredImports(manifests: readonly Manifest[]) {
  const root = manifests.find((manifest) => manifest.folder === "");
  return (file: SourceFile): string[] => {
    const folder = layerOf(file.path)?.folder ?? "";
    const own = manifests.find((manifest) => manifest.folder === folder);
    const isRootToo = isTestFile(file.path) || folder === "";
    return importsOf(file).flatMap(({ specifier, line }) => {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) return [];
      const name = packageOf(specifier);
      const where = `${file.path}:${line}`;
      if (builtinModules.includes(name)) return [`${where}: write node:${specifier}`];
      const isDeclared =
        own?.name === name ||
        own?.dependencies.has(name) ||
        own?.devDependencies.has(name) ||
        (isRootToo && root?.devDependencies.has(name));
      return isDeclared ? [] : [`${where}: ${name} is not declared in ${folder}/package.json`];
    });
  };
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
