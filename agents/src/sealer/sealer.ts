// The sealer agent: collects seals on heads and says when a majority of coordinators has signed the
// same bytes. Runs at coordinators and at sidecars alike. Two different heads of one coordinator
// for one (ledger, generation, position) are proof of a lie: named, and that coordinator's seals
// there count no more.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  compareBytes,
  type Envelope,
  type Equivocation,
  envelopeType,
  equalBytes,
  type Head,
  hex,
  isReject,
  type LedgerId,
  LIMITS,
  openEnvelope,
  pae,
  type Reject,
  reject,
  type SealedHead,
  SealedHeadSchema,
  type Signature,
} from "@ostraka/proto";
import {
  decodeHead,
  equivocationOf,
  isLaterHead,
  type MeshView,
  majorityOf,
} from "../kernel/index.ts";

export interface Sealed {
  readonly head: Head;
  readonly sealed: SealedHead;
}

interface Pending {
  /** Seals by hash of head bytes, then by coordinator key. */
  readonly byHead: Map<
    string,
    { readonly bytes: Uint8Array; readonly seals: Map<string, Signature> }
  >;
  /** First head that each coordinator signed here, and its hash. */
  readonly firstOf: Map<string, { readonly id: string; readonly envelope: Envelope }>;
  readonly liars: Set<string>;
}

/** Opens a sealed head: a majority of distinct coordinators of `view` on exactly these bytes. */
export function openSealedHead(
  crypto: Crypto,
  view: MeshView,
  sealed: SealedHead | undefined,
): Head | Reject {
  if (sealed === undefined) return reject("malformed");
  const head = decodeHead(sealed.head);
  if (head === undefined || sealed.seals.length > LIMITS.signaturesMax) return reject("malformed");
  if (head.format !== 1) return reject("unsupported-format");
  const message = pae(envelopeType(view.mesh, "head"), sealed.head);
  const coordinators = view.coordinatorKeys();
  const seen = new Set<string>();
  const signed = new Set<string>();
  for (const { key, signature } of sealed.seals) {
    if (!coordinators.some((k) => equalBytes(k, key))) return reject("unknown-key");
    if (seen.has(hex(key))) return reject("duplicate");
    seen.add(hex(key));
    if (!crypto.verify(key, message, signature)) return reject("bad-signature");
    if (counts(view, key, head)) signed.add(hex(key));
  }
  return signed.size >= majorityOf(coordinators.length) ? head : reject("not-sealed");
}

/**
 * Whether a coordinator's seal on a head counts: not from the index on at which it was proven to
 * have sealed two things at one place. The majority stays one of the whole roster.
 */
function counts(view: MeshView, key: Uint8Array, head: Head): boolean {
  const convictedAt = view.convictedAt(key);
  return convictedAt === undefined || Number(head.controlIndex) < convictedAt;
}

/** Positions that are sealed or passed over and still compared with what comes late. */
const PASSED_MAX = 64;
/** Heads whose seals may still be on their way from the other coordinators. */
const DECODED_MAX = 16;

export class Sealer {
  readonly #crypto: Crypto;
  readonly #ledger: LedgerId;
  readonly #pending = new Map<string, Pending>();
  #latest: Sealed | undefined;
  /** Newest head that each coordinator has signed, by hex key. */
  readonly #newestOf = new Map<string, Head>();
  /** First heads at the last positions that are sealed or lie below one. */
  readonly #passed = new Map<string, Pending["firstOf"]>();
  /** Heads by hash of their bytes, the last few. */
  readonly #decoded = new Map<string, Head>();
  /** Proofs against coordinators caught here, by hex key. */
  readonly #caught = new Map<string, Equivocation>();

  constructor(crypto: Crypto, ledger: LedgerId) {
    this.#crypto = crypto;
    this.#ledger = ledger;
  }

  get latest(): Sealed | undefined {
    return this.#latest;
  }

  /** The newest head heard from a coordinator since this process began. */
  newestOf(coordinatorKey: Uint8Array): Head | undefined {
    return this.#newestOf.get(hex(coordinatorKey));
  }

  /** Starts from a sealed head that was stored or fetched, and has been opened. */
  adopt(sealed: Sealed): void {
    if (this.#latest === undefined || isLaterHead(sealed.head, this.#latest.head)) {
      this.#latest = sealed;
      this.#forgetBelow(sealed.head);
    }
  }

  /**
   * Whose seals the newest head lacks that is not yet sealed by a majority, as hex keys: those who
   * were convicted among them, since theirs count no more.
   */
  missingSeals(view: MeshView): readonly string[] {
    let newest: Pending | undefined;
    for (const pending of this.#pending.values()) newest = pending;
    if (newest === undefined) return [];
    const { firstOf } = newest;
    const missing = view
      .coordinatorKeys()
      .filter((key) => !firstOf.has(hex(key)) || view.convictedAt(key) !== undefined);
    return missing.map(hex);
  }

  /** Takes one coordinator's head; the sealed head when it completes a majority that is newer. */
  take(view: MeshView, envelope: Envelope): Sealed | Reject | undefined {
    const opened = openEnvelope(this.#crypto, view.mesh, "head", envelope, view.findHolder);
    if (isReject(opened)) return opened;
    const id = hex(this.#crypto.sha256(opened.body));
    const head = this.#headOf(id, opened.body);
    // One seal an envelope: who splices two must not have the wrong one blamed.
    const isPlain = envelope.signatures.length === 1;
    if (head === undefined || head.ledger !== this.#ledger || !isPlain) return reject("malformed");
    if (head.format !== 1) return reject("unsupported-format");
    const [seal] = envelope.signatures as [Signature];
    this.#noteNewest(head, seal);
    if (this.#latest !== undefined && !isLaterHead(head, this.#latest.head)) {
      return this.#comparePassed(head, id, envelope);
    }
    const pending = this.#pendingAt(head);
    const fault = this.#addSeal(pending, id, envelope, seal);
    if (fault !== undefined) return fault;
    return counts(view, seal.key, head)
      ? this.#complete(view, head, pending, id)
      : reject("equivocation");
  }

  /** Every coordinator seals the same bytes: they are decoded ONCE. */
  #headOf(id: string, bytes: Uint8Array): Head | undefined {
    const known = this.#decoded.get(id);
    if (known !== undefined) return known;
    const head = decodeHead(bytes);
    if (head === undefined) return undefined;
    this.#decoded.set(id, head);
    const [oldest] = this.#decoded.keys();
    if (this.#decoded.size > DECODED_MAX) this.#decoded.delete(oldest as string);
    return head;
  }

  /** Proofs against coordinators that were caught since this was last asked. */
  takeProofs(): Equivocation[] {
    const proofs = [...this.#caught.values()];
    this.#caught.clear();
    return proofs;
  }

  /** What comes late changes nothing, but may convict its author. */
  #comparePassed(head: Head, id: string, envelope: Envelope): Reject | undefined {
    const passed = this.#passed.get(placeOf(head));
    return passed && this.#compare(passed, id, envelope);
  }

  /** Remembers the first head of its author at a place; `equivocation` for another one there. */
  #compare(firstOf: Pending["firstOf"], id: string, envelope: Envelope): Reject | undefined {
    const [{ key }] = envelope.signatures as [Signature];
    const first = firstOf.get(hex(key));
    if (first === undefined) firstOf.set(hex(key), { id, envelope });
    if (first === undefined || first.id === id) return undefined;
    this.#caught.set(hex(key), equivocationOf(key, first.envelope, envelope));
    return reject("equivocation");
  }

  #noteNewest(head: Head, { key }: Signature): void {
    const known = this.#newestOf.get(hex(key));
    if (known === undefined || isLaterHead(head, known)) this.#newestOf.set(hex(key), head);
  }

  #addSeal(pending: Pending, id: string, envelope: Envelope, seal: Signature): Reject | undefined {
    const key = hex(seal.key);
    if (this.#compare(pending.firstOf, id, envelope) !== undefined) {
      pending.liars.add(key);
      for (const { seals } of pending.byHead.values()) seals.delete(key);
    }
    if (pending.liars.has(key)) return reject("equivocation");
    const bytes = envelope.body;
    const known = pending.byHead.get(id) ?? { bytes, seals: new Map<string, Signature>() };
    pending.byHead.set(id, known);
    known.seals.set(key, seal);
    return undefined;
  }

  #complete(view: MeshView, head: Head, pending: Pending, id: string): Sealed | undefined {
    const { bytes, seals: all } = pending.byHead.get(id) as {
      bytes: Uint8Array;
      seals: Map<string, Signature>;
    };
    // Some may have been convicted since they sealed.
    const seals = new Map([...all].filter(([, { key }]) => counts(view, key, head)));
    if (seals.size < majorityOf(view.coordinatorKeys().length)) return undefined;
    const sorted = [...seals.values()].sort((a, b) => compareBytes(a.key, b.key));
    const sealed = create(SealedHeadSchema, { head: Uint8Array.from(bytes), seals: sorted });
    this.#latest = { head, sealed };
    this.#forgetBelow(head);
    return this.#latest;
  }

  #pendingAt(head: Head): Pending {
    const at = placeOf(head);
    const known = this.#pending.get(at);
    if (known !== undefined) return known;
    if (this.#pending.size >= LIMITS.pendingHeadsMax) {
      const [oldest] = this.#pending.keys();
      this.#pending.delete(oldest as string);
    }
    const pending: Pending = { byHead: new Map(), firstOf: new Map(), liars: new Set() };
    this.#pending.set(at, pending);
    return pending;
  }

  #forgetBelow(head: Head): void {
    for (const at of this.#pending.keys()) {
      const [generation, position] = at.split("/") as [string, string];
      const isBelow =
        Number(generation) < head.generation ||
        (Number(generation) === head.generation && BigInt(position) <= head.position);
      if (!isBelow) continue;
      this.#passed.set(at, (this.#pending.get(at) as Pending).firstOf);
      this.#pending.delete(at);
      const [oldest] = this.#passed.keys();
      if (this.#passed.size > PASSED_MAX) this.#passed.delete(oldest as string);
    }
  }
}

function placeOf(head: Head): string {
  return `${head.generation}/${head.position}`;
}
