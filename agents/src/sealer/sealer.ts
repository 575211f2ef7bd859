// The sealer agent: collects seals on heads and says when a majority of coordinators has signed the
// same bytes. Runs at coordinators and at sidecars alike. Two different heads of one coordinator
// for one (ledger, generation, position) are proof of a lie: named, and that coordinator's seals
// there count no more.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  compareBytes,
  type Envelope,
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
import { decodeHead, isLaterHead, type MeshView, majorityOf } from "../kernel/index.ts";

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
  /** First head that each coordinator signed here. */
  readonly firstOf: Map<string, string>;
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
  const signed = new Set<string>();
  for (const { key, signature } of sealed.seals) {
    if (!coordinators.some((k) => equalBytes(k, key))) return reject("unknown-key");
    if (signed.has(hex(key))) return reject("duplicate");
    if (!crypto.verify(key, message, signature)) return reject("bad-signature");
    signed.add(hex(key));
  }
  return signed.size >= majorityOf(coordinators.length) ? head : reject("not-sealed");
}

export class Sealer {
  readonly #crypto: Crypto;
  readonly #ledger: LedgerId;
  readonly #pending = new Map<string, Pending>();
  #latest: Sealed | undefined;
  /** Newest head that each coordinator has signed, by hex key. */
  readonly #newestOf = new Map<string, Head>();

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

  /** Who has sealed the newest head that is not yet sealed by a majority, as hex keys. */
  missingSeals(view: MeshView): readonly string[] {
    let newest: Pending | undefined;
    for (const pending of this.#pending.values()) newest = pending;
    if (newest === undefined) return [];
    const all = view.coordinatorKeys().map(hex);
    return all.filter((key) => !newest.firstOf.has(key));
  }

  /** Takes one coordinator's head; the sealed head when it completes a majority that is newer. */
  take(view: MeshView, envelope: Envelope): Sealed | Reject | undefined {
    const opened = openEnvelope(this.#crypto, view.mesh, "head", envelope, view.findHolder);
    if (isReject(opened)) return opened;
    const head = decodeHead(opened.body);
    // One seal an envelope: who splices two must not have the wrong one blamed.
    const isPlain = envelope.signatures.length === 1;
    if (head === undefined || head.ledger !== this.#ledger || !isPlain) return reject("malformed");
    if (head.format !== 1) return reject("unsupported-format");
    this.#noteNewest(head, envelope.signatures[0] as Signature);
    if (this.#latest !== undefined && !isLaterHead(head, this.#latest.head)) return undefined;
    const pending = this.#pendingAt(head);
    const id = hex(this.#crypto.sha256(opened.body));
    for (const seal of envelope.signatures) {
      const fault = this.#addSeal(pending, id, opened.body, seal);
      if (fault !== undefined) return fault;
    }
    return this.#complete(view, head, pending, id);
  }

  #noteNewest(head: Head, { key }: Signature): void {
    const known = this.#newestOf.get(hex(key));
    if (known === undefined || isLaterHead(head, known)) this.#newestOf.set(hex(key), head);
  }

  #addSeal(pending: Pending, id: string, bytes: Uint8Array, seal: Signature): Reject | undefined {
    const key = hex(seal.key);
    const first = pending.firstOf.get(key);
    if (first !== undefined && first !== id) {
      pending.liars.add(key);
      for (const { seals } of pending.byHead.values()) seals.delete(key);
    }
    if (pending.liars.has(key)) return reject("equivocation");
    pending.firstOf.set(key, id);
    const known = pending.byHead.get(id) ?? { bytes, seals: new Map<string, Signature>() };
    pending.byHead.set(id, known);
    known.seals.set(key, seal);
    return undefined;
  }

  #complete(view: MeshView, head: Head, pending: Pending, id: string): Sealed | undefined {
    const { bytes, seals } = pending.byHead.get(id) as {
      bytes: Uint8Array;
      seals: Map<string, Signature>;
    };
    if (seals.size < majorityOf(view.coordinatorKeys().length)) return undefined;
    const sorted = [...seals.values()].sort((a, b) => compareBytes(a.key, b.key));
    const sealed = create(SealedHeadSchema, { head: Uint8Array.from(bytes), seals: sorted });
    this.#latest = { head, sealed };
    this.#forgetBelow(head);
    return this.#latest;
  }

  #pendingAt(head: Head): Pending {
    const at = `${head.generation}/${head.position}`;
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
      if (isBelow) this.#pending.delete(at);
    }
  }
}
