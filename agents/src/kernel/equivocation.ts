// Equivocation: a member's own two signatures prove that it said two things at one place. A host by
// two batches of one range of numbers, or two receipts of one number; a coordinator by two heads of
// one position. Judges the proof by itself, whoever hands it in.

import { create } from "@bufbuild/protobuf";
import {
  BatchSchema,
  type Bytes,
  type Crypto,
  compareBytes,
  decode,
  type Envelope,
  type Equivocation,
  EquivocationSchema,
  equalBytes,
  HeadSchema,
  hex,
  isReject,
  kindOfType,
  LIMITS,
  openEnvelope,
  ReceiptSchema,
  type Reject,
  reject,
} from "@ostraka/proto";
import type { MeshView } from "./mesh-view.ts";
import { FORMAT } from "./signal-proof.ts";

/** Kinds whose author must never say two things at one place. */
type PlacedKind = "batch" | "receipt" | "head";

export interface OpenedEquivocation {
  readonly key: Bytes;
  readonly kind: PlacedKind;
}

/** The proof of two envelopes of one author, the lesser bytes first: one pair, one spelling. */
export function equivocationOf(key: Bytes, a: Envelope, b: Envelope): Equivocation {
  const [first, second] = compareBytes(a.body, b.body) < 0 ? [a, b] : [b, a];
  return create(EquivocationSchema, { format: FORMAT, key, first, second });
}

/** Opens a proof against the members of `view`. */
export function openEquivocation(
  crypto: Crypto,
  view: MeshView,
  proof: Equivocation | undefined,
): OpenedEquivocation | Reject {
  const { first, second, key } = proof ?? {};
  if (first === undefined || second === undefined || key === undefined) return reject("malformed");
  if (proof?.format !== FORMAT) return reject("unsupported-format");
  const kind = kindOfType(view.mesh, first.type);
  if (kind !== "batch" && kind !== "receipt" && kind !== "head") return reject("wrong-type");
  if (compareBytes(first.body, second.body) >= 0) return reject("malformed");
  const places: string[] = [];
  for (const envelope of [first, second]) {
    const opened = openEnvelope(crypto, view.mesh, kind, envelope, view.findHolder);
    if (isReject(opened)) return opened;
    const [signature, another] = envelope.signatures;
    const isOwn = another === undefined && equalBytes(signature?.key as Bytes, key);
    const place = placeOf(kind, envelope.body, key);
    if (!isOwn || place === undefined) return reject("malformed");
    places.push(place);
  }
  if (places[0] !== places[1]) return reject("malformed");
  return view.convictedAt(key) === undefined ? { key, kind } : reject("duplicate");
}

/** Opens a coordinator's command that hands such a proof in. */
export function openAccusation(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope,
): Equivocation | Reject {
  const opened = openEnvelope(crypto, view.mesh, "equivocation", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const proof = decode(EquivocationSchema, opened.body, LIMITS.commandBytesMax);
  const judged = openEquivocation(crypto, view, proof);
  return isReject(judged) ? judged : (proof as Equivocation);
}

/** Where a body speaks, in words that are equal only for one place. */
function placeOf(kind: PlacedKind, body: Bytes, key: Uint8Array): string | undefined {
  switch (kind) {
    case "batch": {
      const batch = decode(BatchSchema, body, LIMITS.envelopeBodyBytesMax);
      if (batch === undefined || !equalBytes(batch.hostKey, key)) return undefined;
      return `${hex(batch.incarnation)}/${batch.firstNumber}/${batch.count}`;
    }
    case "receipt": {
      const receipt = decode(ReceiptSchema, body, LIMITS.envelopeBodyBytesMax);
      if (receipt === undefined || !equalBytes(receipt.hostKey, key)) return undefined;
      return `${hex(receipt.incarnation)}/${receipt.number}`;
    }
    case "head": {
      const head = decode(HeadSchema, body, LIMITS.headBytesMax);
      return head && `${head.ledger}/${head.generation}/${head.position}`;
    }
  }
}
