import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  compareText,
  cosignEnvelope,
  decode,
  type Envelope,
  encodeNew,
  type Grant,
  GrantSchema,
  isReject,
  JoinSchema,
  LIMITS,
  type Member,
  MembershipSchema,
  Role,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { HolderInit, HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, nodeSigner, testMesh } from "../../testkit/node-crypto.ts";
import { Roster } from "./index.ts";

const NOW = 1_767_225_600_000;
/** Olga has a second operator's key; omar's TLS key is in the roster. */
const olgaAgain: Person = { name: "olga", signer: nodeSigner(new Uint8Array(32).fill(9)) };
const OMARS_TLS = new Uint8Array(32).fill(0x55);
const kit = testMesh("roster", {
  changeRoster: ({ holders }) => {
    const named = (name: string) => holders.find((h) => h.name === name) as HolderInit;
    named("olga").keys.push({ role: Role.OPERATOR, key: olgaAgain.signer.publicKey });
    named("omar").foreignKeys.push(OMARS_TLS);
    holders.sort((a, b) => compareText(a.name, b.name));
  },
});
const [olga, omar] = kit.operators as [Person, Person];
const [ada] = kit.approvers as [Person];
const [coordinator] = kit.coordinators as [Person];
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];

const fresh = () => new Roster(nodeCrypto, kit.genesis);
const codeOf = (value: unknown) => (isReject(value) ? value.reject : "taken");

interface Wish {
  readonly grant?: object;
  readonly join?: object;
  readonly by?: readonly Person[];
  readonly joinSigners?: (token: Person, host: Person) => readonly Person[];
}

/** A grant and membership in which one thing is different. */
function ask(host: HostPerson, wish: Wish = {}) {
  const token = kit.person("token");
  const notAfterMs = BigInt(NOW + 60_000);
  const grant = encodeNew(GrantSchema, {
    format: 1,
    name: host.name,
    faultDomain: host.domain,
    joinKey: token.signer.publicKey,
    usesMax: 1,
    createdMs: BigInt(NOW),
    notAfterMs,
    ...wish.grant,
  });
  const join = encodeNew(JoinSchema, {
    format: 1,
    joinKey: token.signer.publicKey,
    hostKey: host.signer.publicKey,
    tlsKey: kit.random(32),
    natsKey: kit.random(32),
    notAfterMs,
    ...wish.join,
  });
  const joiners = wish.joinSigners?.(token, host) ?? [token, host];
  const signed = signEnvelope(kit.mesh, "join", join, ...joiners.map((p) => p.signer));
  const operators = (wish.by ?? kit.operators).map((p) => p.signer);
  return {
    token,
    grant: signEnvelope(kit.mesh, "grant", grant, ...operators),
    membership: memberOf(signed),
  };
}

function memberOf(join: Envelope, by = coordinator, notAfterMs = NOW + 60_000): Envelope {
  const fields = { format: 1, join, notAfterMs: BigInt(notAfterMs) };
  return signEnvelope(kit.mesh, "membership", encodeNew(MembershipSchema, fields), by.signer);
}

function enter(roster: Roster, { grant, membership }: ReturnType<typeof ask>, index: number) {
  const checked = roster.evaluateGrant(grant, NOW);
  if (isReject(checked)) return checked.reject;
  roster.applyGrant(grant);
  const member = roster.evaluateMembership(membership, NOW);
  if (isReject(member)) return member.reject;
  roster.applyMember(member, index);
  return member.isWitness ? "witness" : "member";
}

describe("a grant", () => {
  const grantCode = (wish: Wish, atMs = NOW, roster = fresh()) =>
    codeOf(roster.evaluateGrant(ask(h1, wish).grant, atMs));

  test.each([
    ["as it should be", {}, "taken"],
    [
      "of a domain that the roster does not list",
      { faultDomain: "rack-9" },
      "unknown-fault-domain",
    ],
    ["with a holder's name", { name: "olga" }, "name-taken"],
    ["with a name that is none", { name: "Host 1" }, "malformed"],
    ["for no use", { usesMax: 0 }, "malformed"],
    ["for two uses", { usesMax: 2 }, "malformed"],
    ["with a join key of small order", { joinKey: new Uint8Array(32) }, "key-not-strict"],
    ["with an operator's key as join key", { joinKey: olga.signer.publicKey }, "key-in-other-use"],
    ["of another format", { format: 2 }, "unsupported-format"],
    ["that has lapsed", { notAfterMs: BigInt(NOW) }, "expired"],
    [
      "that lapses too late",
      { notAfterMs: BigInt(NOW + 2 * LIMITS.notAfterMsMax) },
      "not-after-too-far",
    ],
  ] as const)("%s is judged so", (_, grant, code) => {
    expect(grantCode({ grant })).toBe(code);
  });

  test("is signed by operators and by nobody else", () => {
    expect(grantCode({ by: [olga] })).toBe("taken");
    for (const by of [[ada], [olga, ada], [coordinator], [h1]]) {
      expect(grantCode({ by })).toBe("unknown-key");
    }
    expect(grantCode({ by: [olga, olga] })).toBe("duplicate");
  });

  test("for the name or join key of one that was used is refused", () => {
    const roster = fresh();
    const first = ask(h1);
    expect(enter(roster, first, 2)).toBe("witness");
    expect(grantCode({}, NOW, roster)).toBe("name-taken");
    const again = { grant: { name: "host-9", joinKey: first.token.signer.publicKey } };
    expect(grantCode(again, NOW, roster)).toBe("key-in-other-use");
  });
});

describe("a witness", () => {
  test.each([
    ["one operator", [olga], "member"],
    ["two operators", [olga, omar], "witness"],
    ["two keys of one operator", [olga, olgaAgain], "member"],
    ["three keys of two operators", [olga, olgaAgain, omar], "witness"],
  ] as const)("by the grant of %s: %s", (_, by, expected) => {
    expect(enter(fresh(), ask(h1, { by }), 1)).toBe(expected);
  });

  test("is what two operators signed: a stripped signature is made good until its use", () => {
    const roster = fresh();
    const asked = ask(h1, { by: [olga] });
    roster.applyGrant(asked.grant);
    expect(codeOf(roster.evaluateGrant(asked.grant, NOW))).toBe("key-in-other-use");
    const whole = cosignEnvelope(asked.grant, omar.signer);
    expect(isReject(roster.evaluateGrant(whole, NOW))).toBe(false);
    roster.applyGrant(whole);
    const member = roster.evaluateMembership(asked.membership, NOW);
    expect(!isReject(member) && member.isWitness).toBe(true);
  });

  test("cannot be made good after its use, nor by other bytes", () => {
    const roster = fresh();
    const asked = ask(h1, { by: [olga] });
    enter(roster, asked, 1);
    const whole = cosignEnvelope(asked.grant, omar.signer);
    expect(isReject(roster.evaluateGrant(whole, NOW))).toBe(true);
  });
});

describe("a membership", () => {
  const memberCode = (wish: Wish, roster = fresh()) => enter(roster, ask(h1, wish), 1);

  test.each([
    ["as it should be", {}, "witness"],
    ["whose host key is a coordinator's", { hostKey: coordinator.signer.publicKey }, "threshold"],
    ["whose TLS key is a person's TLS key", { tlsKey: OMARS_TLS }, "key-in-other-use"],
    ["whose NATS key is a signing key", { natsKey: ada.signer.publicKey }, "key-in-other-use"],
    ["whose TLS key is its own signing key", { tlsKey: h1.signer.publicKey }, "key-in-other-use"],
    ["whose NATS key is its own signing key", { natsKey: h1.signer.publicKey }, "key-in-other-use"],
    [
      "whose TLS and NATS keys are one",
      { tlsKey: new Uint8Array(32).fill(3), natsKey: new Uint8Array(32).fill(3) },
      "key-in-other-use",
    ],
    ["with a TLS key of 31 bytes", { tlsKey: new Uint8Array(31) }, "malformed"],
    ["of another format", { format: 2 }, "unsupported-format"],
    ["that has lapsed", { notAfterMs: BigInt(NOW) }, "expired"],
  ] as const)("%s is judged so", (_, join, code) => {
    // The host key named must have signed: somebody else's key can only be named, not used.
    const expected = code === "threshold" ? "unknown-key" : code;
    expect(memberCode({ join })).toBe(expected);
  });

  test("of a key of an earlier host, in any use, is refused", () => {
    const roster = fresh();
    const tlsKey = kit.random(32);
    expect(enter(roster, ask(h1, { join: { tlsKey } }), 2)).toBe("witness");
    expect(enter(roster, ask(h2, { join: { natsKey: tlsKey } }), 3)).toBe("key-in-other-use");
    const natsKey = h1.signer.publicKey;
    expect(enter(roster, ask(h2, { join: { natsKey } }), 3)).toBe("key-in-other-use");
    expect(enter(roster, ask({ ...h2, signer: h1.signer }), 3)).toBe("key-in-other-use");
    expect(enter(roster, ask(h2), 4)).toBe("witness");
  });

  test("is signed by the join key and by the host's own key, by both and by nobody else", () => {
    expect(memberCode({ joinSigners: (token) => [token] })).toBe("threshold-short");
    expect(memberCode({ joinSigners: (_, host) => [host] })).toBe("threshold-short");
    expect(memberCode({ joinSigners: (token, host) => [token, host, olga] })).toBe("unknown-key");
    expect(memberCode({ joinSigners: (token, host) => [host, token] })).toBe("witness");
  });

  test("of one key as both is refused", () => {
    const token = kit.person("token");
    const key = token.signer.publicKey;
    const wish = { grant: { joinKey: key }, join: { joinKey: key, hostKey: key } };
    expect(memberCode({ ...wish, joinSigners: () => [token] })).toBe("threshold-short");
  });

  test("uses its grant up, and a grant must be there first", () => {
    const roster = fresh();
    const asked = ask(h1);
    expect(codeOf(roster.evaluateMembership(asked.membership, NOW))).toBe("unknown-grant");
    expect(roster.memberOfJoinKey(asked.token.signer.publicKey)).toBeUndefined();
    expect(enter(roster, asked, 2)).toBe("witness");
    expect(codeOf(roster.evaluateMembership(asked.membership, NOW))).toBe("grant-used-up");
    expect(roster.memberOfJoinKey(asked.token.signer.publicKey)?.name).toBe("host-1");
  });

  test("is sent by a coordinator, within its time", () => {
    const roster = fresh();
    const asked = ask(h1);
    roster.applyGrant(asked.grant);
    const { join } = decode(MembershipSchema, asked.membership.body, 10_000) as { join: Envelope };
    expect(codeOf(roster.evaluateMembership(memberOf(join, olga), NOW))).toBe("unknown-key");
    const late = memberOf(join, coordinator, NOW);
    expect(codeOf(roster.evaluateMembership(late, NOW))).toBe("expired");
    expect(codeOf(roster.evaluateMembership(asked.membership, NOW + 60_000))).toBe("expired");
    expect(codeOf(roster.evaluateMembership(asked.membership, NOW + 59_999))).toBe("taken");
  });

  test("under a name that another grant has filled meanwhile is refused", () => {
    const roster = fresh();
    const [a, b] = [ask(h1), ask({ ...h2, name: "host-1" })];
    roster.applyGrant(a.grant);
    expect(codeOf(roster.evaluateGrant(b.grant, NOW))).toBe("taken");
    roster.applyGrant(b.grant);
    roster.applyMember(roster.evaluateMembership(a.membership, NOW) as Member, 3);
    expect(codeOf(roster.evaluateMembership(b.membership, NOW))).toBe("name-taken");
  });
});

describe("the roster", () => {
  test("is judged at an index: a host is nobody before its own", () => {
    const roster = fresh();
    enter(roster, ask(h1), 7);
    const find = (index: number, roles = [Role.HOST]) =>
      roster.findHolder(h1.signer.publicKey, roles, index);
    expect(find(6)).toBeUndefined();
    expect(find(7)).toBe("host-1");
    expect(find(7, [Role.OPERATOR, Role.COORDINATOR])).toBeUndefined();
  });

  test("knows each key in its own roles only", () => {
    const roster = fresh();
    const find = (key: Bytes, role: Role) => roster.findHolder(key, [role], 0);
    expect(find(olgaAgain.signer.publicKey, Role.OPERATOR)).toBe("olga");
    expect(find(olgaAgain.signer.publicKey, Role.APPROVER)).toBeUndefined();
    expect(find(OMARS_TLS, Role.OPERATOR)).toBeUndefined();
    expect(roster.at(0).groupsOf("ada")).toEqual(["responders"]);
    expect(roster.at(0).groupsOf("nobody")).toEqual([]);
  });

  test("remembers grants that have not been used", () => {
    const roster = fresh();
    const { grant, token } = ask(h1);
    expect(roster.grantOf(token.signer.publicKey)).toBeUndefined();
    roster.applyGrant(grant);
    const known = roster.grantOf(token.signer.publicKey) as Grant;
    expect(create(GrantSchema, known).name).toBe("host-1");
  });
});
