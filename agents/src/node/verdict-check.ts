// Judges a verdict as every sidecar must (I1): recomputes its body from the policy of its epoch,
// the roster at its index and its warrant, and wants the same bytes. Nothing in the entry is taken
// on trust.

import {
  type Crypto,
  type Entry,
  encode,
  equalBytes,
  isReject,
  Ledger,
  type Lift,
  LiftSchema,
  type PrivatePart,
  type Reject,
  type Revocation,
  RevocationSchema,
  reject,
  type SignalProof,
  type SubjectText,
} from "@ostraka/proto";
import {
  bodyBytes,
  type MeshView,
  type PeopleVerdict,
  readSignal,
  revocationOfSignals,
  verdictOfPeople,
} from "../kernel/index.ts";
import type { Mesh } from "./mesh.ts";

export type CheckedVerdict =
  | { readonly kind: "revocation"; readonly revocation: Revocation; readonly subject: SubjectText }
  | { readonly kind: "lift"; readonly lift: Lift; readonly subject: SubjectText };

/** The verdict of an entry, recomputed; `undefined` for an entry that is none. */
export function checkVerdict(
  crypto: Crypto,
  mesh: Mesh,
  entry: Entry,
  privates: readonly PrivatePart[],
): CheckedVerdict | Reject | undefined {
  const { effect } = entry;
  if (effect.case !== "revocation" && effect.case !== "lift") return undefined;
  // Machine verdicts stand in the signals ledger; whatever an approval made stands in control.
  const isBySignals = entry.ledger === Ledger.SIGNALS;
  const judgedAt = Number(effect.value.controlIndex);
  const isKnown = judgedAt <= mesh.controlIndex;
  // A verdict of people is entered right after the approval that completed it, and judged there.
  const isBefore = isBySignals || judgedAt === Number(entry.index) - 1;
  if (!isKnown || !isBefore) return reject("wrong-index");
  const view = mesh.viewAt(judgedAt);
  if (isBySignals) {
    return effect.case === "revocation"
      ? checkSignals(crypto, view, entry, effect.value, privates)
      : reject("body-differs");
  }
  if (effect.value.epoch !== view.epoch) return reject("wrong-epoch");
  const claimed: Uint8Array =
    effect.case === "lift"
      ? encode(LiftSchema, effect.value)
      : encode(RevocationSchema, effect.value);
  return checkPeople(crypto, view, entry, claimed, privates);
}

function checkSignals(
  crypto: Crypto,
  view: MeshView,
  { previousRoot, index, machineTimeMs }: Entry,
  claimed: Revocation,
  privates: readonly PrivatePart[],
): CheckedVerdict | Reject {
  const { signals, earlier } = claimed.warrant ?? { signals: [], earlier: [] };
  const isOfEpoch = ({ signal }: SignalProof) =>
    epochCounts(view, signal, claimed.epoch, Number(machineTimeMs));
  if (!signals.every(isOfEpoch)) return reject("wrong-epoch");
  const [verdict, another] = earlier;
  if (another !== undefined) return reject("earlier-not-proven");
  const shown = verdict && { verdict, previousRoot, size: Number(index) - 1 };
  const derived = revocationOfSignals(crypto, view, signals, privates, shown);
  if (isReject(derived)) return derived;
  const isSame = equalBytes(
    encode(RevocationSchema, derived.revocation),
    encode(RevocationSchema, claimed),
  );
  return isSame ? { kind: "revocation", ...derived } : reject("body-differs");
}

/** Whether the host of a signal may speak under an epoch at a machine time (I6). */
function epochCounts(view: MeshView, bytes: Uint8Array, epoch: number, atMs: number): boolean {
  const signal = readSignal(bytes);
  const host = signal && view.hostOf(signal.hostKey);
  return host !== undefined && view.epochsOf(host, atMs).includes(epoch);
}

function checkPeople(
  crypto: Crypto,
  view: MeshView,
  entry: Entry,
  claimed: Uint8Array,
  privates: readonly PrivatePart[],
): PeopleVerdict | Reject {
  const { effect } = entry;
  if (effect.case !== "revocation" && effect.case !== "lift") return reject("malformed");
  const [part, ...evidenceParts] = privates;
  const { proposal, approvals } = effect.value.warrant ?? { proposal: undefined, approvals: [] };
  const at = Number(entry.machineTimeMs);
  const derived = verdictOfPeople(crypto, view, proposal, part, approvals, at, evidenceParts);
  if (isReject(derived)) return derived;
  const isSame = derived.kind === effect.case && equalBytes(bodyBytes(derived), claimed);
  return isSame ? derived : reject("body-differs");
}
