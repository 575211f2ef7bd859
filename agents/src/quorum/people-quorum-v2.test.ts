// The quorum over people from machine version 2 on: proposals that take signals along, each signal
// once; and a state that is saved and loaded in the middle of anything.

import {
  type Bytes,
  isReject,
  parseSubject,
  Stage,
  SubjectKind,
  type SubjectText,
} from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { BinaryReader, BinaryWriter } from "../kernel/index.ts";
import { PeopleQuorum } from "./index.ts";

const kit = testMesh("people-quorum v2", { hosts: 3 });
const [olga, omar] = kit.operators as [Person, Person];
const approvers = kit.approvers as [Person, Person, Person];
const [ada, , sam] = approvers;
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const run = MachineRun.joined(kit);
run.upgrade();
const NOW = run.nowMs;
const HOUR = 3_600_000;
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const OTHER = parseSubject("address:203.0.113.8") as SubjectText;

type Seen = ReturnType<typeof kit.signalProof>;
const see = (host: HostPerson, subject = MALLORY) => kit.signalProof(host, subject, NOW - 1_000);

class Desk {
  readonly quorum: PeopleQuorum;
  nowMs = NOW;

  constructor(quorum = new PeopleQuorum(nodeCrypto)) {
    this.quorum = quorum;
  }

  propose(signals: readonly Seen[], by = olga, subject = MALLORY, wish?: object) {
    const { proofs, parts } = kit.evidence(signals);
    const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: BigInt(HOUR) };
    const fields = { evidence: proofs, wish: wish ?? { case: "revoke", value } };
    const { id, envelope, part } = kit.propose(by, subject, NOW, fields);
    return { id, envelope, parts: [part, ...parts] };
  }

  take({ envelope, parts }: ReturnType<Desk["propose"]>): string {
    const opened = this.quorum.evaluateProposal(run.view, envelope, parts, this.nowMs);
    if (isReject(opened)) return opened.reject;
    this.quorum.applyProposal(run.view, envelope, parts, opened);
    return "open";
  }

  approve(by: Person, { id }: { id: Bytes }): string {
    const envelope = kit.approve(by, id, NOW);
    const opened = this.quorum.evaluateApproval(run.view, envelope, this.nowMs);
    if (isReject(opened)) return opened.reject;
    const done = this.quorum.applyApproval(run.view, envelope, opened, this.nowMs);
    return done === undefined ? "open" : `${done.verdict.kind} ${done.privates.length}`;
  }

  saved(): Uint8Array {
    const w = new BinaryWriter();
    this.quorum.save(w);
    return w.finish();
  }

  /** Another desk that goes on from here. */
  resumed(): Desk {
    const quorum = new PeopleQuorum(nodeCrypto);
    quorum.load(new BinaryReader(this.saved()), () => run.view);
    const desk = new Desk(quorum);
    desk.nowMs = this.nowMs;
    return desk;
  }
}

describe("signals that two proposals take along", () => {
  test("are spent by the first that is decided; the other can be approved no more", () => {
    const desk = new Desk();
    const shared = see(h1);
    const [first, second] = [desk.propose([shared]), desk.propose([shared, see(h2)])];
    expect([desk.take(first), desk.take(second)]).toEqual(["open", "open"]);
    expect([desk.approve(ada, first), desk.approve(ada, second)]).toEqual(["open", "open"]);
    expect(desk.approve(sam, first)).toBe("revocation 2");
    expect(desk.approve(sam, second)).toBe("spent");
    expect(desk.take(desk.propose([shared]))).toBe("spent");
    expect(desk.take(desk.propose([see(h1)]))).toBe("open");
  });

  test("are remembered as spent for as long as a proposal could take them along", () => {
    const desk = new Desk();
    const shared = see(h1);
    const first = desk.propose([shared]);
    desk.take(first);
    desk.approve(ada, first);
    desk.approve(sam, first);
    const again = desk.propose([shared]);
    desk.quorum.expire(NOW + 48 * HOUR);
    expect(desk.take(again)).toBe("spent");
    desk.quorum.expire(NOW + 49 * HOUR);
    expect(desk.take(again)).toBe("open");
  });

  test("count for nothing once a lift has pardoned what they tell of, of that subject alone", () => {
    const desk = new Desk();
    const value = { revocationIds: [nodeCrypto.sha256()], pardonBeforeMs: BigInt(NOW) };
    const lift = desk.propose([], omar, MALLORY, { case: "lift", value });
    const waiting = desk.propose([see(h1)]);
    desk.take(lift);
    desk.take(waiting);
    desk.approve(ada, lift);
    expect(desk.approve(sam, lift)).toBe("lift 1");
    expect(desk.approve(ada, waiting)).toBe("pardoned");
    expect(desk.take(desk.propose([see(h1)]))).toBe("pardoned");
    expect(desk.take(desk.propose([see(h1, OTHER)], olga, OTHER))).toBe("open");
  });

  test("come back with the proposal to who wants to approve it", () => {
    const desk = new Desk();
    const proposal = desk.propose([see(h1), see(h2)]);
    desk.take(proposal);
    const found = desk.quorum.find(proposal.id);
    expect([found?.part, ...(found?.evidenceParts ?? [])]).toEqual(proposal.parts);
  });
});

test("a quorum that was saved and loaded goes on exactly as one that never stopped", () => {
  const signals = [see(h1), see(h2)] as const;
  const fresh = new Desk();
  const value = { revocationIds: [nodeCrypto.sha256()], pardonBeforeMs: BigInt(NOW - 500) };
  const proposals = [
    fresh.propose([signals[0]]),
    fresh.propose([...signals], omar),
    fresh.propose([]),
    fresh.propose([], ada, MALLORY, { case: "lift", value }),
  ];
  const act = fc.record({
    proposal: fc.integer({ min: 0, max: proposals.length - 1 }),
    by: fc.option(fc.constantFrom(...approvers), { nil: undefined }),
    stepMs: fc.constantFrom(0, 0, 1_000, HOUR / 2),
  });
  type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
  const play = (desk: Desk, acts: readonly Act[]) =>
    acts.map(({ proposal: n, by, stepMs }) => {
      desk.nowMs += stepMs;
      desk.quorum.expire(desk.nowMs);
      const proposal = proposals[n] as ReturnType<Desk["propose"]>;
      return by === undefined ? desk.take(proposal) : desk.approve(by, proposal);
    });
  const acts = fc.array(act, { maxLength: 12 });
  fc.assert(
    fc.property(acts, acts, (one, two) => {
      const whole = new Desk();
      play(whole, one);
      const half = whole.resumed();
      expect(half.saved()).toEqual(whole.saved());
      expect(play(half, two)).toEqual(play(whole, two));
      expect(half.saved()).toEqual(whole.saved());
    }),
    { seed: 3, numRuns: 40 },
  );
});
