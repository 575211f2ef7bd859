// The rule files of a sidecar: which are meant, and their compiled set. Owns reading them from
// disk, bounded; compiles nothing itself and decides nothing. A file with a fault is refused with
// its name and line, and whoever reloads keeps the set that worked.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compileRules, type RuleFault, type RuleSet, type RuleSource } from "@ostraka/agents/rules";
import { OstrakaError } from "@ostraka/proto";

/** The word for the rules that ship with the sidecar. */
export const STARTER = "starter";

const STARTER_FOLDER = fileURLToPath(new URL("../rules", import.meta.url));
const FILES_MAX = 10_000;
const DEPTH_MAX = 8;
/** Larger ones are refused by the compiler too; this keeps them out of memory. */
const FILE_BYTES_MAX = 4_194_304;
const FAULTS_SHOWN = 10;
const WANTED = `${STARTER}, or a file or folder that is there`;

/**
 * Reads and compiles the rules that a configuration names.
 * @param places `starter`, or paths of rule files and of folders of them (`.yml`, `.yaml`).
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID naming each file, line and what is wrong there.
 */
export function loadRules(places: readonly string[]): RuleSet {
  const compiled = compileRules(readRuleSources(places));
  if (compiled.ok) return compiled.rules;
  throw new OstrakaError("OSTRAKA_CONFIG_INVALID", faultsText(compiled.faults));
}

/** What tells one state of the files from another without reading them: names, sizes, times. */
export function sourcesState(places: readonly string[]): string {
  const paths = places.filter((place) => place !== STARTER).flatMap(filesAt);
  const states = paths.map((path) => {
    const { size, mtimeMs, ino } = statSync(path);
    return `${path}\n${size} ${mtimeMs} ${ino}`;
  });
  return states.join("\n");
}

/** The texts of the rule files, in the order of the places and of the names within. */
export function readRuleSources(places: readonly string[]): RuleSource[] {
  const sources: RuleSource[] = [];
  for (const place of places) {
    const root = place === STARTER ? STARTER_FOLDER : place;
    const paths = filesAt(root);
    // As likely a wrong path, or a folder about to be filled: either way not what was meant.
    if (paths.length === 0) throw invalid(`${place} holds no rule file: .yml and .yaml are read`);
    for (const path of paths) {
      if (sources.length >= FILES_MAX)
        throw invalid(
          `${place} holds over ${FILES_MAX} rule files: name those folders that are meant`,
        );
      const shown = place === STARTER ? `${STARTER}/${relative(root, path)}` : path;
      sources.push({ name: shown, text: textOf(path) });
    }
  }
  return sources;
}

function filesAt(root: string): string[] {
  return statOf(root).isDirectory() ? filesIn(root, 0) : [root];
}

function filesIn(folder: string, depth: number): string[] {
  if (depth > DEPTH_MAX)
    throw invalid(`${folder} lies over ${DEPTH_MAX} folders deep: name it by itself`);
  const entries = readdirSync(folder, { withFileTypes: true });
  const names = entries.map(({ name }) => name).sort();
  return names.flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesIn(path, depth + 1);
    return stat.isFile() && [".yml", ".yaml"].includes(extname(name)) ? [path] : [];
  });
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw invalid(`rules name ${path}, which cannot be read (${codeOf(error)}): name ${WANTED}`);
  }
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX)
      throw invalid(
        `${path} has ${size} bytes, over ${FILE_BYTES_MAX}: no rule file is so large; split it`,
      );
    const text = readFileSync(path, "utf8");
    if (text.trim() === "") throw invalid(`${path} is empty: write a rule into it, or remove it`);
    return text;
  } catch (error) {
    if (error instanceof OstrakaError) throw error;
    throw invalid(`${path} cannot be read (${codeOf(error)}): give this process leave to read it`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}

function faultsText(faults: readonly RuleFault[]): string {
  const shown = faults
    .slice(0, FAULTS_SHOWN)
    .map(({ source, line, column, why }) => `${source}:${line}:${column}: ${why}`);
  const more = faults.length - shown.length;
  return `rules are refused:\n${shown.join("\n")}${more > 0 ? `\nand ${more} more` : ""}`;
}

function invalid(why: string): OstrakaError {
  return new OstrakaError("OSTRAKA_CONFIG_INVALID", why);
}
