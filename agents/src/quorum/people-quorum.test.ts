import {
  isReject,
  LIMITS,
  parseSubject,
  Stage,
  SubjectKind,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { PeopleQuorum } from "./index.ts";

const kit = testMesh("people-quorum");
const [olga] = kit.operators as [Person];
const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
const run = MachineRun.joined(kit);
const NOW = run.nowMs;
const HOUR = 3_600_000;
const MALLORY = parseSubject("user:test/mallory") as SubjectText;

/** The quorum as the control machine uses it: evaluate, then apply. */
class Desk {
  readonly quorum = new PeopleQuorum(nodeCrypto);
  view = run.view;
  nowMs = NOW;

  propose(by = olga, fields: object = {}) {
    return kit.propose(by, MALLORY, NOW, fields);
  }

  take({ envelope, part }: ReturnType<typeof kit.propose>): string {
    const opened = this.quorum.evaluateProposal(this.view, envelope, [part], this.nowMs);
    if (isReject(opened)) return opened.reject;
    this.quorum.applyProposal(this.view, envelope, [part], opened);
    return "open";
  }

  approve(by: Person, id: Uint8Array, fields: object = {}): string {
    const envelope = kit.approve(by, id, NOW, fields);
    const opened = this.quorum.evaluateApproval(this.view, envelope, this.nowMs);
    if (isReject(opened)) return opened.reject;
    const done = this.quorum.applyApproval(this.view, envelope, opened, this.nowMs);
    return done?.verdict.kind ?? "open";
  }
}

describe("the life of a proposal", () => {
  test("is open until its tree is satisfied, then decided once", () => {
    const desk = new Desk();
    const proposal = desk.propose();
    expect(desk.take(proposal)).toBe("open");
    expect(desk.approve(ada, proposal.id)).toBe("open");
    expect(desk.quorum.find(proposal.id)).toMatchObject({ isDecided: false });
    expect(desk.approve(rui, proposal.id)).toBe("open");
    expect(desk.approve(sam, proposal.id)).toBe("revocation");
    expect(desk.quorum.find(proposal.id)).toMatchObject({ isDecided: true });
    expect(desk.approve(sam, proposal.id)).toBe("already-approved");
    expect(desk.take(proposal)).toBe("duplicate");
    expect(desk.quorum.find(proposal.id)?.approvals).toHaveLength(3);
  });

  test("takes no approval of others once it is decided", () => {
    const desk = new Desk();
    const proposal = desk.propose();
    desk.take(proposal);
    desk.approve(ada, proposal.id);
    expect(desk.approve(sam, proposal.id)).toBe("revocation");
    expect(desk.approve(rui, proposal.id)).toBe("already-decided");
  });

  test("ends when it lapses: nobody can approve it, and it is forgotten", () => {
    const desk = new Desk();
    const proposal = desk.propose();
    desk.take(proposal);
    desk.approve(ada, proposal.id);
    desk.nowMs = NOW + HOUR - 1;
    desk.quorum.expire(desk.nowMs);
    expect(desk.quorum.find(proposal.id)).toBeDefined();
    desk.nowMs = NOW + HOUR;
    desk.quorum.expire(desk.nowMs);
    expect(desk.quorum.find(proposal.id)).toBeUndefined();
    const late = { notAfterMs: BigInt(NOW + 2 * HOUR) };
    expect(desk.approve(sam, proposal.id, late)).toBe("unknown-proposal");
    expect(desk.take(proposal)).toBe("expired");
  });

  test("ends with its epoch", () => {
    const desk = new Desk();
    const proposal = desk.propose();
    desk.take(proposal);
    desk.approve(ada, proposal.id);
    const next = new MachineRun(kit);
    for (const bytes of run.journals.control) next.step("control", bytes);
    const { document, activation } = kit.policy(2, NOW);
    next.command(document);
    next.command(activation);
    desk.view = next.view;
    expect(desk.approve(sam, proposal.id)).toBe("wrong-epoch");
    expect(desk.take(desk.propose())).toBe("wrong-epoch");
    expect(desk.take(desk.propose(olga, { epoch: 2 }))).toBe("open");
  });
});

describe("a proposal", () => {
  test.each([
    ["that lapses at this moment", { notAfterMs: BigInt(NOW) }, "expired"],
    ["that lapses a moment later", { notAfterMs: BigInt(NOW + 1) }, "open"],
    ["that lapses too late", { notAfterMs: BigInt(NOW + 25 * HOUR) }, "not-after-too-far"],
    ["of a minute ahead", { createdMs: BigInt(NOW + LIMITS.signalAheadMsMax) }, "open"],
    ["of later than that", { createdMs: BigInt(NOW + LIMITS.signalAheadMsMax + 1) }, "clock-off"],
    ["of an epoch that is not active", { epoch: 2 }, "unknown-epoch"],
  ] as const)("%s is judged so", (_, fields, code) => {
    const desk = new Desk();
    expect(desk.take(desk.propose(olga, fields))).toBe(code);
  });
});

describe("an approval", () => {
  test.each([
    ["of the proposal", ada, {}, "open"],
    ["of another proposal", ada, { proposalId: new Uint8Array(32) }, "unknown-proposal"],
    ["of half an id", ada, { proposalId: new Uint8Array(16) }, "unknown-proposal"],
    ["of the proposer", rui, {}, "self-approval"],
    ["of who is no approver", olga, {}, "unknown-key"],
    ["that has lapsed", ada, { notAfterMs: BigInt(NOW) }, "expired"],
    ["of later than a minute ahead", ada, { createdMs: BigInt(NOW + 60_001) }, "clock-off"],
    ["that is older than what it approves", ada, { createdMs: BigInt(NOW - 60_001) }, "clock-off"],
    ["of a clock a minute slow", ada, { createdMs: BigInt(NOW - 60_000) }, "open"],
    ["of another format", ada, { format: 2 }, "unsupported-format"],
  ] as const)("%s is judged so", (_, by, fields, code) => {
    const desk = new Desk();
    const proposal = desk.propose(rui);
    desk.take(proposal);
    expect(desk.approve(by, proposal.id, fields)).toBe(code);
  });

  test("that lapses before the warrant is complete no longer counts, nor twice", () => {
    const desk = new Desk();
    const proposal = desk.propose();
    desk.take(proposal);
    const soon = { notAfterMs: BigInt(NOW + 1_000) };
    expect(desk.approve(ada, proposal.id, soon)).toBe("open");
    desk.nowMs = NOW + 1_000;
    expect(desk.approve(sam, proposal.id)).toBe("open");
    expect(desk.approve(ada, proposal.id)).toBe("already-approved");
    expect(desk.approve(rui, proposal.id)).toBe("revocation");
  });
});

test("each proposal of one wish is decided by its own approvals", () => {
  const desk = new Desk();
  const [a, b] = [desk.propose(), desk.propose()];
  desk.take(a);
  desk.take(b);
  expect(desk.approve(ada, a.id)).toBe("open");
  expect(desk.approve(sam, b.id)).toBe("open");
  expect(desk.approve(sam, a.id)).toBe("revocation");
  expect(desk.approve(ada, b.id)).toBe("revocation");
});

test("one person's open proposals are bounded, and are nobody else's bound", () => {
  const desk = new Desk();
  const one = desk.propose();
  const opened = desk.quorum.evaluateProposal(desk.view, one.envelope, [one.part], NOW);
  if (isReject(opened)) throw new Error(opened.reject);
  for (let i = 0; i < LIMITS.proposalsPerHolderMax; i++) {
    const id = nodeCrypto.sha256(Uint8Array.of(i & 255, i >> 8));
    desk.quorum.applyProposal(desk.view, one.envelope, [one.part], { ...opened, id });
  }
  const wish = { subjectKind: SubjectKind.USER, stage: Stage.SUSPEND, ttlMs: 2_000n };
  const next = desk.propose(olga, { wish: { case: "revoke", value: wish } });
  expect(desk.take(next)).toBe("too-large");
  expect(desk.take(desk.propose(ada, { wish: { case: "revoke", value: wish } }))).toBe("open");
});
