// The roster agent: who may sign what, from the genesis on, and which hosts have joined by which
// grant. Evaluates grants and memberships without changing anything; applies what the ledger
// entered. History is kept by control index, so a verdict is judged by the roster that it names.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  equalBytes,
  type FindHolder,
  type Grant,
  GrantSchema,
  hex,
  isReject,
  isStrictPoint,
  type Join,
  JoinSchema,
  LIMITS,
  type Member,
  MemberSchema,
  MembershipSchema,
  type MeshId,
  openEnvelope,
  type Reject,
  Role,
  type Roster as RosterDocument,
  RosterSchema,
  reject,
} from "@ostraka/proto";
import { checkNotAfter, type HostMember } from "../kernel/index.ts";
import { isName, type OpenedGenesis } from "./genesis.ts";
import { evaluateRoster, type RosterVersion, rosterVersion } from "./roster-version.ts";

interface Granted {
  readonly grant: Grant;
  /** The signed bytes. */
  readonly body: Bytes;
  readonly operators: readonly string[];
  uses: number;
}

/** Signatures of two operators, of two holders, make a host a witness (DESIGN.md 3). */
const WITNESS_OPERATORS = 2;

export class Roster {
  readonly mesh: MeshId;
  readonly #crypto: Crypto;
  /** In order; the last one is in force. */
  readonly #versions: RosterVersion[];
  readonly #grants = new Map<string, Granted>();
  readonly #hosts = new Map<string, HostMember>();
  readonly #hostsByName = new Map<string, HostMember>();
  /** Every key ever seen in any use: signing, joining, TLS, NATS. */
  readonly #usedKeys = new Set<string>();

  constructor(crypto: Crypto, opened: OpenedGenesis) {
    this.#crypto = crypto;
    this.mesh = opened.mesh;
    this.#versions = [rosterVersion(opened.roster, 0)];
    this.#useKeysOf(opened.roster);
  }

  #useKeysOf(document: RosterDocument): void {
    for (const holder of document.holders) {
      for (const key of holder.foreignKeys) this.#usedKeys.add(hex(key));
      for (const { key } of holder.keys) this.#usedKeys.add(hex(key));
    }
  }

  /** The roster in force. */
  get document(): RosterDocument {
    return this.#last.document;
  }

  get #last(): RosterVersion {
    return this.#versions[this.#versions.length - 1] as RosterVersion;
  }

  /** The version in force at a control index. */
  at(index: number): RosterVersion {
    return this.#versions.findLast((v) => v.index <= index) as RosterVersion;
  }

  coordinatorKeys(): readonly Bytes[] {
    return this.#last.coordinators;
  }

  /** Checks a roster that is to follow the one in force. */
  evaluateRoster(envelope: Envelope, machineTimeMs: number): RosterDocument | Reject {
    const uses = {
      isUsed: (key: Uint8Array) => this.#usedKeys.has(hex(key)),
      isHostName: (name: string) => this.#hostsByName.has(name),
    };
    return evaluateRoster(this.#crypto, this.mesh, this.#last, envelope, uses, machineTimeMs);
  }

  applyRoster(envelope: Envelope, index: number): void {
    const document = decode(RosterSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    this.#versions.push(rosterVersion(document as RosterDocument, index));
    this.#useKeysOf(document as RosterDocument);
  }

  /** Finds the holder of a key in a role, counting hosts that joined at or before `index`. */
  findHolder(key: Uint8Array, roles: readonly Role[], index: number): string | undefined {
    const id = hex(key);
    const member = this.at(index).keys.get(id);
    if (member !== undefined) return roles.includes(member.role) ? member.holder : undefined;
    if (!roles.includes(Role.HOST)) return undefined;
    const host = this.#hosts.get(id);
    return host !== undefined && host.index <= index ? host.name : undefined;
  }

  host(key: Uint8Array): HostMember | undefined {
    return this.#hosts.get(hex(key));
  }

  hostNamed(name: string): HostMember | undefined {
    return this.#hostsByName.get(name);
  }

  hosts(): Iterable<HostMember> {
    return this.#hosts.values();
  }

  /** Checks a grant command. */
  evaluateGrant(envelope: Envelope, machineTimeMs: number): Grant | Reject {
    const opened = openEnvelope(this.#crypto, this.mesh, "grant", envelope, this.#findPerson);
    if (isReject(opened)) return opened;
    const grant = decode(GrantSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    if (grant === undefined) return reject("malformed");
    if (grant.format !== 1) return reject("unsupported-format");
    const late = checkNotAfter(grant.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    if (!isName(grant.name) || grant.usesMax !== 1) return reject("malformed");
    if (!this.document.faultDomains.includes(grant.faultDomain)) {
      return reject("unknown-fault-domain");
    }
    const isTaken =
      this.#hostsByName.has(grant.name) ||
      this.document.holders.some((holder) => holder.name === grant.name);
    if (isTaken) return reject("name-taken");
    if (!isStrictPoint(grant.joinKey)) return reject("key-not-strict");
    // Who strips a signature on the way must not make a witness's grant worthless for good.
    const entered = this.#grants.get(hex(grant.joinKey));
    const isUpgrade =
      entered !== undefined &&
      entered.uses === 0 &&
      entered.operators.length < opened.holders.length &&
      equalBytes(entered.body, envelope.body);
    if (this.#usedKeys.has(hex(grant.joinKey)) && !isUpgrade) return reject("key-in-other-use");
    return grant;
  }

  applyGrant(envelope: Envelope): void {
    const grant = decode(GrantSchema, envelope.body, LIMITS.envelopeBodyBytesMax) as Grant;
    const operators = envelope.signatures.map(
      ({ key }) => this.#findPerson(key, [Role.OPERATOR]) as string,
    );
    const granted = { grant, body: envelope.body, operators: [...new Set(operators)], uses: 0 };
    this.#grants.set(hex(grant.joinKey), granted);
    this.#usedKeys.add(hex(grant.joinKey));
  }

  /** Grant entered for a join key, if it has uses left. */
  grantOf(joinKey: Uint8Array): Grant | undefined {
    return this.#grants.get(hex(joinKey))?.grant;
  }

  /** The member behind a join key that was used, for answering a repeated join. */
  memberOfJoinKey(joinKey: Uint8Array): HostMember | undefined {
    const granted = this.#grants.get(hex(joinKey));
    return granted?.uses === 1 ? this.#hostsByName.get(granted.grant.name) : undefined;
  }

  /** Opens a join: signed by the join key and by the host's own key, by nobody else. */
  openJoin(envelope: Envelope | undefined): Join | Reject {
    if (envelope === undefined) return reject("malformed");
    const join = decode(JoinSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    if (join === undefined) return reject("malformed");
    if (join.format !== 1) return reject("unsupported-format");
    const opened = openEnvelope(this.#crypto, this.mesh, "join", envelope, (key) =>
      equalBytes(key, join.joinKey) ? "token" : equalBytes(key, join.hostKey) ? "host" : undefined,
    );
    if (isReject(opened)) return opened;
    return opened.holders.length === 2 ? join : reject("threshold-short");
  }

  /** Checks a membership command and says what will be entered. */
  evaluateMembership(envelope: Envelope, machineTimeMs: number): Member | Reject {
    const opened = openEnvelope(this.#crypto, this.mesh, "membership", envelope, this.#findPerson);
    if (isReject(opened)) return opened;
    const membership = decode(MembershipSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    if (membership === undefined) return reject("malformed");
    if (membership.format !== 1) return reject("unsupported-format");
    const join = this.openJoin(membership.join);
    if (isReject(join)) return join;
    const granted = this.#grants.get(hex(join.joinKey));
    if (granted === undefined) return reject("unknown-grant");
    if (granted.uses >= granted.grant.usesMax) return reject("grant-used-up");
    for (const notAfter of [membership.notAfterMs, join.notAfterMs, granted.grant.notAfterMs]) {
      const late = checkNotAfter(notAfter, machineTimeMs);
      if (late !== undefined) return late;
    }
    const fault = this.#faultOfKeys(join);
    if (fault !== undefined) return fault;
    if (this.#hostsByName.has(granted.grant.name)) return reject("name-taken");
    if (this.#hosts.size >= LIMITS.hostsMax) return reject("too-large");
    return create(MemberSchema, {
      membership: envelope,
      useNumber: granted.uses + 1,
      name: granted.grant.name,
      faultDomain: granted.grant.faultDomain,
      isWitness: granted.operators.length >= WITNESS_OPERATORS,
      hostKey: join.hostKey,
    });
  }

  applyMember(member: Member, index: number): void {
    const membership = decode(
      MembershipSchema,
      member.membership?.body ?? new Uint8Array(),
      LIMITS.envelopeBodyBytesMax,
    );
    const join = decode(
      JoinSchema,
      membership?.join?.body ?? new Uint8Array(),
      LIMITS.envelopeBodyBytesMax,
    ) as Join;
    const granted = this.#grants.get(hex(join.joinKey)) as Granted;
    granted.uses++;
    for (const key of [join.hostKey, join.tlsKey, join.natsKey]) this.#usedKeys.add(hex(key));
    const host: HostMember = {
      name: member.name,
      key: join.hostKey,
      faultDomain: member.faultDomain,
      isWitness: member.isWitness,
      index,
      labels: granted.grant.labels,
    };
    this.#hosts.set(hex(host.key), host);
    this.#hostsByName.set(host.name, host);
  }

  #faultOfKeys(join: Join): Reject | undefined {
    const keys = [join.hostKey, join.tlsKey, join.natsKey];
    if (keys.some((key) => key.length !== 32)) return reject("malformed");
    if (new Set([...keys, join.joinKey].map(hex)).size !== 4) return reject("key-in-other-use");
    if (keys.some((key) => this.#usedKeys.has(hex(key)))) return reject("key-in-other-use");
    if (!isStrictPoint(join.hostKey) || !this.#crypto.isTorsionFree(join.hostKey)) {
      return reject("key-not-strict");
    }
    return undefined;
  }

  readonly #findPerson: FindHolder = (key, roles) => {
    const member = this.#last.keys.get(hex(key));
    return member !== undefined && roles.includes(member.role) ? member.holder : undefined;
  };
}
