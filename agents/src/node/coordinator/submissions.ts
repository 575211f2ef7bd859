// Commands that callers wait for: published until they are seen, answered OK when their entry is
// under a sealed head, REFUSED when the machine said so, UNKNOWN when the caller's time is up
// (DESIGN.md 9, a write).

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  type Crypto,
  type Envelope,
  encode,
  equalBytes,
  JournalMessageSchema,
  LIMITS,
  type PrivatePart,
  type RejectCode,
} from "@ostraka/proto";
import type { Reply } from "../../kernel/index.ts";
import { commandHash } from "../machine/control-machine.ts";
import type { CommandOutcome } from "../machine/journal-machine.ts";

/** The value of a reply to a submission. */
export type SubmissionAnswer =
  | { readonly outcome: "ok"; readonly index: number; readonly verdictId?: Bytes }
  | { readonly outcome: "refused"; readonly code: RejectCode }
  | { readonly outcome: "unknown" }
  | { readonly outcome: "busy" };

interface Submission {
  readonly command: string;
  readonly message: Bytes;
  readonly waiting: { readonly to: number; readonly untilMs: number }[];
  decided?: CommandOutcome;
}

interface SubmitInput {
  readonly envelope: Envelope;
  readonly privates: readonly PrivatePart[];
  readonly to: number;
  readonly untilMs: number;
}

export class Submissions {
  readonly #byCommand = new Map<string, Submission>();
  readonly #refusedAtDoor: Reply[] = [];

  /** Adds a caller; `undefined` when there are too many already. */
  add(crypto: Crypto, input: SubmitInput): Submission | undefined {
    const { envelope, privates, to, untilMs } = input;
    const command = commandHash(crypto, envelope);
    const known = this.#byCommand.get(command);
    if (known !== undefined && known.waiting.length < LIMITS.callersPerCommandMax) {
      known.waiting.push({ to, untilMs });
      return known;
    }
    if (known !== undefined || this.#byCommand.size >= LIMITS.submissionsMax) {
      this.#refusedAtDoor.push({ to, value: { outcome: "busy" } satisfies SubmissionAnswer });
      return undefined;
    }
    const body = create(JournalMessageSchema, { format: 1, envelope, privates: [...privates] });
    const message = encode(JournalMessageSchema, body);
    const submission: Submission = { command, message, waiting: [{ to, untilMs }] };
    this.#byCommand.set(command, submission);
    return submission;
  }

  /**
   * Notes what the machine made of a command. A refusal counts only of exactly our bytes: a copy
   * with other private parts is refused for its own sake.
   * @param message the journal message, when the outcome comes from one.
   */
  decided(outcome: CommandOutcome, message?: Bytes): void {
    const submission = this.#byCommand.get(outcome.command);
    if (submission === undefined) return;
    const isOurs = message === undefined || equalBytes(message, submission.message);
    if (outcome.code === undefined || isOurs) submission.decided = outcome;
  }

  /** Commands that the journal has not handed out yet: sent again, the same bytes. */
  unseen(): Submission[] {
    return [...this.#byCommand.values()].filter((s) => s.decided === undefined);
  }

  /** Answers that are due: refused at once, OK once sealed, unknown when time is up. */
  *answers(sealedIndex: number, wallMs: number): Iterable<Reply> {
    yield* this.#refusedAtDoor.splice(0);
    for (const submission of this.#byCommand.values()) {
      const answer = answerOf(submission.decided, sealedIndex);
      const due = submission.waiting.filter((w) => answer !== undefined || w.untilMs <= wallMs);
      const value: SubmissionAnswer = answer ?? { outcome: "unknown" };
      for (const { to } of due) yield { to, value };
      const rest = submission.waiting.filter((w) => !due.includes(w));
      submission.waiting.splice(0, submission.waiting.length, ...rest);
      if (rest.length === 0) this.#byCommand.delete(submission.command);
    }
  }
}

function answerOf(
  decided: CommandOutcome | undefined,
  sealedIndex: number,
): SubmissionAnswer | undefined {
  if (decided === undefined) return undefined;
  if (decided.code !== undefined) return { outcome: "refused", code: decided.code };
  const index = decided.index as number;
  // The verdict of a completing approval is the entry after it: both must be sealed.
  const last = decided.verdictId === undefined ? index : index + 1;
  if (sealedIndex < last) return undefined;
  const { verdictId } = decided;
  return { outcome: "ok", index, ...(verdictId !== undefined && { verdictId }) };
}
