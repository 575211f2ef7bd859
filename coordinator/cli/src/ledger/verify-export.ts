// Verifies an export line by line, offline, against a genesis: `ostraka ledger verify`. Every byte
// is tied to a hash or a signature or it is refused, and the first bad entry is named.

import type { OpenedGenesis } from "@ostraka/agents/node";
import {
  type Crypto,
  type Head,
  isReject,
  LEDGERS,
  type LedgerId,
  ledgerLetter,
  type RejectCode,
} from "@ostraka/proto";
import { type ExportLine, readLine } from "./export-lines.ts";
import { LedgerWalk } from "./ledger-walk.ts";

/** The first thing that does not hold. */
export interface ExportFault {
  /** Line of the file, from 1. */
  readonly line: number;
  /** Where in the ledgers: `c:17`, `the sealed head of s`, `the header`. */
  readonly at: string;
  readonly code: RejectCode;
}

export interface VerifiedExport {
  readonly walk: LedgerWalk;
  readonly heads: readonly Head[];
  /** Sum over both ledgers. */
  readonly entries: number;
}

/** Longest line read: an entry with its private parts in base64, with room. */
export const EXPORT_LINE_BYTES_MAX = 2_000_000;

export class ExportVerifier {
  readonly walk: LedgerWalk;
  readonly #mesh: string;
  readonly #heads: Head[] = [];
  #line = 0;

  constructor(crypto: Crypto, genesis: OpenedGenesis) {
    this.walk = new LedgerWalk(crypto, genesis);
    this.#mesh = genesis.mesh;
  }

  /** Takes the next line, without its line feed. @returns what does not hold, if anything. */
  take(bytes: Uint8Array): ExportFault | undefined {
    this.#line++;
    const line = readLine(bytes);
    const where = this.#expected();
    if (line === undefined) return this.#fault(where, "malformed");
    if (this.#line === 1) return this.#onHeader(line);
    const ledger = LEDGERS[this.#heads.length];
    if (ledger === undefined || line.kind === "header" || line.ledger !== ledger) {
      return this.#fault(where, "wrong-type");
    }
    return line.kind === "entry" ? this.#onEntry(ledger, line) : this.#onHead(ledger, line);
  }

  /** After the last line. @param isWhole whether the last line ended with a line feed. */
  end(isWhole: boolean): VerifiedExport | ExportFault {
    if (this.#heads.length < LEDGERS.length || !isWhole) {
      this.#line++;
      return this.#fault(isWhole ? this.#expected() : "the last line", "malformed");
    }
    const withheld = this.walk.firstWithheld();
    if (withheld !== undefined) return this.#fault(withheld.at, "commitment-mismatch");
    const entries = LEDGERS.reduce((sum, ledger) => sum + this.walk.indexOf(ledger), 0);
    return { walk: this.walk, heads: this.#heads, entries };
  }

  /** What should stand on this line. */
  #expected(): string {
    if (this.#line === 1) return "the header";
    const ledger = LEDGERS[this.#heads.length];
    if (ledger === undefined) return "the end";
    return `${ledgerLetter(ledger)}:${this.walk.indexOf(ledger) + 1}`;
  }

  #onHeader(line: ExportLine): ExportFault | undefined {
    if (line.kind !== "header") return this.#fault("the header", "malformed");
    return line.mesh === this.#mesh ? undefined : this.#fault("the header", "wrong-mesh");
  }

  #onEntry(ledger: LedgerId, line: ExportLine & { kind: "entry" }): ExportFault | undefined {
    const at = this.#expected();
    if (line.index !== this.walk.indexOf(ledger) + 1) return this.#fault(at, "wrong-index");
    const taken = this.walk.take(ledger, line.record);
    return isReject(taken) ? this.#fault(at, taken.reject) : undefined;
  }

  #onHead(ledger: LedgerId, line: ExportLine & { kind: "head" }): ExportFault | undefined {
    const head = this.walk.close(ledger, line.sealed);
    if (isReject(head)) {
      return this.#fault(`the sealed head of ${ledgerLetter(ledger)}`, head.reject);
    }
    this.#heads.push(head);
    return undefined;
  }

  #fault(at: string, code: RejectCode): ExportFault {
    return { line: this.#line, at, code };
  }
}

export function isFault(result: VerifiedExport | ExportFault): result is ExportFault {
  return "code" in result;
}
