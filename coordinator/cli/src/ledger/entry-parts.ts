// Private parts beside a ledger entry, matched to the commitments that they open. A part may be
// gone, erased or pruned, and the entry stands by its seals; one that opens nothing here never may.

import { commitmentOf } from "@ostraka/agents/kernel";
import { commitmentsOf } from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  type Entry,
  equalBytes,
  hex,
  type PrivatePart,
  type Reject,
  reject,
} from "@ostraka/proto";

export interface MatchedParts {
  /** In the order of the entry's commitments; `undefined` where the part is gone. */
  readonly parts: readonly (PrivatePart | undefined)[];
  /** Commitments whose parts are gone. */
  readonly missing: readonly Bytes[];
}

/** Matches what lies beside an entry to its commitments, in order. */
export function matchParts(
  crypto: Crypto,
  entry: Entry,
  privates: readonly PrivatePart[],
): MatchedParts | Reject {
  const commitments = commitmentsOf(entry);
  if (commitments === undefined) return reject("malformed");
  const parts: (PrivatePart | undefined)[] = [];
  const missing: Bytes[] = [];
  let next = 0;
  for (const commitment of commitments) {
    const part = privates[next];
    if (part !== undefined && opens(crypto, part, commitment)) {
      parts.push(part);
      next++;
      continue;
    }
    // A store may keep the place of what it has deleted.
    if (part !== undefined && part.salt.length + part.content.length === 0) next++;
    parts.push(undefined);
    missing.push(commitment);
  }
  return next === privates.length ? { parts, missing } : reject("commitment-mismatch");
}

function opens(crypto: Crypto, part: PrivatePart, commitment: Uint8Array): boolean {
  return equalBytes(commitmentOf(crypto, part), commitment);
}

/** Parts that are gone, and whether an erasure or their age says why. */
export class MissingParts {
  readonly #erased = new Set<string>();
  /** By place: entries some of whose parts are gone. */
  readonly #missing = new Map<string, MissingPart>();

  /** Notes the commitments of an erasure that has been entered. */
  erase(commitments: readonly Uint8Array[]): void {
    for (const commitment of commitments) this.#erased.add(hex(commitment));
  }

  /** Notes what is gone of an entry. @param neededUntilMs until when nothing of it may go. */
  note(at: string, neededUntilMs: number, commitments: readonly Uint8Array[]): void {
    if (commitments.length === 0) return;
    this.#missing.set(at, { at, neededUntilMs, commitments: commitments.map(hex) });
  }

  isErased(commitment: Uint8Array): boolean {
    return this.#erased.has(hex(commitment));
  }

  get erased(): readonly MissingPart[] {
    return [...this.#missing.values()].filter((m) => this.#isOrdered(m));
  }

  /** What is gone without having been erased. */
  get pruned(): readonly MissingPart[] {
    return [...this.#missing.values()].filter((m) => !this.#isOrdered(m));
  }

  /**
   * The first entry of which something is gone though nobody erased it and retention keeps it.
   * @param nowMs machine time. @param keptMs how long private parts are kept once not needed.
   */
  firstUnexplained(nowMs: number, keptMs: number): MissingPart | undefined {
    const isTooSoon = ({ neededUntilMs }: MissingPart) => neededUntilMs > nowMs;
    const isYoung = ({ neededUntilMs }: MissingPart) => neededUntilMs + keptMs > nowMs;
    return this.erased.find(isTooSoon) ?? this.pruned.find(isYoung);
  }

  /** With what an order names goes all that lies beside the same entry. */
  #isOrdered({ commitments }: MissingPart): boolean {
    return commitments.some((commitment) => this.#erased.has(commitment));
  }
}

export interface MissingPart {
  /** The entry: `c:17`. */
  readonly at: string;
  readonly neededUntilMs: number;
  /** In hex. */
  readonly commitments: readonly string[];
}
