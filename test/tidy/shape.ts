// The shape of a file: its name, its opening lines, its length, its width.
// How long a function may be is Biome's rule (biome.json), since that needs a parser.

import { scan } from "./scan.ts";
import { isTestFile, type SourceFile } from "./source-tree.ts";

const LINES_MAX = 700;
/** Above this a file is listed, not refused: look whether it owns two things. */
export const LINES_AIM = 400;
const COLUMNS_MAX = 100;

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d))?\.(ts|mts|mjs|js)$/;
const SNAKE_PROTO = /^[a-z0-9]+(_[a-z0-9]+)*\.proto$/;
const VAGUE =
  /(^|[/-])(utils?|helpers?|common|misc|types|manager|shared|stuff)(\.test)?(\.ts|\/|$)/;

export function lineCount(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}

/** No file is over 700 lines. */
export function fileLength(file: SourceFile): string[] {
  const lines = lineCount(file.text);
  return lines > LINES_MAX ? [`${file.path}: ${lines} lines; at most ${LINES_MAX}`] : [];
}

/**
 * No line is over 100 columns; in tests the inside of a string (a log line, a key) is not counted.
 */
export function lineWidth(file: SourceFile): string[] {
  const blanked = isTestFile(file.path) ? withoutStrings(file.text).split("\n") : undefined;
  return file.text.split("\n").flatMap((line, i) => {
    const width = [...line].length;
    if (width <= COLUMNS_MAX) return [];
    const bare = blanked?.[i]?.replace(/(["'`/}]) +(["'`/{])/g, "$1$2");
    if (bare !== undefined && [...bare.trimEnd()].length <= COLUMNS_MAX) return [];
    return [`${file.path}:${i + 1}: ${width} columns; at most ${COLUMNS_MAX}`];
  });
}

/** Code and comments, the insides of strings blank. */
function withoutStrings(text: string): string {
  const { code, comments } = scan(text);
  return code
    .split("")
    .map((char, i) => (char === " " ? comments[i] : char))
    .join("");
}

/** kebab-case, named for the one thing inside. */
export function fileName(file: SourceFile): string[] {
  const base = file.path.slice(file.path.lastIndexOf("/") + 1);
  if (VAGUE.test(file.path)) {
    return [`${file.path}: names no one thing; name the file for what is inside`];
  }
  const isGood = base.endsWith(".proto") ? SNAKE_PROTO.test(base) : KEBAB.test(base);
  return isGood ? [] : [`${file.path}: file names are kebab-case`];
}

const DOOR = /(^|\/)index\.ts$|\.config\.ts$|\.proto$/;

/**
 * A file opens by saying what it owns and must never do; a door may do with a line, a test none.
 */
export function openingComment(file: SourceFile): string[] {
  if (file.path.endsWith(".test.ts")) return [];
  const lines = file.text.split("\n").filter((line) => !/^(#!|\/\/ @ts-)/.test(line));
  const least = DOOR.test(file.path) ? 1 : 2;
  const opening = lines.findIndex((line) => !/^(\/\/|\/\*|\s\*)/.test(line));
  const count = opening < 0 ? lines.length : opening;
  if (count >= least) return [];
  return [`${file.path}: opens with ${count} comment lines; at least ${least} say what it owns`];
}
