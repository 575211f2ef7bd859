// Probes: signed no-ops that go the whole way of a kill switch, from the journal to the receipts.
// Owns which are entered: of a coordinator, in time, and no more often than the ledger can bear.

import {
  type Crypto,
  decode,
  type Envelope,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  openEnvelope,
  type Probe,
  ProbeSchema,
  type Reject,
  reject,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  checkNotAfter,
  FORMAT,
  isTime,
  loadAll,
  loadNumber,
  type MeshView,
  saveAll,
  saveNumber,
} from "../kernel/index.ts";

/** Why a probe's own fields may not stand at this machine time. */
export function faultOfProbe(
  view: MeshView,
  { format, coordinatorKey, timeMs, notAfterMs }: Probe,
  machineTimeMs: number,
): Reject | undefined {
  if (format !== FORMAT) return reject("unsupported-format");
  if (!isTime(timeMs)) return reject("malformed");
  const late = checkNotAfter(notAfterMs, machineTimeMs);
  if (late !== undefined) return late;
  if (Number(timeMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
  const isCoordinator = view.coordinatorKeys().some((key) => equalBytes(key, coordinatorKey));
  return isCoordinator ? undefined : reject("unknown-key");
}

/** Opens a probe at the machine time at which it is to be entered. */
function openProbe(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope,
  machineTimeMs: number,
): Probe | Reject {
  const opened = openEnvelope(crypto, view.mesh, "probe", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const probe = decode(ProbeSchema, opened.body, LIMITS.commandBytesMax);
  const [signature, another] = envelope.signatures;
  const isOwn = signature && probe && equalBytes(probe.coordinatorKey, signature.key);
  if (probe === undefined || !isOwn || another !== undefined) return reject("malformed");
  return faultOfProbe(view, probe, machineTimeMs) ?? probe;
}

export class ProbeBook {
  readonly #crypto: Crypto;
  /** Time of each coordinator's newest probe, by hex key. */
  readonly #newest = new Map<string, number>();
  /** Machine time of the last one entered; 0 before the first. */
  #enteredMs = 0;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  get enteredMs(): number {
    return this.#enteredMs;
  }

  /** Takes a probe that may be entered now. */
  take(view: MeshView, envelope: Envelope, machineTimeMs: number): Probe | Reject {
    const probe = openProbe(this.#crypto, view, envelope, machineTimeMs);
    if (isReject(probe)) return probe;
    const key = hex(probe.coordinatorKey);
    const timeMs = Number(probe.timeMs);
    const isNew = timeMs > (this.#newest.get(key) ?? 0);
    const isSpaced = this.#enteredMs === 0 || machineTimeMs - this.#enteredMs >= LIMITS.probeMsMin;
    if (!isNew || !isSpaced) return reject("duplicate");
    this.#newest.set(key, timeMs);
    this.#enteredMs = machineTimeMs;
    return probe;
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#newest, (_, [key, ms]) => saveNumber(w.string(key), ms));
    saveNumber(w, this.#enteredMs);
  }

  load(r: BinaryReader): void {
    loadAll(r, () => this.#newest.set(r.string(), loadNumber(r)));
    this.#enteredMs = loadNumber(r);
  }
}
