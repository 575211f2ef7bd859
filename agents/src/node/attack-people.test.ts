// What one person may not do with the consent of others, in the control machine under a real
// policy: use evidence twice by dating a proposal back, hold up a warrant from outside the roster,
// have counted what counts no more.

import {
  encode,
  isReject,
  parseSubject,
  type Roster as RosterDocument,
  RosterSchema,
  Stage,
  SubjectKind,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";
import { checkVerdict, Mesh } from "./index.ts";

const kit = testMesh("attack people", { hosts: 3 });
const [olga, omar] = kit.operators as [Person, Person];
const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const [root1, root2] = kit.roots as [Person, Person];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const LIGHT = `    withEvidence:
      hosts: 2
      faultDomains: 2
      lineMdb: 30000
      approvals: { group: responders, atLeast: 1 }
`;
const LIFT = "  - name: lift\n";
const YAML = DEFAULT_POLICY_YAML.replace(LIFT, `${LIGHT}${LIFT}`)
  .replace("ttlMax: 24h", "ttlMax: 7d")
  // Can still be met when one of the two has left.
  .replace("{ group: responders, atLeast: 2 }", "{ group: responders, atLeast: 1 }");

function upgraded(): MachineRun {
  const run = MachineRun.joined(kit);
  run.upgrade();
  const { document, activation } = kit.policy(2, run.nowMs, YAML);
  expect(run.command(document)).toBeTypeOf("number");
  expect(run.command(activation)).toBeTypeOf("number");
  return run;
}

type Seen = ReturnType<typeof kit.signalProof>;

const see = (run: MachineRun, host: HostPerson): Seen =>
  kit.signalProof(host, MALLORY, run.nowMs, { epoch: 2 });

/** A proposal with signals. @param createdMs what the proposer says of its time. */
function ask(run: MachineRun, by: Person, signals: readonly Seen[], createdMs = run.nowMs) {
  const { proofs, parts } = kit.evidence(signals);
  const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: BigInt(7 * DAY) };
  const wish = { case: "revoke", value };
  const notAfterMs = BigInt(run.nowMs + HOUR);
  const fields = { epoch: 2, evidence: proofs, wish, notAfterMs };
  const { id, envelope, part } = kit.propose(by, MALLORY, createdMs, fields);
  return { id, code: run.command(envelope, [part, ...parts]) };
}

function approve(run: MachineRun, by: Person, id: Uint8Array): unknown {
  return run.command(kit.approve(by, Uint8Array.from(id), run.nowMs));
}

const verdicts = (run: MachineRun) =>
  run.entries("control").filter(({ effect }) => effect.case === "revocation");

/** The next roster, signed by enough roots. */
function changeRoster(run: MachineRun, change: (next: RosterDocument) => void) {
  const last = run.control.mesh.roster.document;
  const next: RosterDocument = {
    ...structuredClone(last),
    version: last.version + 1,
    previous: nodeCrypto.sha256(encode(RosterSchema, last)),
    notAfterMs: BigInt(run.nowMs + 60_000),
  };
  change(next);
  const body = encode(RosterSchema, next);
  const envelope = signEnvelope(kit.mesh, "roster", body, root1.signer, root2.signer);
  expect(run.command(envelope)).toBeTypeOf("number");
}

/** Takes a person out of the roster. */
const without = (name: string) => (next: RosterDocument) => {
  next.holders = next.holders.filter((h) => h.name !== name);
  for (const group of next.groups) group.holders = group.holders.filter((h) => h !== name);
};

/** What a sidecar makes of the newest verdict. */
function recheck(run: MachineRun): string {
  const mesh = new Mesh(nodeCrypto, kit.genesis);
  for (const entry of run.entries("control")) mesh.apply(entry);
  const entry = verdicts(run).at(-1);
  const record = run.records("control")[Number(entry?.index) - 1];
  if (entry === undefined || record === undefined) return "none";
  const verdict = checkVerdict(nodeCrypto, mesh, entry, record.privates);
  return verdict === undefined || isReject(verdict) ? "unverified" : verdict.kind;
}

describe("evidence", () => {
  test("that was spent is not used again by a proposal that is dated back", () => {
    const run = upgraded();
    const signals = [see(run, h1), see(run, h2)];
    const seenMs = run.nowMs;
    const first = ask(run, olga, signals);
    expect(approve(run, ada, first.id)).toBeTypeOf("number");
    expect(verdicts(run)).toHaveLength(1);
    run.tick(2 * DAY);
    expect(ask(run, omar, signals, seenMs).code).toBe("spent");
    // Forgotten by now: so old it counts for nobody.
    run.tick(HOUR);
    expect(ask(run, omar, signals, seenMs).code).toBe("expired");
    expect(verdicts(run)).toHaveLength(1);
  });

  test("of a host that was expelled meanwhile is refused when it is approved", () => {
    const run = upgraded();
    const { id } = ask(run, olga, [see(run, h1), see(run, h2)]);
    changeRoster(run, (next) => {
      next.expelledKeys = [Uint8Array.from(h2.signer.publicKey)];
    });
    expect(approve(run, ada, id)).toBe("expelled");
    expect(verdicts(run)).toEqual([]);
  });
});

test("a consent that is dated back further than any lives is none: its lift would be forgotten", () => {
  const run = upgraded();
  const { id } = ask(run, olga, [], run.nowMs - 40 * DAY);
  const notAfterMs = BigInt(run.nowMs + HOUR);
  const dated = (ms: number) =>
    run.command(kit.approve(ada, Uint8Array.from(id), ms, { notAfterMs }));
  expect(dated(run.nowMs - 25 * HOUR)).toBe("clock-off");
  expect(dated(run.nowMs - 23 * HOUR)).toBeTypeOf("number");
});

describe("who left the roster", () => {
  test("holds up no warrant by an approval of before", () => {
    const run = upgraded();
    const { id } = ask(run, olga, []);
    expect(approve(run, rui, id)).toBeTypeOf("number");
    changeRoster(run, without("rui"));
    expect(approve(run, sam, id)).toBeTypeOf("number");
    // His consent does not count, and that of another responder is enough.
    expect(verdicts(run)).toEqual([]);
    expect(approve(run, ada, id)).toBeTypeOf("number");
    expect(verdicts(run)).toHaveLength(1);
    expect(recheck(run)).toBe("revocation");
  });

  test("has asked for nothing that could still be approved", () => {
    const run = upgraded();
    const { id } = ask(run, olga, []);
    changeRoster(run, without("olga"));
    expect(approve(run, ada, id)).toBe("unknown-key");
    expect(verdicts(run)).toEqual([]);
  });
});
