// Verdicts of people: every way in which a proposal, an approval or the two together may not stand,
// each beside the nearest one that does.

import { create } from "@bufbuild/protobuf";
import {
  ApprovalSchema,
  type Bytes,
  compareBytes,
  compareText,
  cosignEnvelope,
  type Envelope,
  EnvelopeSchema,
  encodeNew,
  isReject,
  LIMITS,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  parseSubject,
  Role,
  Stage,
  SubjectKind,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HolderInit, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, nodeSigner, testMesh } from "../../testkit/node-crypto.ts";
import { commitmentOf, openApproval, openProposal, verdictOfPeople } from "./index.ts";

/** Ada has a second approver's key, rui is an operator too. */
const adaAgain: Person = { name: "ada", signer: nodeSigner(new Uint8Array(32).fill(7)) };
const ruiOperating: Person = { name: "rui", signer: nodeSigner(new Uint8Array(32).fill(8)) };
const kit = testMesh("people-verdict", {
  changeRoster: ({ holders }) => {
    const named = (name: string) => holders.find((h) => h.name === name) as HolderInit;
    named("ada").keys.push({ role: Role.APPROVER, key: adaAgain.signer.publicKey });
    named("rui").keys.push({ role: Role.OPERATOR, key: ruiOperating.signer.publicKey });
    holders.sort((a, b) => compareText(a.name, b.name));
  },
});
const [olga, omar] = kit.operators as [Person, Person];
const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
const [pia] = kit.authors as [Person];
const run = MachineRun.joined(kit);
const { view, nowMs } = run;

const MALLORY = parseSubject("user:test/mallory") as SubjectText;

type Proposed = ReturnType<typeof kit.propose>;
type Wish = NonNullable<Parameters<typeof kit.propose>[3]>;

const revoke = (value: object): Wish => ({
  wish: {
    case: "revoke",
    value: { subjectKind: SubjectKind.USER, stage: Stage.SUSPEND, ttlMs: 3_600_000n, ...value },
  },
});
const lift = (value: object): Wish => ({ wish: { case: "lift", value } });
const id = (n: number) => nodeCrypto.sha256(Uint8Array.of(n));

function proposalCode(fields: Wish = {}, subject = MALLORY, part?: PrivatePart): string {
  const proposed = kit.propose(olga, subject, nowMs, fields);
  const opened = openProposal(nodeCrypto, view, proposed.envelope, part ?? proposed.part);
  return isReject(opened) ? opened.reject : opened.rule.name;
}

describe("a proposal", () => {
  test.each([
    ["a revocation as the rule allows it", revoke({}), "kill-switch"],
    ["the longest time", revoke({ ttlMs: 86_400_000n }), "kill-switch"],
    ["a millisecond more", revoke({ ttlMs: 86_400_001n }), "ttl-too-long"],
    ["an absurd time", revoke({ ttlMs: 2n ** 64n - 1n }), "ttl-too-long"],
    ["the shortest time", revoke({ ttlMs: 1_000n }), "kill-switch"],
    ["less", revoke({ ttlMs: 999n }), "malformed"],
    ["a stage that no rule allows", revoke({ stage: Stage.OBSERVE }), "stage-not-allowed"],
    ["no stage", revoke({ stage: Stage.UNSPECIFIED }), "stage-not-allowed"],
    ["a stage nobody knows", revoke({ stage: 99 as Stage }), "stage-not-allowed"],
    ["a kind that is not the subject's", revoke({ subjectKind: SubjectKind.ADDRESS }), "malformed"],
    ["a known host", revoke({ scope: { hosts: ["host-1", "host-3"] } }), "kill-switch"],
    ["a misspelt host", revoke({ scope: { hosts: ["host-l"] } }), "scope-not-allowed"],
    ["hosts out of order", revoke({ scope: { hosts: ["host-3", "host-1"] } }), "scope-not-allowed"],
    ["a host twice", revoke({ scope: { hosts: ["host-1", "host-1"] } }), "scope-not-allowed"],
    ["sorted resources", revoke({ scope: { resources: ["/a", "/b"] } }), "kill-switch"],
    ["unsorted actions", revoke({ scope: { actions: ["w", "r"] } }), "scope-not-allowed"],
    ["unsorted labels", revoke({ scope: { labels: ["b=1", "a=1"] } }), "scope-not-allowed"],
    ["what it supersedes", revoke({ supersedes: [id(1)] }), "kill-switch"],
    ["an id of 31 bytes", revoke({ supersedes: [id(1).subarray(1)] }), "malformed"],
    ["a lift", lift({ revocationIds: [id(1)] }), "lift"],
    ["a lift of nothing", lift({ revocationIds: [] }), "malformed"],
    ["a lift of half an id", lift({ revocationIds: [id(1).subarray(16)] }), "malformed"],
    ["a lift of one id twice", lift({ revocationIds: [id(1), id(1)] }), "malformed"],
    ["no wish", { wish: { case: undefined } }, "malformed"],
    ["a nonce of 15 bytes", { nonce: new Uint8Array(15) }, "malformed"],
    ["an epoch that was never active", { epoch: 2 }, "unknown-epoch"],
    ["epoch 0", { epoch: 0 }, "unknown-epoch"],
    ["another format", { format: 2 }, "unsupported-format"],
    ["a time no body can hold", { createdMs: 2n ** 63n }, "malformed"],
    ["evidence, which no rule takes yet", { evidence: [{ leafIndex: 1 }] }, "malformed"],
  ] as const)("for %s is judged by the rule", (_, fields, code) => {
    expect(proposalCode(fields as Wish)).toBe(code);
  });

  test("sorts a lift's ids as bytes", () => {
    const sorted = [id(1), id(2), id(3)].sort(compareBytes);
    expect(proposalCode(lift({ revocationIds: sorted }))).toBe("lift");
    expect(proposalCode(lift({ revocationIds: sorted.reverse() }))).toBe("malformed");
  });

  test("of too many scope items is refused", () => {
    const resources = Array.from({ length: LIMITS.scopeItemsMax + 1 }, (_, i) => `/${1000 + i}`);
    expect(proposalCode(revoke({ scope: { resources } }))).toBe("scope-not-allowed");
    expect(proposalCode(revoke({ scope: { resources: resources.slice(1) } }))).toBe("kill-switch");
  });

  test("about an exempt subject is refused, about its neighbour not", () => {
    const asked = revoke({ subjectKind: SubjectKind.ADDRESS });
    const about = (text: string) => proposalCode(asked, parseSubject(text) as SubjectText);
    expect(about("address:127.8.8.8")).toBe("exempt");
    expect(about("address:128.0.0.0")).toBe("kill-switch");
  });

  test("opens only with its own private part", () => {
    expect(proposalCode({}, MALLORY, kit.privatePart(MALLORY))).toBe("commitment-mismatch");
    const { envelope } = kit.propose(olga, MALLORY, nowMs);
    expect(openProposal(nodeCrypto, view, envelope, undefined)).toEqual({
      reject: "commitment-mismatch",
    });
  });

  test("with a statement longer than a screen is refused", () => {
    const code = (length: number) => {
      const content = encodeNew(PrivateSubjectSchema, {
        subject: MALLORY,
        statement: "x".repeat(length),
      });
      const part = create(PrivatePartSchema, { salt: kit.random(16), content });
      return proposalCode({ commitment: commitmentOf(nodeCrypto, part) }, MALLORY, part);
    };
    expect(code(LIMITS.statementTextMax)).toBe("kill-switch");
    expect(code(LIMITS.statementTextMax + 1)).toBe("too-large");
  });

  test.each([
    ["a host", kit.hosts[0], "unknown-key"],
    ["an author", pia, "unknown-key"],
    ["a coordinator", kit.coordinators[0], "unknown-key"],
    ["an approver", ada, "kill-switch"],
    ["an operator", omar, "kill-switch"],
  ] as const)("by %s gives %s", (_, by, code) => {
    const { envelope, part } = kit.propose(by as Person, MALLORY, nowMs);
    const opened = openProposal(nodeCrypto, view, envelope, part);
    expect(isReject(opened) ? opened.reject : opened.rule.name).toBe(code);
  });

  test("of two proposers is refused: neither could be kept from approving", () => {
    const { envelope, part } = kit.propose(olga, MALLORY, nowMs);
    const both = cosignEnvelope(envelope, ada.signer);
    expect(openProposal(nodeCrypto, view, both, part)).toEqual({ reject: "malformed" });
  });
});

describe("an approval", () => {
  const { id: proposalId } = kit.propose(olga, MALLORY, nowMs);
  const code = (envelope: Envelope) => {
    const opened = openApproval(nodeCrypto, view, envelope);
    return isReject(opened) ? opened.reject : opened.approver;
  };

  test("opens for an approver, under either of their keys, with different ids", () => {
    const [a, b] = [ada, adaAgain].map((by) => kit.approve(by, proposalId, nowMs)) as [
      Envelope,
      Envelope,
    ];
    expect(code(a)).toBe("ada");
    expect(code(b)).toBe("ada");
    const [x, y] = [a, b].map((e) => openApproval(nodeCrypto, view, e));
    if (isReject(x) || isReject(y) || x === undefined || y === undefined)
      throw new Error("refused");
    expect(x.id).not.toEqual(y.id);
  });

  test("by who is no approver, or with rui's operator key, does not open", () => {
    for (const by of [olga, pia, ruiOperating, kit.hosts[0] as Person]) {
      expect(code(kit.approve(by, proposalId, nowMs))).toBe("unknown-key");
    }
  });

  test("with two signatures does not open, of one holder or of two", () => {
    const one = kit.approve(ada, proposalId, nowMs);
    expect(code(cosignEnvelope(one, adaAgain.signer))).toBe("malformed");
    expect(code(cosignEnvelope(one, sam.signer))).toBe("malformed");
    expect(code(cosignEnvelope(one, ada.signer))).toBe("duplicate");
  });

  test("signed as another kind, or for another mesh, does not open", () => {
    const { body } = kit.approve(ada, proposalId, nowMs);
    expect(code(signEnvelope(kit.mesh, "proposal", body, ada.signer))).toBe("wrong-type");
    const other = testMesh("another mesh");
    expect(code(signEnvelope(other.mesh, "approval", body, ada.signer))).toBe("wrong-mesh");
    // Relabelled afterwards: the signature is over the label.
    const relabelled = signEnvelope(other.mesh, "approval", body, ada.signer);
    const { type } = kit.approve(ada, proposalId, nowMs);
    expect(code(create(EnvelopeSchema, { ...relabelled, type }))).toBe("bad-signature");
  });

  test("whose time no body can hold does not open", () => {
    const fields = { createdMs: 2n ** 64n - 1n };
    expect(code(kit.approve(ada, proposalId, nowMs, fields))).toBe("malformed");
  });
});

describe("a proposal and its approvals", () => {
  const asked = kit.propose(olga, MALLORY, nowMs);
  const byId = (a: Envelope, b: Envelope) => compareBytes(idOf(a), idOf(b));
  const idOf = (envelope: Envelope): Bytes => {
    const opened = openApproval(nodeCrypto, view, envelope);
    if (isReject(opened)) throw new Error(opened.reject);
    return opened.id;
  };
  const consent = (by: Person, proposed = asked, fields: object = {}) =>
    kit.approve(by, proposed.id, nowMs, fields);

  function verdict(approvals: Envelope[], proposed: Proposed = asked, atMs = nowMs, sort = true) {
    const { envelope, part } = proposed;
    const given = sort ? approvals.sort(byId) : approvals;
    return verdictOfPeople(nodeCrypto, view, envelope, part, given, atMs);
  }
  function code(approvals: Envelope[], proposed: Proposed = asked, atMs = nowMs, sort = true) {
    const made = verdict(approvals, proposed, atMs, sort);
    return isReject(made) ? made.reject : made.kind;
  }

  test("of one approver of each group make the revocation that was asked for", () => {
    const made = verdict([consent(ada), consent(sam)]);
    if (isReject(made) || made.kind !== "revocation") throw new Error("no revocation");
    expect(made.revocation).toMatchObject({
      rule: "kill-switch",
      stage: Stage.SUSPEND,
      fromMs: BigInt(nowMs),
      expiresMs: BigInt(nowMs + 3_600_000),
      controlIndex: BigInt(view.controlIndex),
      hostCount: 0,
    });
    expect(made.revocation.evidenceMdb).toBeUndefined();
  });

  test("of one group only, or of nobody, are short", () => {
    expect(code([consent(ada), consent(rui)])).toBe("warrant-short");
    expect(code([consent(sam)])).toBe("warrant-short");
    expect(code([])).toBe("warrant-short");
    expect(code([consent(ada), consent(rui), consent(sam)])).toBe("revocation");
  });

  test("never count the proposer, under none of their keys", () => {
    const byAda = kit.propose(ada, MALLORY, nowMs);
    expect(code([consent(ada, byAda), consent(sam, byAda)], byAda)).toBe("self-approval");
    expect(code([consent(adaAgain, byAda), consent(sam, byAda)], byAda)).toBe("self-approval");
    expect(code([consent(rui, byAda), consent(sam, byAda)], byAda)).toBe("revocation");
    const byRui = kit.propose(ruiOperating, MALLORY, nowMs);
    expect(code([consent(rui, byRui), consent(sam, byRui)], byRui)).toBe("self-approval");
  });

  test("count one holder once: a second key of ada is a repeat, not a second approver", () => {
    expect(code([consent(ada), consent(adaAgain), consent(sam)])).toBe("already-approved");
    expect(code([consent(ada), consent(ada), consent(sam)])).toBe("already-approved");
    expect(code([consent(adaAgain), consent(sam)])).toBe("revocation");
  });

  test("count only for the very bytes that were shown", () => {
    const twin = kit.propose(olga, MALLORY, nowMs);
    expect(code([consent(ada), consent(sam, twin)])).toBe("unknown-proposal");
    expect(code([consent(ada, twin), consent(sam, twin)])).toBe("unknown-proposal");
  });

  test("lapse at the entry's machine time, not before", () => {
    const soon = { notAfterMs: BigInt(nowMs + 5_000) };
    expect(code([consent(ada), consent(sam, asked, soon)], asked, nowMs + 4_999)).toBe(
      "revocation",
    );
    expect(code([consent(ada), consent(sam, asked, soon)], asked, nowMs + 5_000)).toBe("expired");
    expect(code([consent(ada), consent(sam)], asked, nowMs + 3_600_000)).toBe("expired");
    const short = kit.propose(olga, MALLORY, nowMs, soon);
    expect(code([consent(ada, short), consent(sam, short)], short, nowMs + 5_000)).toBe("expired");
    const far = { notAfterMs: BigInt(nowMs + LIMITS.notAfterMsMax + LIMITS.signalAheadMsMax + 1) };
    expect(code([consent(ada), consent(sam, asked, far)])).toBe("not-after-too-far");
  });

  test("out of the order of ids have a second spelling and are refused", () => {
    const sorted = [consent(ada), consent(sam)].sort(byId);
    expect(code([...sorted], asked, nowMs, false)).toBe("revocation");
    expect(code([...sorted].reverse(), asked, nowMs, false)).toBe("duplicate");
  });

  test("of more approvals than a warrant may hold are refused", () => {
    const many = Array.from({ length: LIMITS.approvalsMax + 1 }, () => consent(ada));
    expect(code(many)).toBe("too-large");
  });

  test("make a revocation that runs from the oldest of them", () => {
    const early = { createdMs: BigInt(nowMs - 30_000) };
    const made = verdict([consent(ada, asked, early), consent(sam)]);
    if (isReject(made) || made.kind !== "revocation") throw new Error("no revocation");
    expect(made.revocation.fromMs).toBe(BigInt(nowMs - 30_000));
    expect(made.revocation.expiresMs).toBe(BigInt(nowMs - 30_000 + 3_600_000));
  });

  test("make another id for another stage, scope, dry run or set of approvers", () => {
    const ids = new Set<string>();
    const add = (fields: object, by = [ada, sam]) => {
      const part = asked.part;
      const shared = { nonce: new Uint8Array(16), commitment: commitmentOf(nodeCrypto, part) };
      const proposed = { ...kit.propose(olga, MALLORY, nowMs, { ...shared, ...fields }), part };
      const made = verdict(
        by.map((p) => consent(p, proposed)),
        proposed,
      );
      if (isReject(made) || made.kind !== "revocation") throw new Error("no revocation");
      ids.add(Buffer.from(made.revocation.id).toString("hex"));
    };
    add({});
    add({});
    add(revoke({ stage: Stage.TERMINATE }));
    add(revoke({ isDryRun: true }));
    add(revoke({ scope: { hosts: ["host-1"] } }));
    add(revoke({ scope: { resources: ["host-1"] } }));
    add({}, [rui, sam]);
    expect(ids.size).toBe(6);
  });

  test("make a lift that outlives whatever any policy could have made", () => {
    const wish = lift({ revocationIds: [id(1)], pardonBeforeMs: BigInt(nowMs) });
    const proposed = kit.propose(olga, MALLORY, nowMs, wish);
    const made = verdict([consent(ada, proposed), consent(sam, proposed)], proposed);
    if (isReject(made) || made.kind !== "lift") throw new Error("no lift");
    expect(made.lift.revocationIds).toEqual([id(1)]);
    expect(made.lift.pardonBeforeMs).toBe(BigInt(nowMs));
    expect(Number(made.lift.expiresMs)).toBeGreaterThan(nowMs + 30 * 86_400_000);
    expect(made.subject).toBe(MALLORY);
  });

  test("are judged by the view they are given: before epoch 1 nothing could be asked", () => {
    const { envelope, part } = asked;
    const early = run.control.mesh.viewAt(1);
    const given = [consent(ada), consent(sam)].sort(byId);
    expect(verdictOfPeople(nodeCrypto, early, envelope, part, given, nowMs)).toEqual({
      reject: "unknown-epoch",
    });
  });
});

test("an approval that is no approval's bytes is refused", () => {
  const body = encodeNew(ApprovalSchema, { format: 1 });
  const junk = signEnvelope(kit.mesh, "approval", Uint8Array.of(...body, 0xff), ada.signer);
  expect(openApproval(nodeCrypto, view, junk)).toEqual({ reject: "malformed" });
});
