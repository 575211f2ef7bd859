// Sends one signed command until its outcome is known. The same bytes are one command however often
// they are sent, so sending again is always safe (DESIGN.md 9, a write).

import { setTimeout as delay } from "node:timers/promises";
import { type Envelope, hex, OstrakaError, type PrivatePart } from "@ostraka/proto";
import { Outcome, type SubmitResponse } from "@ostraka/proto/gen/admin";
import type { Access } from "./access.ts";
import { isAnswer, refused, sentenceOf } from "./failure.ts";
import { rejectWords } from "./reject-words.ts";

const WAIT_MS = 10_000;
const AGAIN_MS = 250;
/** For the way there and back. */
const CARRY_MS = 2_000;
const UNKNOWN_YET = "the outcome is not known yet; the same bytes are sent again";
/** Errors after which the same bytes may still come to something. */
const PASSING = ["OSTRAKA_UNREACHABLE", "OSTRAKA_DEADLINE", "OSTRAKA_RESOURCE_EXHAUSTED"];

export interface Submission {
  readonly command: Envelope;
  readonly privates?: readonly PrivatePart[];
  /** What is sent, for messages: `proposal`, `approval`. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Told ONCE, when the first answer is not a final one. */
  readonly onWait?: (why: string) => void;
}

/**
 * Submits until OK or refused.
 * @throws OstrakaError OSTRAKA_REFUSED with the reason; OSTRAKA_DEADLINE with the id when the time
 * is up.
 */
export async function submitCommand(
  access: Pick<Access, "client" | "crypto">,
  submission: Submission,
): Promise<SubmitResponse> {
  const { command, privates = [], what, timeoutMs, onWait } = submission;
  const id = hex(access.crypto.sha256(command.body));
  const deadlineMs = performance.now() + timeoutMs;
  let isTold = false;
  for (;;) {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    const answer = await trySubmit(access, command, privates, leftMs);
    if (answer.response?.outcome === Outcome.OK) return answer.response;
    if (answer.response?.outcome === Outcome.REFUSED) {
      const { code } = answer.response;
      throw refused(`the mesh refuses the ${what} ${id} (${code}): ${rejectWords(code)}`);
    }
    if (performance.now() + AGAIN_MS >= deadlineMs) throw deadline(what, id, answer.error);
    if (!isTold) onWait?.(waitWords(answer.error));
    isTold = true;
    await delay(AGAIN_MS);
  }
}

async function trySubmit(
  { client }: Pick<Access, "client">,
  command: Envelope,
  privates: readonly PrivatePart[],
  leftMs: number,
): Promise<{ readonly response?: SubmitResponse; readonly error?: OstrakaError }> {
  const waitMs = Math.ceil(Math.min(WAIT_MS, leftMs));
  const request = { command, privates: [...privates], waitMs };
  try {
    // A coordinator that hangs has no more than its wait: the next try goes to another one.
    const timeoutMs = Math.min(leftMs, waitMs + CARRY_MS);
    return { response: await client.command.submit(request, { timeoutMs }) };
  } catch (error) {
    if (error instanceof OstrakaError && PASSING.includes(error.code)) return { error };
    throw error;
  }
}

function waitWords(error: OstrakaError | undefined): string {
  return error === undefined
    ? UNKNOWN_YET
    : `${silenceWords(error)}; the same bytes are sent again`;
}

/** Nobody answers, or what the one that did has said. */
function silenceWords(error: OstrakaError): string {
  return isAnswer(error)
    ? `a coordinator says: ${sentenceOf(error, {})}`
    : "no coordinator answers";
}

function deadline(what: string, id: string, cause: OstrakaError | undefined): OstrakaError {
  const last = cause === undefined ? "" : ` (${silenceWords(cause)})`;
  return new OstrakaError(
    "OSTRAKA_DEADLINE",
    `it is not known whether the ${what} ${id} was entered${last}: ` +
      "look with `ostraka ledger tail`",
    { cause },
  );
}
