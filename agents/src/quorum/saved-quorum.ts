// How a quorum writes what it holds into a snapshot: signed bytes, their private parts and the
// control index at which each was taken, under which they are opened again. Nothing opened is
// written: what cannot be opened again is no state.

import {
  type Crypto,
  type Envelope,
  EnvelopeSchema,
  isReject,
  type PrivatePart,
  PrivatePartSchema,
  SignalProofSchema,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadMessage,
  loadNumber,
  type MeshView,
  type OpenedSignal,
  openSignalProof,
  saveMessage,
  saveNumber,
} from "../kernel/index.ts";
import type { CountedSignal } from "./signal-quorum.ts";

/** The mesh as of a control index. */
export type ViewAt = (controlIndex: number) => MeshView;

/** A signal that waits in a window, with the control index at which it was taken. */
export interface HeldSignal extends CountedSignal {
  readonly takenAt: number;
  /** Machine time at which it was taken. */
  readonly takenMs: number;
}

export function saveSignal(w: BinaryWriter, held: HeldSignal): void {
  saveNumber(saveNumber(w, held.takenAt), held.takenMs);
  saveMessage(w, SignalProofSchema, held.proof());
  saveMessage(w, PrivatePartSchema, held.part);
}

export function loadSignal(r: BinaryReader, crypto: Crypto, viewAt: ViewAt): HeldSignal {
  const [takenAt, takenMs] = [loadNumber(r), loadNumber(r)];
  const proof = loadMessage(r, SignalProofSchema);
  const part = loadMessage(r, PrivatePartSchema);
  const opened: OpenedSignal = orThrow(openSignalProof(crypto, viewAt(takenAt), proof, part));
  return { ...opened, part, proof: () => proof, takenAt, takenMs };
}

/** A command that was taken at a control index. */
export function saveCommand(w: BinaryWriter, envelope: Envelope, takenAt: number): void {
  saveNumber(w, takenAt);
  saveMessage(w, EnvelopeSchema, envelope);
}

export function loadCommand<T>(
  r: BinaryReader,
  open: (envelope: Envelope, takenAt: number) => T,
): {
  readonly envelope: Envelope;
  readonly opened: Exclude<T, { readonly reject: unknown }>;
  readonly takenAt: number;
} {
  const takenAt = loadNumber(r);
  const envelope = loadMessage(r, EnvelopeSchema);
  return { envelope, opened: orThrow(open(envelope, takenAt)), takenAt };
}

export function savePart(w: BinaryWriter, part: PrivatePart): void {
  saveMessage(w, PrivatePartSchema, part);
}

export function loadPart(r: BinaryReader): PrivatePart {
  return loadMessage(r, PrivatePartSchema);
}

/** What a machine has taken opens again under what it knew then. */
function orThrow<T>(value: T): Exclude<T, { readonly reject: unknown }> {
  if (isReject(value)) throw new Error(`a snapshot does not open again: ${value.reject}`);
  return value as Exclude<T, { readonly reject: unknown }>;
}
