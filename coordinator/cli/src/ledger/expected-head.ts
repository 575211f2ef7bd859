// A head that somebody else has noted, `c:17:ROOT`: an export that does not reach it was cut off,
// one that reaches it by another root has another history.

import type { MeshId } from "@ostraka/proto";
import { type Head, hex, LEDGERS, type LedgerId, ledgerLetter } from "@ostraka/proto";
import { usage } from "../failure.ts";
import type { LedgerWalk } from "./ledger-walk.ts";

export interface ExpectedHead {
  readonly ledger: LedgerId;
  readonly index: number;
  /** In hex; absent when only the length is known. */
  readonly root?: string;
}

/** Reads `c:17:ROOT` or `s:4`. @throws OstrakaError OSTRAKA_USAGE for anything else. */
export function parseExpectedHead(text: string): ExpectedHead {
  const match = /^([cs]):(\d{1,15})(?::([0-9a-fA-F]{64}))?$/.exec(text.trim());
  const ledger = LEDGERS.find((l) => ledgerLetter(l) === match?.[1]);
  if (match === null || ledger === undefined) {
    throw usage(
      `--expect ${text.slice(0, 100)}: give a head as \`ostraka ledger verify\` prints it, ` +
        "c:17:ROOT",
    );
  }
  const index = Number(match[2]);
  const root = match[3]?.toLowerCase();
  return { ledger, index, ...(root === undefined ? {} : { root }) };
}

/** A head in the one spelling that `--expect` takes. */
export function headText(head: Pick<Head, "ledger" | "index" | "root">): string {
  return `${ledgerLetter(head.ledger as LedgerId)}:${head.index}:${hex(head.root)}`;
}

export type Expectation = "met" | "cut-off" | "other-history";

/** Whether a verified ledger holds what a head commits. */
export function meets(walk: LedgerWalk, expected: ExpectedHead): Expectation {
  if (walk.indexOf(expected.ledger) < expected.index) return "cut-off";
  const root = walk.rootAt(expected.ledger, expected.index);
  return expected.root === undefined || expected.root === hex(root) ? "met" : "other-history";
}

/** What is wrong, in words for whoever has to act on it. */
export function expectationWords(
  walk: LedgerWalk,
  expected: ExpectedHead,
  found: Expectation,
  mesh: MeshId,
): string {
  const letter = ledgerLetter(expected.ledger);
  const at = `${letter}:${expected.index}`;
  if (found === "cut-off") {
    const last = `${letter}:${walk.indexOf(expected.ledger)}`;
    return `it ends at ${last}, and ${at} was sealed: entries were cut off its end`;
  }
  return (
    `its ${at} has another root than the head you hold: the coordinators of mesh ` +
    `${mesh.slice(0, 16)} have sealed two histories, or that head is of another mesh`
  );
}
