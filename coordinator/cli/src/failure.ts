// How a command fails: one plain sentence on stderr and one of five exit codes. Owns the table from
// error codes to exit codes. Must never show a stack unless OSTRAKA_DEBUG=1 asks for it, nor a
// control character that came from elsewhere.

import { type ErrorCode, OstrakaError } from "@ostraka/proto";
import { printable } from "./terminal.ts";

/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** Answered no: refused, not verified. */
  no: 1,
  /** Usage, configuration, or a file that is not what it should be. */
  usage: 2,
  /** Nobody answers, or whoever answers cannot go on: its store, its journal, a fault in it. */
  unreachable: 3,
  deadline: 4,
} as const;

const EXIT_OF: Partial<Record<ErrorCode, number>> = {
  OSTRAKA_REFUSED: EXIT.no,
  OSTRAKA_NOT_ALLOWED: EXIT.no,
  OSTRAKA_NOT_VERIFIED: EXIT.no,
  OSTRAKA_ENVELOPE_BAD_SIGNATURE: EXIT.no,
  OSTRAKA_UNREACHABLE: EXIT.unreachable,
  OSTRAKA_BEHIND: EXIT.unreachable,
  OSTRAKA_RESOURCE_EXHAUSTED: EXIT.unreachable,
  OSTRAKA_JOURNAL_DAMAGED: EXIT.unreachable,
  OSTRAKA_STORE: EXIT.unreachable,
  OSTRAKA_INTERNAL: EXIT.unreachable,
  OSTRAKA_DEADLINE: EXIT.deadline,
};

/** Exit code of an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  // A file that is missing here is a mistake; an id that the mesh does not know is answered no.
  if (code === "OSTRAKA_NOT_FOUND" && isAnswer(error)) return EXIT.no;
  return EXIT_OF[code] ?? EXIT.usage;
}

/** The code of any error: what the system refuses is about a file or an address that was named. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof OstrakaError) return error.code;
  return error instanceof Error && "syscall" in error ? "OSTRAKA_USAGE" : "OSTRAKA_INTERNAL";
}

/** Trailing metadata in which a coordinator sends its code (api/error-status.ts). */
const CODE_KEY = "ostraka-code";

/** Whether a coordinator said it, and not the way to one or this program. */
export function isAnswer(error: unknown): boolean {
  const cause = error instanceof OstrakaError ? error.cause : undefined;
  if (!(cause instanceof Error) || !("metadata" in cause)) return false;
  const metadata = cause.metadata as { get?(key: string): unknown[] } | undefined;
  return (metadata?.get?.(CODE_KEY) ?? []).length > 0;
}

/** Trailing metadata in which a coordinator says what to do next (api/error-status.ts). */
const NEXT_STEP_KEY = "ostraka-next-step";
const NEXT_STEP_CHARS_MAX = 200;

/** What a coordinator says to do next; `undefined` when none has spoken. */
export function nextStepOf(error: unknown): string | undefined {
  const cause = error instanceof OstrakaError ? error.cause : undefined;
  if (!(cause instanceof Error) || !("metadata" in cause)) return undefined;
  const metadata = cause.metadata as { get?(key: string): unknown[] } | undefined;
  const [said] = metadata?.get?.(NEXT_STEP_KEY) ?? [];
  return typeof said === "string" ? printable(said.slice(0, NEXT_STEP_CHARS_MAX)) : undefined;
}

/** The one sentence of an error; the stack follows only under OSTRAKA_DEBUG=1. */
export function sentenceOf(error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = printable(message.replace(/\s*[\r\n]\s*/g, " ").trim());
  const wantsStack = env["OSTRAKA_DEBUG"] === "1" && error instanceof Error;
  if (!wantsStack) return line;
  const stack = `${error.stack}${causeOf(error)}`;
  return [line, ...stack.split("\n").map(printable)].join("\n");
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
}

/** An error that answers no. */
export function refused(message: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_REFUSED", message, { cause });
}

export function usage(message: string): OstrakaError {
  return new OstrakaError("OSTRAKA_USAGE", message);
}
