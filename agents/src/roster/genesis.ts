// Opening a genesis: the one document that a mesh trusts by its hash alone. Checks that its roster
// can work at all: distinct strict keys, thresholds that can be met, groups that exist (DESIGN.md
// 3).

import {
  type Bytes,
  type Crypto,
  compareText,
  decode,
  type Envelope,
  type Genesis,
  GenesisSchema,
  hex,
  isReject,
  isStrictPoint,
  LIMITS,
  type MeshId,
  openEnvelope,
  type Reject,
  Role,
  type Roster,
  reject,
} from "@ostraka/proto";

export interface OpenedGenesis {
  readonly mesh: MeshId;
  readonly genesis: Genesis;
  readonly roster: Roster;
  readonly envelope: Envelope;
}

/** The mesh id of genesis bytes: hex of their SHA-256. */
export function meshIdOf(crypto: Pick<Crypto, "sha256">, body: Uint8Array): MeshId {
  return hex(crypto.sha256(body)) as MeshId;
}

/**
 * Opens a genesis and checks its roster; the caller compares the mesh id with the one it was told.
 */
export function openGenesis(crypto: Crypto, envelope: Envelope): OpenedGenesis | Reject {
  const mesh = meshIdOf(crypto, envelope.body);
  const genesis = decode(GenesisSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
  const roster = genesis?.roster;
  if (genesis === undefined || roster === undefined) return reject("malformed");
  if (genesis.format !== 1 || roster.format !== 1) return reject("unsupported-format");
  if (genesis.nonce.length !== 16 || genesis.caFingerprint.length !== 32)
    return reject("malformed");
  const isFirst =
    roster.version === 1 &&
    roster.previous.length === 0 &&
    roster.expelledKeys.length === 0 &&
    roster.notAfterMs === 0n;
  if (!isFirst) return reject("malformed");
  const fault = faultOfRoster(crypto, roster);
  if (fault !== undefined) return fault;
  const keys = keysOfRoster(roster);
  const opened = openEnvelope(crypto, mesh, "genesis", envelope, (key, roles) => {
    const member = keys.get(hex(key));
    return member !== undefined && roles.includes(member.role) ? member.holder : undefined;
  });
  if (isReject(opened)) return opened;
  if (opened.holders.length < roster.rootThreshold) return reject("threshold-short");
  return { mesh, genesis, roster, envelope };
}

export interface RosterKey {
  readonly holder: string;
  readonly role: Role;
  readonly key: Bytes;
}

/** Every signing key of a roster by its hex. */
export function keysOfRoster(roster: Roster): Map<string, RosterKey> {
  const keys = new Map<string, RosterKey>();
  for (const holder of roster.holders) {
    for (const { role, key } of holder.keys) {
      keys.set(hex(key), { holder: holder.name, role, key: Uint8Array.from(key) });
    }
  }
  return keys;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Whether a name can stand for a holder, a host, a group or a fault domain. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/** Whether a roster can work at all, whatever came before it. */
export function faultOfRoster(crypto: Crypto, roster: Roster): Reject | undefined {
  const names = roster.holders.map((h) => h.name);
  const all = [...names, ...roster.groups.map((g) => g.name), ...roster.faultDomains];
  if (!all.every(isName) || !isName(roster.meshName)) return reject("malformed");
  const isSorted = names.every((n, i) => i === 0 || compareText(names[i - 1] as string, n) < 0);
  if (!isSorted) return reject("malformed");
  const seen = new Set<string>();
  const holdersOf = new Map<Role, number>();
  for (const holder of roster.holders) {
    for (const role of new Set(holder.keys.map((k) => k.role))) {
      holdersOf.set(role, (holdersOf.get(role) ?? 0) + 1);
    }
    for (const key of [...holder.keys.map((k) => k.key), ...holder.foreignKeys]) {
      if (key.length !== 32 || seen.has(hex(key))) return reject("key-in-other-use");
      seen.add(hex(key));
    }
    for (const { role, key } of holder.keys) {
      if (role < Role.ROOT || role > Role.ATTESTOR || role === Role.HOST)
        return reject("malformed");
      if (!isStrictPoint(key) || !crypto.isTorsionFree(key)) return reject("key-not-strict");
    }
  }
  const count = (role: Role) => holdersOf.get(role) ?? 0;
  const isReachable =
    roster.rootThreshold >= 1 &&
    roster.rootThreshold <= count(Role.ROOT) &&
    roster.authorThreshold >= 1 &&
    roster.authorThreshold <= count(Role.AUTHOR) &&
    count(Role.COORDINATOR) >= 1;
  if (!isReachable) return reject("threshold-short");
  const approvers = new Set(
    roster.holders.filter((h) => h.keys.some((k) => k.role === Role.APPROVER)).map((h) => h.name),
  );
  const groupsExist = roster.groups.every((g) => g.holders.every((name) => approvers.has(name)));
  return groupsExist ? undefined : reject("malformed");
}
