// One version of the roster, looked up by key and holder, and the line of versions: each signed by
// the thresholds of the one before and its own, without gaps (DESIGN.md 3). Kept by control index,
// so a verdict is judged by the roster that it names.

import {
  type Bytes,
  type Crypto,
  compareBytes,
  decode,
  type Envelope,
  encode,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  type MeshId,
  openEnvelope,
  type Reject,
  Role,
  type Roster as RosterDocument,
  RosterSchema,
  reject,
} from "@ostraka/proto";
import { checkNotAfter } from "../kernel/index.ts";
import { faultOfRoster, keysOfRoster, type RosterKey } from "./genesis.ts";

export interface RosterVersion {
  readonly document: RosterDocument;
  /** Control index from which on it is in force; 0 for the genesis's. */
  readonly index: number;
  readonly keys: ReadonlyMap<string, RosterKey>;
  readonly coordinators: readonly Bytes[];
  readonly expelled: ReadonlySet<string>;
  groupsOf(holder: string): readonly string[];
}

export function rosterVersion(document: RosterDocument, index: number): RosterVersion {
  const keys = keysOfRoster(document);
  const groups = new Map<string, string[]>();
  for (const group of document.groups) {
    for (const holder of group.holders) {
      groups.set(holder, [...(groups.get(holder) ?? []), group.name]);
    }
  }
  return {
    document,
    index,
    keys,
    coordinators: [...keys.values()].filter((k) => k.role === Role.COORDINATOR).map((k) => k.key),
    expelled: new Set(document.expelledKeys.map(hex)),
    groupsOf: (holder) => groups.get(holder) ?? [],
  };
}

/** What a roster may not take into use: keys and names that mean something else already. */
export interface RosterUses {
  /** Whether a key has been seen outside this and earlier rosters, or in another place of them. */
  isUsed(key: Uint8Array): boolean;
  isHostName(name: string): boolean;
}

/**
 * Checks a roster that is to follow another one.
 * @param uses keys and names in use outside the roster.
 */
export function evaluateRoster(
  crypto: Crypto,
  mesh: MeshId,
  last: RosterVersion,
  envelope: Envelope,
  uses: RosterUses,
  machineTimeMs: number,
): RosterDocument | Reject {
  const next = decode(RosterSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
  if (next === undefined) return reject("malformed");
  if (next.format !== 1) return reject("unsupported-format");
  const before = last.document;
  const isNext =
    next.version === before.version + 1 &&
    next.meshName === before.meshName &&
    equalBytes(next.previous, crypto.sha256(encode(RosterSchema, before)));
  if (!isNext) return reject("roster-not-next");
  const unsound = faultOfRoster(crypto, next);
  if (unsound !== undefined) return unsound;
  const unsigned = faultOfSigners(crypto, mesh, before, next, envelope);
  if (unsigned !== undefined) return unsigned;
  const late = checkNotAfter(next.notAfterMs, machineTimeMs);
  if (late !== undefined) return late;
  return faultOfChange(last, rosterVersion(next, 0), uses) ?? next;
}

/** The thresholds of both versions, each counted in holders of its own root keys. */
function faultOfSigners(
  crypto: Crypto,
  mesh: MeshId,
  before: RosterDocument,
  next: RosterDocument,
  envelope: Envelope,
): Reject | undefined {
  const isEnough = [before, next].map((document) => {
    const keys = keysOfRoster(document);
    const holders = envelope.signatures
      .map(({ key }) => keys.get(hex(key)))
      .filter((member) => member?.role === Role.ROOT)
      .map((member) => member?.holder);
    return new Set(holders).size >= document.rootThreshold;
  });
  const known = [keysOfRoster(next), keysOfRoster(before)];
  const opened = openEnvelope(crypto, mesh, "roster", envelope, (key, roles) => {
    const member = known.map((keys) => keys.get(hex(key))).find((found) => found !== undefined);
    return member !== undefined && roles.includes(member.role) ? member.holder : undefined;
  });
  if (isReject(opened)) return opened;
  return isEnough.every(Boolean) ? undefined : reject("threshold-short");
}

function faultOfChange(
  last: RosterVersion,
  next: RosterVersion,
  uses: RosterUses,
): Reject | undefined {
  const wasKey = (id: string) => last.keys.get(id);
  for (const [id, { holder, role, key }] of next.keys) {
    const was = wasKey(id);
    const isSame = was !== undefined && was.holder === holder && was.role === role;
    if (!isSame && uses.isUsed(key)) return reject("key-in-other-use");
  }
  const foreignBefore = new Set(last.document.holders.flatMap((h) => h.foreignKeys.map(hex)));
  for (const { name, foreignKeys } of next.document.holders) {
    if (uses.isHostName(name)) return reject("name-taken");
    const isFresh = foreignKeys.every((key) => foreignBefore.has(hex(key)) || !uses.isUsed(key));
    if (!isFresh) return reject("key-in-other-use");
  }
  // Coordinators change in a ceremony of their own; a roster that changes them is refused.
  const seats = (version: RosterVersion) => version.coordinators.map(hex).sort().join();
  if (seats(last) !== seats(next)) return reject("roster-not-next");
  // Domains stay: a host's domain is what its grant said.
  const isKept = last.document.faultDomains.every((d) => next.document.faultDomains.includes(d));
  if (!isKept) return reject("unknown-fault-domain");
  const { expelledKeys } = next.document;
  const isSorted = expelledKeys.every(
    (key, i) =>
      key.length === 32 && (i === 0 || compareBytes(expelledKeys[i - 1] as Bytes, key) < 0),
  );
  // An expulsion is final.
  const isFinal = [...last.expelled].every((id) => next.expelled.has(id));
  return isSorted && isFinal ? undefined : reject("malformed");
}
