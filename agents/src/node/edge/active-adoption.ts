// A newcomer's adoption of the signals ledger: the active set under one sealed head, page by page,
// each record with its inclusion proof, the set complete by its digest, every warrant verified
// before the first answer (DESIGN.md 8, newcomers).

import {
  type Bytes,
  type Crypto,
  DigestTrie,
  decode,
  EntrySchema,
  equalBytes,
  Frontier,
  LIMITS,
  leafHash,
  type ResyncResponse,
  verifyInclusion,
} from "@ostraka/proto";
import type { Sealed } from "../../sealer/index.ts";
import { privatesFit } from "../privates-fit.ts";
import type { FollowedEntry } from "./ledger-follower.ts";

export interface Adopted {
  readonly sealed: Sealed;
  readonly frontier: Frontier;
  readonly entries: readonly FollowedEntry[];
}

export class ActiveAdoption {
  readonly #crypto: Crypto;
  readonly #sealed: Sealed;
  readonly #frontier: Frontier | undefined;
  readonly #entries: FollowedEntry[] = [];
  readonly #trie: DigestTrie;

  constructor(crypto: Crypto, sealed: Sealed, frontier: readonly Bytes[]) {
    this.#crypto = crypto;
    this.#sealed = sealed;
    this.#frontier = Frontier.of(crypto, Number(sealed.head.index), frontier);
    this.#trie = new DigestTrie(crypto);
  }

  get position(): bigint {
    return this.#sealed.head.position;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Takes a page. @returns whether it fits the head; a page that does not ends the adoption. */
  take(page: ResyncResponse): boolean {
    if (page.records.length !== page.proofs.length) return false;
    // A page that comes twice brings nothing and spoils nothing.
    const first = page.proofs[0]?.index;
    const last = this.#entries.at(-1)?.entry.index;
    if (first !== undefined && last !== undefined && first <= last) return true;
    const { head } = this.#sealed;
    for (let i = 0; i < page.records.length; i++) {
      const record = page.records[i] as ResyncResponse["records"][number];
      const proof = page.proofs[i] as ResyncResponse["proofs"][number];
      const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      if (entry?.effect.case !== "revocation" || entry.index !== proof.index) return false;
      if (!privatesFit(this.#crypto, entry, record.privates)) return false;
      const leaf = leafHash(this.#crypto, record.entry);
      const at = Number(proof.index) - 1;
      const size = Number(head.index);
      if (!verifyInclusion(this.#crypto, at, size, leaf, proof.path, head.root)) return false;
      if (!this.#trie.add(entry.effect.value.id)) return false;
      this.#entries.push({ entry, privates: record.privates, record });
    }
    return true;
  }

  /** The whole set, if it is the one that the head names. */
  complete(): Adopted | undefined {
    const { head } = this.#sealed;
    const frontier = this.#frontier;
    if (frontier === undefined || !equalBytes(frontier.root(), head.root)) return undefined;
    if (!equalBytes(this.#trie.digest(), head.activeSetDigest)) return undefined;
    return { sealed: this.#sealed, frontier, entries: this.#entries };
  }
}
