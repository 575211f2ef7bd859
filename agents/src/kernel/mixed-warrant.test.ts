// What a policy may ask of verdicts of people by how far they reach, and what signals that a
// proposal takes along are worth: each accept beside its nearest reject.

import {
  type Bytes,
  compareBytes,
  isReject,
  type PrivatePart,
  parseSubject,
  Role,
  type SignalProof,
  Stage,
  SubjectKind,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import {
  type ApprovalRule,
  type MeshView,
  openProposal,
  type Policy,
  type Reach,
  verdictOfPeople,
} from "./index.ts";

const kit = testMesh("mixed-warrant", { hosts: 4 });
const [olga] = kit.operators as [Person];
const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
const [h1, h2, h3] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson, HostPerson];
const run = MachineRun.joined(kit);
run.upgrade();
const NOW = run.nowMs;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const OTHER = parseSubject("address:203.0.113.8") as SubjectText;

const base = run.view.policyOf(1) as Policy;
const killSwitch = base.approvalRules.find((r) => r.name === "kill-switch") as ApprovalRule;

const when = (holds: (reach: Reach) => boolean) => ({ text: "of a test", holds });

/** The mesh under a kill switch with other fields. */
function under(fields: Partial<ApprovalRule>, view: MeshView = run.view): MeshView {
  const rules = base.approvalRules.map((r) =>
    r === killSwitch ? { ...killSwitch, ...fields } : r,
  );
  const policy = { ...base, approvalRules: rules };
  return { ...view, policyOf: (epoch) => (epoch === 1 ? policy : undefined) };
}

interface Asked {
  readonly view: MeshView;
  readonly wish?: object;
  readonly fields?: object;
  readonly evidence?: readonly ReturnType<typeof kit.signalProof>[];
  readonly approvers?: readonly Person[];
  readonly at?: number;
}

/** The verdict of a proposal and approvals, or the code that says why there is none. */
function judge({ view, wish = {}, fields = {}, evidence = [], approvers = [], at = NOW }: Asked) {
  const { proofs, parts } = kit.evidence(evidence);
  const value = {
    subjectKind: SubjectKind.ADDRESS,
    stage: Stage.SUSPEND,
    ttlMs: BigInt(HOUR),
    ...wish,
  };
  const init = { evidence: proofs, wish: { case: "revoke", value }, ...fields };
  const proposed = kit.propose(olga, MALLORY, NOW, init);
  return verdictOf(view, proposed, parts, approvers, at);
}

function verdictOf(
  view: MeshView,
  { id, envelope, part }: ReturnType<typeof kit.propose>,
  parts: readonly PrivatePart[],
  approvers: readonly Person[],
  at = NOW,
) {
  const given = approvers
    .map((by) => kit.approve(by, id, NOW))
    .map((e) => ({ e, id: nodeCrypto.sha256(e.body, e.signatures[0]?.key as Bytes) }))
    .sort((x, y) => compareBytes(x.id, y.id))
    .map(({ e }) => e);
  return verdictOfPeople(nodeCrypto, view, envelope, part, given, at, parts);
}

const codeOf = (asked: Asked) => {
  const verdict = judge(asked);
  return isReject(verdict) ? verdict.reject : verdict.kind;
};

describe("a rule that asks by reach", () => {
  test("applies where its condition holds, and the next one elsewhere", () => {
    const view = under({ when: when((reach) => reach.scopeHosts > 0) });
    const scope = { hosts: ["host-1"] };
    expect(codeOf({ view, wish: { scope }, approvers: [ada, sam] })).toBe("revocation");
    expect(codeOf({ view, approvers: [ada, sam] })).toBe("condition-not-met");
  });

  test("hears of kind, stage, hosts, time and dry run as they stand in the body", () => {
    const heard: Reach[] = [];
    const view = under({ when: when((reach) => heard.push(reach) > 0) });
    const scope = { hosts: ["host-1", "host-2"] };
    judge({ view, wish: { scope, isDryRun: true, stage: Stage.TERMINATE }, approvers: [ada, sam] });
    expect(heard[0]).toEqual({
      kind: SubjectKind.ADDRESS,
      stage: Stage.TERMINATE,
      scopeHosts: 2,
      ttlMs: HOUR,
      isDryRun: true,
      hosts: 0,
      faultDomains: 0,
      evidenceMdb: 0,
      sharedSubjects: 0,
    });
  });

  test("wants its escalation as well, over the same people, only where that is asked", () => {
    const both = { group: "responders", atLeast: 2 };
    const escalations = [{ when: when((r) => r.stage === Stage.TERMINATE), approvals: both }];
    const view = under({ escalations });
    const wish = { stage: Stage.TERMINATE };
    expect(codeOf({ view, approvers: [ada, sam] })).toBe("revocation");
    expect(codeOf({ view, wish, approvers: [ada, sam] })).toBe("warrant-short");
    expect(codeOf({ view, wish, approvers: [ada, rui] })).toBe("warrant-short");
    expect(codeOf({ view, wish, approvers: [ada, rui, sam] })).toBe("revocation");
  });

  test("may ask the same of a lift, and what supersedes needs that lift's consent", () => {
    const lift = base.approvalRules.find((r) => r.wish === "lift") as ApprovalRule;
    const policy = {
      ...base,
      approvalRules: [killSwitch, { ...lift, when: when((r) => r.kind === SubjectKind.USER) }],
    };
    const view = { ...run.view, policyOf: () => policy };
    const value = { revocationIds: [nodeCrypto.sha256()] };
    const proposed = kit.propose(olga, MALLORY, NOW, { wish: { case: "lift", value } });
    expect(verdictOf(view, proposed, [], [ada, sam])).toEqual({ reject: "condition-not-met" });
    const supersedes = [nodeCrypto.sha256()];
    expect(codeOf({ view, wish: { supersedes }, approvers: [ada, sam] })).toBe("warrant-short");
    const plain = { ...run.view, policyOf: () => base };
    expect(codeOf({ view: plain, wish: { supersedes }, approvers: [ada, sam] })).toBe("revocation");
  });
});

describe("one person in two groups", () => {
  const doubled = testMesh("mixed-warrant doubled", {
    changeRoster: (roster) => {
      roster.groups = [
        { name: "responders", holders: ["ada", "rui"] },
        { name: "security", holders: ["ada", "sam"] },
      ];
      expect(roster.holders.some((h) => h.keys[0]?.role === Role.APPROVER)).toBe(true);
    },
  });

  test("stands for one of them from machine version 2 on", () => {
    const here = MachineRun.joined(doubled);
    const [first] = doubled.approvers as [Person];
    const [operator] = doubled.operators as [Person];
    const decide = () => {
      const proposal = doubled.propose(operator, MALLORY, here.nowMs);
      here.command(proposal.envelope, [proposal.part]);
      here.command(doubled.approve(first, proposal.id, here.nowMs));
      return here.entries("control").at(-1)?.effect.case;
    };
    expect(decide()).toBe("revocation");
    here.upgrade();
    expect(decide()).toBe("approval");
  });
});

describe("signals that a proposal takes along", () => {
  const see = (host: HostPerson, fields: object = {}, subject = MALLORY) =>
    kit.signalProof(host, subject, NOW, fields);
  const light = { group: "responders", atLeast: 1 };
  const withEvidence = { hosts: 2, faultDomains: 2, lineMdb: 20_000, approvals: light };
  const view = under({ withEvidence });

  test("make a lighter consent enough: not fewer of them, nor weaker, nor without the rule", () => {
    const evidence = [see(h1), see(h2)];
    expect(codeOf({ view, evidence, approvers: [ada] })).toBe("revocation");
    expect(codeOf({ view, evidence, approvers: [sam] })).toBe("warrant-short");
    expect(codeOf({ view, evidence })).toBe("warrant-short");
    expect(codeOf({ view, evidence: [see(h1)], approvers: [ada] })).toBe("warrant-short");
    expect(codeOf({ view, evidence: [see(h1), see(h1)], approvers: [ada] })).toBe("warrant-short");
    const weak = [see(h1), see(h2, { evidenceMdb: 19_999 })];
    expect(codeOf({ view, evidence: weak, approvers: [ada] })).toBe("warrant-short");
    expect(codeOf({ view: under({}), evidence, approvers: [ada] })).toBe("warrant-short");
    expect(codeOf({ view: under({}), evidence, approvers: [ada, sam] })).toBe("revocation");
  });

  test("never do away with people: the proposer and one more is the floor", () => {
    const anybody = { any: [{ group: "responders", atLeast: 0 }] };
    const loose = under({ withEvidence: { ...withEvidence, approvals: anybody } });
    expect(codeOf({ view: loose, evidence: [see(h1), see(h2)] })).toBe("warrant-short");
    expect(codeOf({ view: loose, evidence: [see(h1), see(h2)], approvers: [sam] })).toBe(
      "revocation",
    );
  });

  test("count within the longest window of their kind, and what lies outside hides nothing", () => {
    const windowMs = base.signalRules[0]?.windowMs as number;
    const old = (ms: number) => see(h2, { timeMs: BigInt(NOW - ms) });
    const code = (...evidence: ReturnType<typeof see>[]) =>
      codeOf({ view, evidence, approvers: [ada], wish: { ttlMs: BigInt(4 * HOUR) } });
    expect(code(see(h1), old(windowMs))).toBe("revocation");
    expect(code(see(h1), old(windowMs + 1))).toBe("warrant-short");
    expect(code(see(h1), old(windowMs + 1), see(h3))).toBe("revocation");
  });

  test("make the verdict run from the oldest of them, and be another one without them", () => {
    const from = NOW - 5 * MINUTE;
    const evidence = [see(h1, { timeMs: BigInt(from) }), see(h2)];
    const verdict = judge({ view, evidence, approvers: [ada] });
    if (isReject(verdict) || verdict.kind !== "revocation") throw new Error("no revocation");
    expect(Number(verdict.revocation.fromMs)).toBe(from);
    expect(Number(verdict.revocation.expiresMs)).toBe(from + HOUR);
    expect(verdict.revocation.warrant?.signals).toEqual([]);
    const late = { view, evidence, approvers: [ada], at: from + HOUR };
    expect(codeOf({ ...late, fields: { notAfterMs: BigInt(NOW + 2 * HOUR) } })).toBe("expired");
  });

  test.each([
    ["of another subject", () => [see(h1, {}, OTHER)], "commitment-mismatch"],
    ["of another epoch", () => [see(h1, { epoch: 2 })], "wrong-epoch"],
    ["of a day ago", () => [see(h1, { timeMs: BigInt(NOW - 24 * HOUR) })], "warrant-short"],
    ["of longer ago", () => [see(h1, { timeMs: BigInt(NOW - 24 * HOUR - 1) })], "expired"],
    ["of a minute ahead", () => [see(h1, { timeMs: BigInt(NOW + MINUTE) })], "warrant-short"],
    ["of further ahead", () => [see(h1, { timeMs: BigInt(NOW + MINUTE + 1) })], "clock-off"],
    [
      "that are answers against",
      () => [see(h1, { inquiryId: nodeCrypto.sha256(), isAgainst: true })],
      "malformed",
    ],
    ["that answer nothing", () => [see(h1, { inquiryId: new Uint8Array(31) })], "malformed"],
  ] as const)("%s are judged so", (_, evidence, code) => {
    const wish = { ttlMs: BigInt(24 * HOUR) };
    expect(codeOf({ view, evidence: evidence(), approvers: [ada], wish })).toBe(code);
  });

  test("of who is no witness, was expelled or convicted are refused", () => {
    const key = h1.signer.publicKey;
    const isH1 = (k: Uint8Array) => compareBytes(k, key) === 0;
    const plain: MeshView = {
      ...view,
      hostOf: (k) => {
        const host = view.hostOf(k);
        return host && isH1(k) ? { ...host, isWitness: false } : host;
      },
    };
    const evidence = [see(h1), see(h2)];
    const approvers = [ada];
    expect(codeOf({ view: plain, evidence, approvers })).toBe("not-a-witness");
    expect(codeOf({ view: { ...view, isExpelled: isH1 }, evidence, approvers })).toBe("expelled");
    const convictedAt = (k: Uint8Array) => (isH1(k) ? 1 : undefined);
    expect(codeOf({ view: { ...view, convictedAt }, evidence, approvers })).toBe("equivocation");
  });

  const openedWith = (proofs: readonly SignalProof[], parts: readonly PrivatePart[], as = view) => {
    const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: BigInt(HOUR) };
    const fields = { evidence: [...proofs], wish: { case: "revoke", value } };
    const { envelope, part } = kit.propose(olga, MALLORY, NOW, fields);
    const opened = openProposal(nodeCrypto, as, envelope, part, parts);
    return isReject(opened) ? opened.reject : opened.evidence.length;
  };

  test("open with their own private parts, in order, and nothing more", () => {
    const { proofs, parts } = kit.evidence([see(h1), see(h2)]);
    const [first, second] = parts as [PrivatePart, PrivatePart];
    expect(openedWith(proofs, parts)).toBe(2);
    expect(openedWith(proofs, [second, first])).toBe("commitment-mismatch");
    expect(openedWith(proofs, [first])).toBe("commitment-mismatch");
    expect(openedWith(proofs, [first, second, first])).toBe("commitment-mismatch");
    expect(openedWith([], [first])).toBe("commitment-mismatch");
    expect(openedWith([...proofs].reverse(), [second, first])).toBe("duplicate");
  });

  test("are malformed in a lift, and in whatever is asked before machine version 2", () => {
    const { proofs, parts } = kit.evidence([see(h1)]);
    const value = { revocationIds: [nodeCrypto.sha256()] };
    const fields = { evidence: proofs, wish: { case: "lift", value } };
    const { envelope, part } = kit.propose(olga, MALLORY, NOW, fields);
    expect(openProposal(nodeCrypto, view, envelope, part, parts)).toEqual({ reject: "malformed" });
    const before = { ...view, machineVersion: 1 };
    expect(openedWith(proofs, parts, before)).toBe("malformed");
    expect(openedWith([], [], before)).toBe(0);
  });

  test("of more private bytes than an import holds beside an entry are refused", () => {
    const huge = (host: HostPerson) => {
      const part = kit.privatePart(MALLORY, "x".repeat(7_900));
      return { subject: MALLORY, part, host };
    };
    const signals = [0, 1, 2, 3, 4, 5].map((n) => {
      const { subject, part, host } = huge(h1);
      const timeMs = BigInt(NOW - n);
      const fields = { timeMs, evidenceFromMs: timeMs };
      const {
        envelope,
        signals: bytes,
        privates,
      } = kit.batch(host, kit.random(16), 0, [{ subject, part, fields }]);
      const [signal, own] = [bytes[0] as Bytes, privates[0] as PrivatePart];
      const proof = { $typeName: "ostraka.v1.SignalProof" as const, leafIndex: 0, path: [] };
      return { proof: { ...proof, batch: envelope, signal }, part: own, id: kit.random(32) };
    });
    const few = signals.slice(0, 5);
    const parts = (of: typeof few) => of.map((s) => s.part);
    const proofs = (of: typeof few) => of.map((s) => s.proof);
    expect(openedWith(proofs(signals), parts(signals))).toBe("too-large");
    expect(["duplicate", 5]).toContain(openedWith(proofs(few), parts(few)));
  });
});
