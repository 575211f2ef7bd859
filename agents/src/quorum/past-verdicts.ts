// Revocations that machines have made before, by subject, so that a second offence can show the
// first (DESIGN.md 6.6). Keeps two entries a subject at most and forgets the oldest subjects first;
// a lifted one never counts. Judges nothing: whoever is shown one checks its proof.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  type Crypto,
  concat,
  decode,
  type EarlierVerdict,
  EarlierVerdictSchema,
  EntrySchema,
  hex,
  LIMITS,
  type Revocation,
  SignalSchema,
  type SubjectText,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  type EarlierContext,
  loadAll,
  loadBytes,
  loadNumber,
  SALT_BYTES,
  saveAll,
  saveNumber,
} from "../kernel/index.ts";

/** The ledger that a new entry is about to join. */
export interface LedgerTree {
  readonly index: number;
  root(): Bytes;
  inclusionPath(index: number, size: number): Bytes[];
}

/** A revocation as it was entered. */
export interface Offence {
  readonly id: string;
  readonly entry: Bytes;
  readonly index: number;
  /** Opens its subject commitment. */
  readonly salt: Bytes;
  readonly fromMs: number;
  /** Whether it shows an earlier one itself: such entries grow. */
  readonly isRepeat: boolean;
}

export class PastVerdicts {
  readonly #crypto: Pick<Crypto, "sha256">;
  /** The newest offence, and the newest that shows no earlier one. */
  readonly #bySubject = new Map<SubjectText, readonly Offence[]>();

  constructor(crypto: Pick<Crypto, "sha256">) {
    this.#crypto = crypto;
  }

  /**
   * Remembers a revocation that was entered.
   * @param salts salts of its witnesses in id order.
   */
  note(
    subject: SubjectText,
    revocation: Revocation,
    entry: { readonly bytes: Bytes; readonly index: number },
    salts: readonly Uint8Array[],
  ): void {
    if (entry.bytes.length > LIMITS.earlierEntryBytesMax || revocation.isDryRun) return;
    const salt = this.#crypto.sha256(concat(...salts)).slice(0, SALT_BYTES);
    const offence: Offence = {
      id: hex(revocation.id),
      entry: entry.bytes,
      index: entry.index,
      salt,
      fromMs: Number(revocation.fromMs),
      isRepeat: (revocation.warrant?.earlier.length ?? 0) > 0,
    };
    const known = this.#bySubject.get(subject) ?? [];
    const kept = offence.isRepeat ? known.filter((o) => !o.isRepeat) : [];
    // The subject's place is that of its newest offence.
    this.#bySubject.delete(subject);
    this.#bySubject.set(subject, [...kept, offence]);
    const [oldest] = this.#bySubject.keys();
    if (this.#bySubject.size > LIMITS.pastSubjectsMax)
      this.#bySubject.delete(oldest as SubjectText);
  }

  /** What was lifted was no offence. */
  lift(subject: SubjectText, ids: readonly Uint8Array[]): void {
    const lifted = new Set(ids.map(hex));
    const kept = (this.#bySubject.get(subject) ?? []).filter((o) => !lifted.has(o.id));
    if (kept.length > 0) this.#bySubject.set(subject, kept);
    else this.#bySubject.delete(subject);
  }

  /** The earlier verdict that a new one can show, if one lies so near. */
  earlierOf(
    subject: SubjectText,
    withinMs: number,
    fromMs: number,
    tree: LedgerTree,
  ): EarlierContext | undefined {
    const offences = this.#bySubject.get(subject) ?? [];
    const found = offences.find((o) => o.fromMs + withinMs >= fromMs && o.index <= tree.index);
    if (found === undefined) return undefined;
    const { entry, index, salt } = found;
    const size = tree.index;
    const path = tree.inclusionPath(index, size);
    const fields = { entry, index: BigInt(index), path, salt };
    const verdict: EarlierVerdict = create(EarlierVerdictSchema, fields);
    return { verdict, previousRoot: tree.root(), size };
  }

  /** Forgets offences whose witnesses' private parts are erased: commitments in hex. */
  erase(commitments: ReadonlySet<string>): void {
    for (const [subject, offences] of this.#bySubject) {
      const kept = offences.filter((o) => !commitmentsIn(o.entry).some((c) => commitments.has(c)));
      if (kept.length > 0) this.#bySubject.set(subject, kept);
      else this.#bySubject.delete(subject);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#bySubject, (_, [subject, offences]) => {
      w.string(subject);
      saveAll(w, offences, (__, o) => {
        w.string(o.id).bytes(o.entry).bytes(o.salt).bool(o.isRepeat);
        saveNumber(saveNumber(w, o.index), o.fromMs);
      });
    });
  }

  load(r: BinaryReader): void {
    loadAll(r, () => {
      const subject = r.string() as SubjectText;
      const offences = loadAll(r, (): Offence => {
        const [id, entry, salt, isRepeat] = [r.string(), loadBytes(r), loadBytes(r), r.bool()];
        return { id, entry, salt, isRepeat, index: loadNumber(r), fromMs: loadNumber(r) };
      });
      this.#bySubject.set(subject, offences);
    });
  }
}

function commitmentsIn(entry: Bytes): string[] {
  const effect = decode(EntrySchema, entry, LIMITS.earlierEntryBytesMax)?.effect;
  const signals = effect?.case === "revocation" ? (effect.value.warrant?.signals ?? []) : [];
  return signals.flatMap(({ signal }) => {
    const decoded = decode(SignalSchema, signal, LIMITS.signalBytesMax);
    return decoded === undefined ? [] : [hex(decoded.commitment)];
  });
}
