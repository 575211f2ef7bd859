import { create } from "@bufbuild/protobuf";
import {
  type Envelope,
  encode,
  isReject,
  LIMITS,
  MemberSchema,
  Role,
  type Roster as RosterDocument,
  RosterSchema,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { Roster } from "./index.ts";

const NOW = 1_767_225_600_000;
const kit = testMesh("roster version");
const [root1, root2, root3] = kit.roots as readonly Person[] as [Person, Person, Person];
const [olga] = kit.operators as [Person];
const [host] = kit.hosts as readonly HostPerson[] as [HostPerson];

/** A roster of the genesis with host-1 in it, at control index 3. */
function withHost(): Roster {
  const roster = new Roster(nodeCrypto, kit.genesis);
  const { grant, membership } = kit.join(host, NOW);
  roster.applyGrant(grant);
  const member = roster.evaluateMembership(membership, NOW);
  if (isReject(member)) throw new Error(member.reject);
  roster.applyMember(create(MemberSchema, member), 3);
  return roster;
}

type Change = (next: RosterDocument) => void;

/** The roster after `last` in which something is different. */
function after(last: RosterDocument, change: Change = () => undefined): RosterDocument {
  const next: RosterDocument = {
    ...structuredClone(last),
    version: last.version + 1,
    previous: nodeCrypto.sha256(encode(RosterSchema, last)),
    notAfterMs: BigInt(NOW + 60_000),
  };
  change(next);
  return next;
}

function sign(next: RosterDocument, by: readonly Person[] = [root1, root2]): Envelope {
  const body = encode(RosterSchema, next);
  return signEnvelope(kit.mesh, "roster", body, ...by.map((p) => p.signer));
}

const holderOf = (next: RosterDocument, name: string) =>
  next.holders.find((h) => h.name === name) as RosterDocument["holders"][number];

/** Takes a person's only key away and gives another person's instead. */
const rekey =
  (name: string, person: Person, role: Role): Change =>
  (next) => {
    const [key] = holderOf(next, name).keys;
    if (key !== undefined) Object.assign(key, { key: person.signer.publicKey, role });
  };

function codeOf(change: Change, by: readonly Person[] = [root1, root2], atMs = NOW) {
  const roster = withHost();
  const checked = roster.evaluateRoster(sign(after(roster.document, change), by), atMs);
  return isReject(checked) ? checked.reject : "taken";
}

const newcomer = kit.person("newcomer");
const expel: Change = (next) => next.expelledKeys.push(host.signer.publicKey);

describe("a next roster", () => {
  test.each<[string, Change, string]>([
    ["without a change", () => undefined, "taken"],
    ["that expels a host", expel, "taken"],
    ["with a new key for a person", rekey("olga", newcomer, Role.OPERATOR), "taken"],
    [
      "without a person",
      (n) => n.holders.splice(n.holders.indexOf(holderOf(n, "olga")), 1),
      "taken",
    ],
    ["with one more fault domain", (n) => n.faultDomains.push("rack-9"), "taken"],
    ["that skips a version", (n) => (n.version += 1), "roster-not-next"],
    ["of the same version", (n) => (n.version -= 1), "roster-not-next"],
    ["that follows another one", (n) => (n.previous = new Uint8Array(32)), "roster-not-next"],
    ["of another mesh's name", (n) => (n.meshName = "other"), "roster-not-next"],
    ["of another format", (n) => (n.format = 2), "unsupported-format"],
    ["with fewer fault domains", (n) => n.faultDomains.pop(), "unknown-fault-domain"],
    ["with a host's name for a person", (n) => (holderOf(n, "sam").name = host.name), "malformed"],
    ["with a host's key for a person", rekey("olga", host, Role.OPERATOR), "key-in-other-use"],
    ["with a key twice", rekey("omar", olga, Role.OPERATOR), "key-in-other-use"],
    [
      "with another coordinator",
      rekey("coordinator-1", newcomer, Role.COORDINATOR),
      "roster-not-next",
    ],
    ["whose root threshold nobody meets", (n) => (n.rootThreshold = 4), "threshold-short"],
    ["that lapsed", (n) => (n.notAfterMs = BigInt(NOW)), "expired"],
    [
      "that lapses too late",
      (n) => (n.notAfterMs = BigInt(NOW + 3 * LIMITS.notAfterMsMax)),
      "not-after-too-far",
    ],
    ["that expels what is no key", (n) => n.expelledKeys.push(new Uint8Array(31)), "malformed"],
  ])("%s: %s", (_, change, expected) => {
    expect(codeOf(change)).toBe(expected);
  });

  test("needs the roots of the version before", () => {
    expect(codeOf(() => undefined, [root1])).toBe("threshold-short");
    expect(codeOf(() => undefined, [root1, root1])).not.toBe("taken");
    expect(codeOf(() => undefined, [root2, root3])).toBe("taken");
    expect(codeOf(() => undefined, [root1, olga])).toBe("unknown-key");
  });

  test("needs its own roots as well", () => {
    const takeover: Change = (next) => {
      const fresh = [kit.person("r1"), kit.person("r2"), kit.person("r3")];
      for (const [i, p] of fresh.entries()) rekey(`root-${i + 1}`, p, Role.ROOT)(next);
    };
    expect(codeOf(takeover)).toBe("threshold-short");
    const half: Change = (next) => rekey("root-3", newcomer, Role.ROOT)(next);
    expect(codeOf(half, [root1, root2])).toBe("taken");
    // Old and new count apart: root-1 for both, the old root-3 and the new one for one each.
    expect(codeOf(half, [root1, root3])).toBe("threshold-short");
    expect(codeOf(half, [root1, root3, newcomer])).toBe("taken");
  });

  test("never takes an expulsion back", () => {
    const roster = withHost();
    roster.applyRoster(sign(after(roster.document, expel)), 5);
    const back = roster.evaluateRoster(
      sign(after(roster.document, (n) => n.expelledKeys.pop())),
      NOW,
    );
    expect(back).toEqual({ reject: "malformed" });
    expect(isReject(roster.evaluateRoster(sign(after(roster.document)), NOW))).toBe(false);
  });

  test("never brings a key of an earlier roster back for somebody else", () => {
    const roster = withHost();
    const gone = after(roster.document, rekey("olga", newcomer, Role.OPERATOR));
    roster.applyRoster(sign(gone), 5);
    const again = after(roster.document, rekey("omar", olga, Role.OPERATOR));
    expect(roster.evaluateRoster(sign(again), NOW)).toEqual({ reject: "key-in-other-use" });
  });
});

describe("a roster's history", () => {
  const roster = withHost();
  const change: Change = (next) => {
    expel(next);
    rekey("olga", newcomer, Role.OPERATOR)(next);
  };
  roster.applyRoster(sign(after(roster.document, change)), 5);

  test("is in force from its index on, and what came before is judged as it was", () => {
    const key = host.signer.publicKey;
    const expelledAt = (index: number) => roster.at(index).expelled.size;
    expect([expelledAt(4), expelledAt(5), expelledAt(9)]).toEqual([0, 1, 1]);
    expect(roster.at(4).document.version).toBe(1);
    expect(roster.at(5).document.version).toBe(2);
    const find = (person: Person, index: number) =>
      roster.findHolder(person.signer.publicKey, [Role.OPERATOR], index);
    expect([find(olga, 4), find(olga, 5)]).toEqual(["olga", undefined]);
    expect([find(newcomer, 4), find(newcomer, 5)]).toEqual([undefined, "olga"]);
    expect(roster.host(key)?.name).toBe(host.name);
  });
});
