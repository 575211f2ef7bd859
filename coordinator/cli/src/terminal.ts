// What a command prints: lines, tables, colour. Tables and colour are for a terminal; a pipe gets
// one record a line, tab-separated. Text that others wrote never reaches a terminal with its
// control characters.

export interface Terminal {
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** One line on standard output. */
  say(line: string): void;
  /** One line on standard error: progress and advice, never a result. */
  note(line: string): void;
  /** One value as one line of JSON on standard output. */
  json(value: unknown): void;
  /**
   * A line on standard error that the next one replaces; `undefined` leaves the last one standing.
   */
  progress(line: string | undefined): void;
  table(columns: readonly string[], rows: readonly (readonly string[])[]): void;
  paint(style: Style, text: string): string;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** ECMA-48 section 8.3.117, SGR: on and off. */
const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function openTerminal(
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Terminal {
  const isTerminal = stdout.isTTY === true;
  // https://no-color.org: present and not empty.
  const hasColour = isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const say = (line: string) => void stdout.write(`${line}\n`);
  const paint = (style: Style, text: string) => {
    const [on, off] = SGR[style];
    return hasColour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
  return {
    isTerminal,
    say,
    note: (line) => void stderr.write(`${line}\n`),
    progress: progressOn(stderr),
    json: (value) => say(escaped(JSON.stringify(value, jsonValue))),
    paint,
    table: (columns, rows) => {
      if (!isTerminal) {
        for (const row of rows) say(row.map((cell) => printable(cell)).join("\t"));
        return;
      }
      const lines = layOut(columns, rows);
      say(paint("dim", lines[0] as string));
      for (const line of lines.slice(1)) say(line);
    },
  };
}

/** Redraws one line on a terminal; elsewhere every line stands. */
function progressOn(stderr: Output): (line: string | undefined) => void {
  let isDrawn = false;
  return (line) => {
    if (stderr.isTTY !== true) {
      if (line !== undefined) stderr.write(`${line}\n`);
      return;
    }
    // ECMA-48 section 8.3.41, EL: the rest of the old line goes.
    if (line !== undefined) stderr.write(`\r${line}\u001b[K`);
    else if (isDrawn) stderr.write("\n");
    isDrawn = line !== undefined;
  };
}

/** Ids and numbers as JSON carries them: bytes in hex, whole numbers of 64 bits as numbers. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

/** What JSON leaves as it is and a terminal may obey; the same value, spelled in ASCII. */
function escaped(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    char
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

function layOut(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [columns, ...rows.map((row) => row.map((cell) => printable(cell)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => widthOf(row[i] ?? ""))));
  return cells.map((row) =>
    row
      .map((cell, i) => cell + " ".repeat((widths[i] as number) - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}

function widthOf(text: string): number {
  return [...text].length;
}

/**
 * Text that others wrote, safe to print: control characters, line breaks and characters that turn
 * the
 * direction of writing show as their code point.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => {
    const code = (char.codePointAt(0) as number).toString(16).padStart(4, "0");
    return `\\u{${code}}`;
  });
}

/** ISO 8601 in UTC, to the second; a dash for what is no time. */
export function timeText(ms: number | bigint): string {
  const time = new Date(Number(ms));
  return Number.isNaN(time.getTime()) ? "-" : time.toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** A span in words of at most two units: `59 min 3 s`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const parts: string[] = [];
  let rest = seconds;
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${name}`);
    rest -= count * size;
  }
  return parts.length === 0 ? "0 s" : parts.slice(0, 2).join(" ");
}
