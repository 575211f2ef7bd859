// Intake acknowledgements: what has been taken of each host, to be signed and sent at ticks and
// when an earlier incarnation's fate is asked for. Never releases anything by itself: hosts wait
// for a majority.

import { type Bytes, encodeNew, equalBytes, hex, IntakeAckSchema } from "@ostraka/proto";
import type { Intake } from "../../intake/index.ts";

export class AckDesk {
  readonly #intake: Intake;
  readonly #coordinatorKey: Bytes;
  /** Hosts whose signals were taken since the last round, with the journal position. */
  readonly #due = new Map<string, { readonly hostKey: Bytes; readonly position: number }>();

  constructor(intake: Intake, coordinatorKey: Bytes) {
    this.#intake = intake;
    this.#coordinatorKey = coordinatorKey;
  }

  note(hostKey: Bytes, position: number): void {
    this.#due.set(hex(hostKey), { hostKey, position });
  }

  /** Bodies that are due, each with its host; asked for once. */
  *take(generation: number): Iterable<{ readonly hostKey: Bytes; readonly body: Bytes }> {
    for (const { hostKey, position } of this.#due.values()) {
      const body = this.bodyOf(hostKey, generation, position);
      if (body !== undefined) yield { hostKey, body };
    }
    this.#due.clear();
  }

  /**
   * The acknowledgement of a host as of a position, unsigned.
   * @param asked incarnation that asks; when nothing of it was taken it may send everything again.
   */
  bodyOf(hostKey: Bytes, generation: number, position: number, asked?: Bytes): Bytes | undefined {
    const taken = this.#intake.positionOf(hostKey);
    const isTaken = taken !== undefined && (!asked || equalBytes(taken.incarnation, asked));
    const { incarnation, nextNumber } = isTaken ? taken : { incarnation: asked, nextNumber: 0n };
    if (incarnation === undefined) return undefined;
    return encodeNew(IntakeAckSchema, {
      format: 1,
      coordinatorKey: this.#coordinatorKey,
      hostKey,
      incarnation,
      nextNumber,
      generation,
      position: BigInt(position),
    });
  }
}
