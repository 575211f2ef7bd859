// The ledgers of a running mesh as the CLI itself has verified them, from the local genesis on.
// Every command that shows a verdict goes through here: a coordinator that lies is found out, not
// shown.

import { setTimeout as delay } from "node:timers/promises";
import { isReject, Ledger, type LedgerId, ledgerLetter, OstrakaError } from "@ostraka/proto";
import type { Access } from "../access.ts";
import { rejectWords } from "../reject-words.ts";
import { readAbove, type SealedPiece } from "./api-source.ts";
import { claimsOf } from "./head-claims.ts";
import { LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";

const CATCH_UP_TRIES = 30;
const CATCH_UP_MS = 100;

export class VerifiedMesh {
  readonly walk: LedgerWalk;
  readonly #client: Access["client"];

  constructor({ crypto, genesis, client }: Pick<Access, "crypto" | "genesis" | "client">) {
    this.walk = new LedgerWalk(crypto, genesis, true);
    this.#client = client;
  }

  /**
   * Reads and verifies what is new in the control ledger, and in the signals ledger unless told not
   * to.
   * @returns the new entries.
   * @throws OstrakaError OSTRAKA_NOT_VERIFIED naming the first entry that does not hold.
   */
  async refresh(which: "both" | "control" = "both"): Promise<readonly WalkedEntry[]> {
    // Signals are asked first: the control ledger then reaches whatever they name.
    const signals = which === "both" ? await this.#read(Ledger.SIGNALS) : undefined;
    const taken = this.#take(Ledger.CONTROL, await this.#read(Ledger.CONTROL));
    if (signals === undefined) return taken;
    const needed = claimsOf(signals.sealed)?.controlIndex ?? 0;
    for (let tries = 1; this.walk.indexOf(Ledger.CONTROL) < needed; tries++) {
      // The next coordinator may lag a moment behind the one that answered before.
      if (tries > CATCH_UP_TRIES) throw behind(needed);
      await delay(CATCH_UP_MS);
      taken.push(...this.#take(Ledger.CONTROL, await this.#read(Ledger.CONTROL)));
    }
    return [...taken, ...this.#take(Ledger.SIGNALS, signals)];
  }

  /** Machine time of the newest head verified, in milliseconds; 0 before the first. */
  get machineTimeMs(): number {
    const times = [Ledger.CONTROL, Ledger.SIGNALS].map((ledger) =>
      Number(this.walk.headOf(ledger as LedgerId)?.head.machineTimeMs ?? 0n),
    );
    return Math.max(...times);
  }

  #read(ledger: LedgerId): Promise<SealedPiece | undefined> {
    return readAbove(this.#client, ledger, this.walk.indexOf(ledger));
  }

  #take(ledger: LedgerId, piece: SealedPiece | undefined): WalkedEntry[] {
    if (piece === undefined) return [];
    const letter = ledgerLetter(ledger);
    const taken: WalkedEntry[] = [];
    for (const record of piece.records) {
      const walked = this.walk.take(ledger, record);
      const at = `${letter}:${this.walk.indexOf(ledger) + 1}`;
      if (isReject(walked)) throw unverified(at, walked.reject);
      taken.push(walked);
    }
    const head = this.walk.close(ledger, piece.sealed);
    if (isReject(head)) throw unverified(`the sealed head of ${letter}`, head.reject);
    return taken;
  }
}

function behind(needed: number): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_UNREACHABLE",
    `no coordinator that answers has the control ledger up to c:${needed}: try again in a moment`,
  );
}

function unverified(at: string, code: string): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_NOT_VERIFIED",
    `${at} as the coordinator shows it does not hold (${code}: ${rejectWords(code)}): ` +
      "ask another coordinator, and keep an export of both",
  );
}
