// The latest receipt of every host, verified, beside the ledger (DESIGN.md 9). A receipt never goes
// back: within an incarnation its number rises, across incarnations its time.

import {
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  EnvelopeSchema,
  type Equivocation,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  openEnvelope,
  type Receipt,
  ReceiptSchema,
  type Reject,
  reject,
} from "@ostraka/proto";
import { equivocationOf, type MeshView } from "../../kernel/index.ts";

export interface TakenReceipt {
  readonly envelope: Envelope;
  readonly receipt: Receipt;
}

/** Opens a receipt: signed by the member host that it speaks of. */
export function openReceipt(crypto: Crypto, view: MeshView, envelope: Envelope): Receipt | Reject {
  const opened = openEnvelope(crypto, view.mesh, "receipt", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const receipt = decode(ReceiptSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  const key = envelope.signatures[0]?.key;
  if (receipt === undefined || key === undefined) return reject("malformed");
  if (receipt.format !== 1) return reject("unsupported-format");
  if (view.isExpelled(key)) return reject("expelled");
  return equalBytes(receipt.hostKey, key) ? receipt : reject("malformed");
}

/** The furthest that a receipt can speak of. */
export interface ReceiptBounds {
  readonly controlIndex: number;
  readonly signalsIndex: number;
  readonly machineTimeMs: number;
}

const NO_BOUNDS: ReceiptBounds = {
  controlIndex: Number.POSITIVE_INFINITY,
  signalsIndex: Number.POSITIVE_INFINITY,
  machineTimeMs: Number.POSITIVE_INFINITY,
};

export class ReceiptBook {
  readonly #crypto: Crypto;
  readonly #byHost = new Map<string, TakenReceipt>();
  /** Proofs against hosts that signed two receipts under one number, by hex key. */
  readonly #caught = new Map<string, Equivocation>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  of(hostKey: Uint8Array): TakenReceipt | undefined {
    return this.#byHost.get(hex(hostKey));
  }

  /** Proofs against hosts that were caught since this was last asked. */
  takeProofs(): Equivocation[] {
    const proofs = [...this.#caught.values()];
    this.#caught.clear();
    return proofs;
  }

  /** Forgets receipts from before a time, the host's own. @returns the keys of their hosts. */
  expire(beforeMs: number): Bytes[] {
    const over = [...this.#byHost.values()].filter((t) => Number(t.receipt.timeMs) < beforeMs);
    for (const { receipt } of over) this.#byHost.delete(hex(receipt.hostKey));
    return over.map(({ receipt }) => receipt.hostKey);
  }

  all(): Iterable<TakenReceipt> {
    return this.#byHost.values();
  }

  /**
   * Takes a receipt if it is newer; `undefined` for one that is not.
   * @param latest what there is to prove: a receipt past it is about something that does not exist,
   * and would stand for verdicts to come.
   */
  take(
    view: MeshView,
    bytes: Bytes,
    latest: ReceiptBounds = NO_BOUNDS,
  ): TakenReceipt | Reject | undefined {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return reject("malformed");
    const receipt = openReceipt(this.#crypto, view, envelope);
    if (isReject(receipt)) return receipt;
    const isPast =
      receipt.controlIndex > latest.controlIndex ||
      receipt.signalsIndex > latest.signalsIndex ||
      receipt.machineTimeMs > latest.machineTimeMs;
    if (isPast) return reject("clock-off");
    const before = this.of(receipt.hostKey);
    const known = before?.receipt;
    if (before !== undefined && isContradicting(envelope, receipt, before)) {
      this.#caught.set(
        hex(receipt.hostKey),
        equivocationOf(receipt.hostKey, before.envelope, envelope),
      );
      return reject("equivocation");
    }
    if (known !== undefined && !isNewer(receipt, known)) return undefined;
    const taken = { envelope, receipt };
    this.#byHost.set(hex(receipt.hostKey), taken);
    return taken;
  }
}

/** One signature each: what is spliced convicts nobody. */
function isContradicting(envelope: Envelope, receipt: Receipt, before: TakenReceipt): boolean {
  return (
    receipt.number === before.receipt.number &&
    equalBytes(receipt.incarnation, before.receipt.incarnation) &&
    !equalBytes(envelope.body, before.envelope.body) &&
    envelope.signatures.length === 1
  );
}

function isNewer(receipt: Receipt, known: Receipt): boolean {
  return equalBytes(receipt.incarnation, known.incarnation)
    ? receipt.number > known.number
    : receipt.machineTimeMs > known.machineTimeMs;
}
