// Warrants that machines leave to people: one open suggestion a subject, until it lapses. What
// holds a warrant back and how it is counted is its caller's business.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  decode,
  hex,
  LIMITS,
  type SignalProof,
  SignalSchema,
  type Suggestion,
  SuggestionSchema,
  utf8,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadNumber,
  type MeshView,
  saveAll,
  saveNumber,
  subjectKey,
  sumMdb,
} from "../../kernel/index.ts";
import type { SignalVerdict } from "../../quorum/index.ts";

/** How long a suggestion waits for people where the policy does not say. */
const SUGGESTION_MS = 24 * 3_600_000;

export class Suggestions {
  readonly #crypto: Crypto;
  /** Open ones: until when, by subject key. */
  readonly #open = new Map<string, number>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** The suggestion that a held verdict becomes; `undefined` where its subject has an open one. */
  make(
    view: MeshView,
    { revocation, subject }: SignalVerdict,
    why: string,
    nowMs: number,
  ): Suggestion | undefined {
    const key = subjectKey(this.#crypto, subject);
    if (this.#open.has(key) || this.#open.size >= LIMITS.suggestionsOpenMax) return undefined;
    const policy = view.policyOf(revocation.epoch);
    const expiresMs = nowMs + (policy?.suggestionMs ?? SUGGESTION_MS);
    this.#open.set(key, expiresMs);
    const signals = revocation.warrant?.signals ?? [];
    return create(SuggestionSchema, {
      id: this.#crypto.sha256(utf8("ostraka/v1/suggestion"), revocation.id, utf8(why)),
      subjectKind: revocation.subjectKind,
      commitment: revocation.subjectCommitment,
      epoch: revocation.epoch,
      rule: revocation.rule,
      why,
      stage: revocation.stage,
      ttlMs: revocation.expiresMs - revocation.fromMs,
      signals,
      evidenceMdb: revocation.evidenceMdb ?? 0,
      sumMdb: sumMdb(accountsOf(signals)),
      hostCount: revocation.hostCount,
      expiresMs: BigInt(expiresMs),
    });
  }

  expire(nowMs: number): void {
    for (const [key, expiresMs] of this.#open) {
      if (expiresMs <= nowMs) this.#open.delete(key);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#open, (_, [key, ms]) => saveNumber(w.string(key), ms));
  }

  load(r: BinaryReader): void {
    loadAll(r, () => this.#open.set(r.string(), loadNumber(r)));
  }
}

/** The day accounts behind signals, one a host: their plain sum is shown as "if independent". */
function accountsOf(proofs: readonly SignalProof[]): Iterable<number> {
  const byHost = new Map<string, number>();
  for (const { signal: bytes } of proofs) {
    const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
    if (signal === undefined) continue;
    const host = hex(signal.hostKey);
    byHost.set(host, Math.max(byHost.get(host) ?? signal.evidenceMdb, signal.evidenceMdb));
  }
  return byHost.values();
}
