// A coordinator's signed note that its machine failed an assertion twice at one position. Owns when
// such notes are enough to pass over a message; the message itself is never judged by anyone.

import {
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  equalBytes,
  hex,
  isReject,
  LEDGERS,
  type LedgerId,
  LIMITS,
  openEnvelope,
  type Poison,
  PoisonNoteSchema,
  type Reject,
  reject,
} from "@ostraka/proto";
import { FORMAT, type MeshView, majorityOf } from "../kernel/index.ts";

const HASH_BYTES = 32;

/** A message that notes are about. */
export interface PoisonCase {
  readonly ledger: LedgerId;
  readonly generation: number;
  readonly position: number;
  /** Of the journal's chain up to and with the message. */
  readonly chainHash: Bytes;
}

export interface OpenedNote extends PoisonCase {
  readonly coordinatorKey: Bytes;
  readonly why: string;
  readonly envelope: Envelope;
}

export function openPoisonNote(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
): OpenedNote | Reject {
  const opened = openEnvelope(crypto, view.mesh, "poison", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const note = decode(PoisonNoteSchema, opened.body, LIMITS.commandBytesMax);
  const key = envelope?.signatures[0]?.key;
  if (note === undefined || key === undefined || envelope?.signatures.length !== 1) {
    return reject("malformed");
  }
  if (note.format !== FORMAT) return reject("unsupported-format");
  const ledger = LEDGERS.find((known) => known === note.ledger);
  const position = Number(note.position);
  if (ledger === undefined || !equalBytes(note.coordinatorKey, key)) return reject("malformed");
  if (note.chainHash.length !== HASH_BYTES || !Number.isSafeInteger(position)) {
    return reject("malformed");
  }
  const { generation, chainHash, why } = note;
  return { ledger, generation, position, chainHash, coordinatorKey: key, why, envelope };
}

/** Why a poison entry may not stand: it takes notes of a majority on one and the same message. */
export function poisonFault(
  crypto: Crypto,
  view: MeshView,
  poison: Poison,
  at: Pick<PoisonCase, "ledger" | "generation" | "position">,
): Reject | undefined {
  if (Number(poison.position) !== at.position) return reject("wrong-index");
  const first = openPoisonNote(crypto, view, poison.notes[0]);
  if (isReject(first)) return reject("not-poisoned");
  const about: PoisonCase = { ...at, chainHash: first.chainHash };
  if (poison.notes.length > LIMITS.signaturesMax) return reject("too-many-signatures");
  const keys = new Set<string>();
  for (const envelope of poison.notes) {
    const note = openPoisonNote(crypto, view, envelope);
    if (isReject(note)) return note;
    if (!isAbout(note, about)) return reject("not-poisoned");
    if (keys.has(hex(note.coordinatorKey))) return reject("duplicate");
    keys.add(hex(note.coordinatorKey));
  }
  const isEnough = keys.size >= majorityOf(view.coordinatorKeys().length);
  return isEnough ? undefined : reject("not-poisoned");
}

function isAbout(note: PoisonCase, about: PoisonCase): boolean {
  return (
    note.ledger === about.ledger &&
    note.generation === about.generation &&
    note.position === about.position &&
    equalBytes(note.chainHash, about.chainHash)
  );
}
