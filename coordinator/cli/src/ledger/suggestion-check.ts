// What machines leave to people in the signals ledger: suggestions. Checks that members signed what
// they rest on, that it is about one subject, and that their ids and counts follow from it. Whether
// they were due hangs on signals that no ledger holds: seals say that.

import {
  type MeshView,
  type OpenedSignal,
  openSignalProof,
  revocationId,
  verdictCommitment,
} from "@ostraka/agents/kernel";
import {
  type Crypto,
  compareBytes,
  type Entry,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  reject,
  Stage,
  type Suggestion,
  utf8,
  wireSubjectKind,
} from "@ostraka/proto";

/** Why machines leave a warrant to people (ledger.proto, Suggestion). */
const WHYS: readonly string[] = [
  "window-short",
  "shared-address",
  "governor",
  "rising-together",
  "break-glass",
  "undo-locked-out",
];

/** Why a suggestion may not stand under a view, or `undefined`. */
export function faultOfSuggestion(
  crypto: Crypto,
  view: MeshView,
  suggestion: Suggestion,
  parts: readonly PrivatePart[],
  entry: Entry,
): Reject | undefined {
  const { signals, why, stage, epoch, expiresMs, ttlMs } = suggestion;
  if (signals.length === 0 || signals.length > LIMITS.warrantSignalsMax) {
    return reject("warrant-short");
  }
  if (!WHYS.includes(why) || stage === Stage.UNSPECIFIED || ttlMs === 0n) {
    return reject("malformed");
  }
  if (expiresMs <= entry.machineTimeMs) return reject("expired");
  const opened: OpenedSignal[] = [];
  for (const [i, proof] of signals.entries()) {
    const signal = openSignalProof(crypto, view, proof, parts[i]);
    if (isReject(signal)) return signal;
    if (signal.signal.epoch !== epoch) return reject("wrong-epoch");
    const previous = opened.at(-1);
    if (previous !== undefined && compareBytes(previous.id, signal.id) >= 0) {
      return reject("duplicate");
    }
    opened.push(signal);
  }
  return faultOfCounts(crypto, suggestion, opened);
}

function faultOfCounts(
  crypto: Crypto,
  suggestion: Suggestion,
  opened: readonly OpenedSignal[],
): Reject | undefined {
  const [first] = opened as [OpenedSignal];
  const { subject } = first.private;
  if (opened.some((s) => s.private.subject !== subject)) return reject("commitment-mismatch");
  if (suggestion.subjectKind !== wireSubjectKind(subject)) return reject("malformed");
  const salts = opened.map((s) => s.salt);
  const commitment = verdictCommitment(crypto, subject, salts);
  const hosts = new Set(opened.map((s) => hex(s.host.key)));
  const isCounted =
    equalBytes(commitment, suggestion.commitment) && suggestion.hostCount === hosts.size;
  if (!isCounted) return reject("body-differs");
  const ids = opened.map((s) => s.id);
  const isNamed = [false, true].some((isDryRun) =>
    equalBytes(suggestionId(crypto, suggestion, isDryRun, ids), suggestion.id),
  );
  return isNamed ? undefined : reject("body-differs");
}

/** The id follows from the verdict that machines would have entered, and from what held it. */
function suggestionId(
  crypto: Crypto,
  { commitment, stage, why }: Suggestion,
  isDryRun: boolean,
  ids: readonly Uint8Array[],
): Uint8Array {
  const held = revocationId(crypto, commitment, stage, undefined, isDryRun, ids);
  return crypto.sha256(utf8("ostraka/v1/suggestion"), held, utf8(why));
}
