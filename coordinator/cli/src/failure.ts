// How a command fails: one plain sentence on stderr and one of five exit codes. Owns the table from
// error codes to exit codes. Must never show a stack unless OSTRAKA_DEBUG=1 asks for it.

import { type ErrorCode, OstrakaError } from "@ostraka/proto";

/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** Answered no: refused, not verified. */
  no: 1,
  /** Usage, configuration, or a file that is not what it should be. */
  usage: 2,
  unreachable: 3,
  deadline: 4,
} as const;

const EXIT_OF: Partial<Record<ErrorCode, number>> = {
  OSTRAKA_REFUSED: EXIT.no,
  OSTRAKA_NOT_VERIFIED: EXIT.no,
  OSTRAKA_ENVELOPE_BAD_SIGNATURE: EXIT.no,
  OSTRAKA_UNREACHABLE: EXIT.unreachable,
  OSTRAKA_RESOURCE_EXHAUSTED: EXIT.unreachable,
  OSTRAKA_DEADLINE: EXIT.deadline,
};

/** Exit code of an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  return error instanceof OstrakaError ? (EXIT_OF[error.code] ?? EXIT.usage) : EXIT.usage;
}

/** The one sentence of an error; the stack follows only under OSTRAKA_DEBUG=1. */
export function sentenceOf(error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/\s*\n\s*/g, " ").trim();
  const wantsStack = env["OSTRAKA_DEBUG"] === "1" && error instanceof Error;
  return wantsStack ? `${line}\n${error.stack}${causeOf(error)}` : line;
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
