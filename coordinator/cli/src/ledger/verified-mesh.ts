// The ledgers of a running mesh as the CLI itself has verified them, from the local genesis on.
// Every command that shows a verdict goes through here: a coordinator that lies is found out, not
// shown.

import {
  type Crypto,
  isReject,
  LEDGERS,
  Ledger,
  type LedgerId,
  ledgerLetter,
  OstrakaError,
} from "@ostraka/proto";
import type { Access } from "../access.ts";
import { rejectWords } from "../reject-words.ts";
import { type LedgerReader, readAbove, type SealedPiece } from "./api-source.ts";
import { alarm, Checkpoint, contradictionIn } from "./checkpoint.ts";
import { claimsOf } from "./head-claims.ts";
import { inTurn, type LedgerClient } from "./in-turn.ts";
import { LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";

/** Without a data folder nothing is kept: every walk begins at entry 1. */
type VerifiedAccess = Pick<Access, "crypto" | "genesis" | "client" | "data"> & LedgerReader;

/** What is said of one coordinator that does not answer, or not yet. */
const AWAY = ["OSTRAKA_UNREACHABLE", "OSTRAKA_DEADLINE", "OSTRAKA_BEHIND"];

export class VerifiedMesh {
  #walk: LedgerWalk;
  readonly #access: VerifiedAccess;
  readonly #checkpoint: Checkpoint | undefined;
  /** Set while entries are taken up that this machine has verified before. */
  #isKept = false;
  #isOpen = false;
  /** Ledgers taken up that no coordinator has been compared with yet. */
  readonly #toCompare = new Set<LedgerId>();

  constructor(access: VerifiedAccess) {
    this.#access = access;
    const { data, genesis } = access;
    this.#checkpoint = data === undefined ? undefined : new Checkpoint(data, genesis.mesh);
    this.#walk = this.#newWalk();
  }

  get walk(): LedgerWalk {
    this.#open();
    return this.#walk;
  }

  /**
   * Reads and verifies what is new in the control ledger, and in the signals ledger unless told not
   * to. The first time it takes up what this machine has verified before.
   * @returns the new entries.
   * @throws OstrakaError OSTRAKA_NOT_VERIFIED naming the first entry that does not hold, or what
   * contradicts what was verified before.
   */
  async refresh(which: "both" | "control" = "both"): Promise<readonly WalkedEntry[]> {
    this.#open();
    const from = new Map<LedgerId, number>();
    for (const ledger of LEDGERS) from.set(ledger, this.#walk.indexOf(ledger));
    // Signals are asked first: the control ledger then reaches whatever they name.
    const signals = which === "both" ? await this.#read(Ledger.SIGNALS) : undefined;
    const taken = this.#take(Ledger.CONTROL, await this.#read(Ledger.CONTROL));
    if (signals !== undefined) {
      const needed = claimsOf(signals.sealed)?.controlIndex ?? 0;
      if (this.#walk.indexOf(Ledger.CONTROL) < needed) taken.push(...(await this.#catchUp(needed)));
      taken.push(...this.#take(Ledger.SIGNALS, signals));
    }
    // BEFORE anything is kept: what is withheld now may be shown the next time.
    const withheld = this.#walk.firstWithheld();
    if (withheld !== undefined) throw unverified(withheld.at, "commitment-mismatch");
    this.#keep(taken, from);
    return taken;
  }

  /** The control ledger up to an index: who answered may lag behind what its signals build on. */
  async #catchUp(needed: number): Promise<readonly WalkedEntry[]> {
    const taken: WalkedEntry[] = [];
    for await (const asked of inTurn(this.#access.client, this.#access.patience)) {
      const piece = await this.#readAt(asked, Ledger.CONTROL).catch(unlessAway);
      taken.push(...this.#take(Ledger.CONTROL, piece));
      if (this.#walk.indexOf(Ledger.CONTROL) >= needed) return taken;
    }
    throw behind(needed);
  }

  /** Takes up what was verified before, once. */
  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const kept = this.#checkpoint?.read();
    if (kept === undefined || kept.size === 0) return;
    this.#isKept = true;
    const holds = [...kept].every(([ledger, { records, sealed }]) => {
      const areTaken = records.every((record) => !isReject(this.#walk.take(ledger, record)));
      // The seals are checked again, and with them every byte of the entries.
      this.#isKept = false;
      const isClosed = areTaken && !isReject(this.#walk.close(ledger, sealed));
      this.#isKept = true;
      return isClosed;
    });
    this.#isKept = false;
    if (holds) {
      for (const ledger of kept.keys()) this.#toCompare.add(ledger);
      return;
    }
    // Damaged on this disk: nothing of it is believed.
    this.#checkpoint?.drop();
    this.#walk = this.#newWalk();
  }

  #newWalk(): LedgerWalk {
    const { crypto, genesis } = this.#access;
    const sha256: Crypto["sha256"] = (...parts) => crypto.sha256(...parts);
    const verify: Crypto["verify"] = (key, message, signature) =>
      this.#isKept || crypto.verify(key, message, signature);
    return new LedgerWalk({ ...crypto, sha256, verify }, genesis, true);
  }

  #keep(taken: readonly WalkedEntry[], from: ReadonlyMap<LedgerId, number>): void {
    if (taken.length === 0 || this.#checkpoint === undefined) return;
    const hasErased = taken.some(({ entry }) => entry.effect.case === "erasure");
    if (hasErased) this.#checkpoint.rewrite(this.#walk);
    else this.#checkpoint.append(this.#walk, from);
  }

  /** Machine time of the newest head verified, in milliseconds; 0 before the first. */
  get machineTimeMs(): number {
    const times = [Ledger.CONTROL, Ledger.SIGNALS].map((ledger) =>
      Number(this.#walk.headOf(ledger as LedgerId)?.head.machineTimeMs ?? 0n),
    );
    return Math.max(...times);
  }

  async #read(ledger: LedgerId): Promise<SealedPiece | undefined> {
    const piece = await this.#readAt(this.#access.client, ledger);
    if (!this.#toCompare.has(ledger)) return piece;
    const compared = await this.#compare(ledger, piece);
    this.#toCompare.delete(ledger);
    return compared;
  }

  #readAt(client: LedgerClient, ledger: LedgerId): Promise<SealedPiece | undefined> {
    const known = this.#walk.frontierOf(ledger);
    return readAbove({ ...this.#access, client }, ledger, known);
  }

  /** What a coordinator shows must follow what this machine has verified before. */
  async #compare(
    ledger: LedgerId,
    first: SealedPiece | undefined,
  ): Promise<SealedPiece | undefined> {
    const above = this.#walk.indexOf(ledger);
    let piece = first;
    let last = 0;
    for await (const asked of inTurn(this.#access.client, this.#access.patience)) {
      // One that starts or catches up is no alarm while another has what was sealed.
      if (asked !== this.#access.client) {
        piece = await this.#readAt(asked, ledger).catch(unlessAway);
      }
      if (piece !== undefined && piece.records.length > 0) return piece;
      const shown = await asked.ledger.getSealedHead({ ledger }).catch(unlessAway);
      const head = shown?.head;
      const found = head === undefined ? "behind" : contradictionIn(this.#walk, ledger, head);
      if (found === undefined) return piece;
      if (found !== "behind") throw this.#alarm(ledger, found);
      last = Math.max(last, (head && claimsOf(head)?.index) ?? 0);
    }
    throw this.#alarm(ledger, `it ends at index ${last}, and ${above} was sealed`);
  }

  #alarm(ledger: LedgerId, words: string): OstrakaError {
    return alarm(ledgerLetter(ledger), words, this.#checkpoint?.path ?? "what you have");
  }

  #take(ledger: LedgerId, piece: SealedPiece | undefined): WalkedEntry[] {
    if (piece === undefined) return [];
    const letter = ledgerLetter(ledger);
    const taken: WalkedEntry[] = [];
    for (const record of piece.records) {
      const walked = this.#walk.take(ledger, record);
      const at = `${letter}:${this.#walk.indexOf(ledger) + 1}`;
      if (isReject(walked)) throw unverified(at, walked.reject);
      taken.push(walked);
    }
    const head = this.#walk.close(ledger, piece.sealed);
    if (isReject(head)) throw unverified(`the sealed head of ${letter}`, head.reject);
    return taken;
  }
}

/** Whoever is away shows nothing; the others are asked. */
function unlessAway(error: unknown): undefined {
  const isAway = error instanceof OstrakaError && AWAY.includes(error.code);
  if (!isAway) throw error;
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
