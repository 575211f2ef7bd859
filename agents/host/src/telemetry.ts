// Logging. Owns what may be written down: secrets never, personal fields only where debugging was
// asked for (I9: raw events stay home), everything bounded in size and depth. Writes lines of JSON
// to stderr or a file; never to standard output, which belongs to results.

import { hex } from "@ostraka/proto";
import { type Level, type Logger, pino } from "pino";

export type Log = Logger;

export interface LogOptions {
  /** The process: `coordinator-a`, `sidecar web-1`. */
  readonly name: string;
  /** Default `info`; from `debug` on personal fields are written too. */
  readonly level?: Level;
  /** Path to append to, made with mode 0600; stderr by default. */
  readonly file?: string;
}

const TEXT_MAX = 2_000;
const ITEMS_MAX = 32;
const DEPTH_MAX = 5;
const BYTES_SHOWN = 8;
const REDACTED = "[redacted]";

/** Field names without case, dashes and underscores. */
const SECRET_FIELDS = new Set([
  "secret",
  "secretkey",
  "secrettext",
  "joinsecret",
  "privatekey",
  "keypem",
  "keymaterial",
  "token",
  "accesstoken",
  "refreshtoken",
  "password",
  "passphrase",
  "authorization",
  "cookie",
  "setcookie",
  "seed",
  "creds",
  "credentials",
]);

/** What is about a person (DESIGN.md 9, "Erasure"). */
const PERSONAL_FIELDS = new Set([
  "subject",
  "subjects",
  "reasons",
  "statement",
  "privatepart",
  "privates",
  "salt",
]);

/** Opens the log of a process. Lines are written before a call returns, so a crash loses none. */
export function openLog(options: LogOptions): Log {
  const level = options.level ?? "info";
  const isPersonalShown = level === "debug" || level === "trace";
  const clean = (fields: Record<string, unknown>) => cleaned(fields, isPersonalShown);
  const dest = options.file ?? 2;
  const destination = pino.destination({ dest, sync: true, append: true, mode: 0o600 });
  // A full disk may cost log lines, never the process: what it enforces must not end with its log.
  destination.on("error", () => undefined);
  const log = pino(
    {
      name: options.name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), bindings: clean, log: clean },
      serializers: { err: (error: unknown) => error },
    },
    destination,
  );
  // pino drops the formatter of bindings for children: what they are made with is cleaned here.
  const child = log.child;
  log.child = function (this: Log, bindings: Record<string, unknown>, childOptions?: object) {
    return child.call(this, clean(bindings), childOptions);
  } as typeof log.child;
  return log;
}

function cleaned(fields: Record<string, unknown>, isPersonalShown: boolean) {
  return cleanFields(fields, isPersonalShown, 0);
}

function cleanFields(
  fields: Record<string, unknown>,
  isPersonalShown: boolean,
  depth: number,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields).slice(0, ITEMS_MAX)) {
    const plain = name.toLowerCase().replaceAll(/[-_]/g, "");
    const isHidden = SECRET_FIELDS.has(plain) || (!isPersonalShown && PERSONAL_FIELDS.has(plain));
    out[name] = isHidden ? REDACTED : cleanValue(value, isPersonalShown, depth + 1);
  }
  return out;
}

function cleanValue(value: unknown, isPersonalShown: boolean, depth: number): unknown {
  if (typeof value === "string") return shortened(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) {
    return `${hex(value.subarray(0, BYTES_SHOWN))}${value.length > BYTES_SHOWN ? "…" : ""}`;
  }
  if (depth >= DEPTH_MAX) return "[deeper]";
  if (value instanceof Error) return cleanError(value, isPersonalShown, depth);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    return value.slice(0, ITEMS_MAX).map((item) => cleanValue(item, isPersonalShown, depth + 1));
  }
  return cleanFields(value as Record<string, unknown>, isPersonalShown, depth);
}

function cleanError(error: Error, isPersonalShown: boolean, depth: number): unknown {
  return {
    name: error.name,
    ...("code" in error ? { code: cleanValue(error.code, isPersonalShown, depth + 1) } : {}),
    message: shortened(error.message),
    stack: shortened(error.stack ?? ""),
    ...(error.cause === undefined
      ? {}
      : { cause: cleanValue(error.cause, isPersonalShown, depth + 1) }),
  };
}

function shortened(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
