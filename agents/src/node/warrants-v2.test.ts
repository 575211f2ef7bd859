// Warrants from machine version 2 on, made by the two machines under a real policy and judged as a
// sidecar judges them: a suggestion that people take up, a second offence, an inquiry; and what
// each of them may not be.

import {
  type Bytes,
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  parseSubject,
  type Revocation,
  SignalSchema,
  Stage,
  SubjectKind,
  type SubjectText,
  type Suggestion,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";
import { EdgeMemory } from "./edge/edge-memory.ts";
import { checkVerdict, Mesh } from "./index.ts";
import { privatesFit } from "./privates-fit.ts";

const kit = testMesh("warrants v2", { hosts: 4 });
const [olga] = kit.operators as [Person];
const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
const [h1, h2, h3, h4] = kit.hosts as readonly HostPerson[] as [
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const MINUTE = 60_000;

const LIGHT = `    withEvidence:
      hosts: 2
      faultDomains: 2
      lineMdb: 30000
      approvals: { group: responders, atLeast: 1 }
`;
const LIFT = "  - name: lift\n";
const YAML = DEFAULT_POLICY_YAML.replace(LIFT, `${LIGHT}${LIFT}`);

/** Machine version 2, and epoch 2: the default policy, with a lighter consent on evidence. */
function upgraded(): MachineRun {
  const run = MachineRun.joined(kit);
  run.upgrade();
  const { document, activation } = kit.policy(2, run.nowMs, YAML);
  expect(run.command(document)).toBeTypeOf("number");
  expect(run.command(activation)).toBeTypeOf("number");
  run.import();
  return run;
}

/** A host speaks of Mallory, in a batch of its own life. @returns reject codes. */
function say(run: MachineRun, host: HostPerson, fields: object = {}): string[] {
  const timeMs = BigInt(run.nowMs);
  const signal = {
    subject: MALLORY,
    fields: { timeMs, evidenceFromMs: timeMs, epoch: 2, ...fields },
  };
  return run.batch(kit.batch(host, kit.random(16), 0, [signal])).rejects.map((r) => r.code);
}

interface Made {
  readonly entry: Entry;
  readonly privates: readonly PrivatePart[];
}

function made(run: MachineRun, name: "control" | "signals", effect: string): Made[] {
  return run.records(name).flatMap((record: EntryRecord) => {
    const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax) as Entry;
    return entry.effect.case === effect ? [{ entry, privates: record.privates }] : [];
  });
}

const revocationOf = ({ entry }: Made) => entry.effect.value as Revocation;

/** A sidecar's mesh as the control ledger has made it so far. */
function sidecar(run: MachineRun): Mesh {
  const mesh = new Mesh(nodeCrypto, kit.genesis);
  for (const entry of run.entries("control")) mesh.apply(entry);
  return mesh;
}

function check(run: MachineRun, { entry, privates }: Made): string {
  if (!privatesFit(nodeCrypto, entry, privates)) return "privates do not fit";
  const verdict = checkVerdict(nodeCrypto, sidecar(run), entry, privates);
  if (verdict === undefined) return "no verdict";
  return isReject(verdict) ? verdict.reject : verdict.kind;
}

/** A proposal that takes a suggestion's signals along; the code of its last command. */
function takeUp(run: MachineRun, { entry, privates }: Made, approvers: readonly Person[]) {
  const { signals } = entry.effect.value as Suggestion;
  const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: 3_600_000n };
  const fields = { epoch: 2, evidence: signals, wish: { case: "revoke", value } };
  const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, fields);
  const asked = run.command(envelope, [part, ...privates]);
  const given = approvers.map((by) => run.command(kit.approve(by, id, run.nowMs)));
  return given.at(-1) ?? asked;
}

describe("a window that closes short", () => {
  /** Two hosts, a window apart: never a warrant. */
  function short(): { run: MachineRun; suggestion: Made } {
    const run = upgraded();
    say(run, h1);
    run.tick(10 * MINUTE + 1);
    const [suggestion] = made(run, "signals", "suggestion");
    if (suggestion === undefined) throw new Error("nothing was suggested");
    return { run, suggestion };
  }

  test("becomes one suggestion, with its evidence, until it lapses", () => {
    const { run, suggestion } = short();
    const value = suggestion.entry.effect.value as Suggestion;
    expect(value).toMatchObject({ why: "window-short", rule: "seen-on-two-hosts", hostCount: 1 });
    expect([value.evidenceMdb, value.sumMdb, value.againstCount]).toEqual([40_000, 40_000, 0]);
    expect(Number(value.expiresMs)).toBe(run.nowMs + 4 * 3_600_000);
    expect(privatesFit(nodeCrypto, suggestion.entry, suggestion.privates)).toBe(true);
    say(run, h2);
    run.tick(10 * MINUTE + 1);
    expect(made(run, "signals", "suggestion")).toHaveLength(1);
    run.tick(4 * 60 * MINUTE);
    say(run, h3);
    run.tick(10 * MINUTE + 1);
    expect(made(run, "signals", "suggestion")).toHaveLength(2);
  });

  test("is taken up by people: the verdict stands in control with the signals inside it", () => {
    const { run, suggestion } = short();
    expect(takeUp(run, suggestion, [ada])).toBeTypeOf("number");
    expect(made(run, "control", "revocation")).toEqual([]);
    takeUp(run, suggestion, [ada, sam]);
    const [verdict] = made(run, "control", "revocation") as [Made];
    expect(verdict.privates).toHaveLength(2);
    expect(check(run, verdict)).toBe("revocation");
    const swapped = { ...verdict, privates: [...verdict.privates].reverse() };
    expect(check(run, swapped)).toBe("privates do not fit");
    const [own] = verdict.privates as [PrivatePart];
    expect(check(run, { ...verdict, privates: [own] })).toBe("privates do not fit");
  });

  test("is taken up once: its signals are spent, here and, once imported, there", () => {
    const { run, suggestion } = short();
    takeUp(run, suggestion, [ada, sam]);
    expect(takeUp(run, suggestion, [])).toBe("spent");
    run.import();
    const [proof] = (suggestion.entry.effect.value as Suggestion).signals;
    const signal = decode(SignalSchema, proof?.signal as Bytes, LIMITS.signalBytesMax);
    const [part] = suggestion.privates;
    const again = { subject: MALLORY, part: part as PrivatePart };
    const fields = { epoch: 2, timeMs: BigInt(run.nowMs), commitment: signal?.commitment };
    const batch = kit.batch(h1, kit.random(16), 0, [{ ...again, fields: fields as object }]);
    expect(run.batch(batch).rejects.map((r) => r.code)).toEqual(["spent"]);
  });

  test("cannot be taken up after a pardon of what it holds", () => {
    const { run, suggestion } = short();
    const value = { revocationIds: [nodeCrypto.sha256()], pardonBeforeMs: BigInt(run.nowMs) };
    const fields = { epoch: 2, wish: { case: "lift", value } };
    const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, fields);
    run.command(envelope, [part]);
    for (const by of [ada, sam]) run.command(kit.approve(by, id, run.nowMs));
    expect(made(run, "control", "lift")).toHaveLength(1);
    expect(takeUp(run, suggestion, [])).toBe("pardoned");
  });
});

describe("two hosts' signals inside a proposal", () => {
  test("make one responder's consent enough; a sidecar wants the same of them", () => {
    const run = upgraded();
    const see = (host: HostPerson, fields: object = {}) =>
      kit.signalProof(host, MALLORY, run.nowMs, { epoch: 2, ...fields });
    const decide = (signals: readonly ReturnType<typeof see>[]) => {
      const { proofs, parts } = kit.evidence(signals);
      const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: 3_600_000n };
      const fields = { epoch: 2, evidence: proofs, wish: { case: "revoke", value } };
      const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, fields);
      run.command(envelope, [part, ...parts]);
      run.command(kit.approve(rui, id, run.nowMs));
      return made(run, "control", "revocation").at(-1);
    };
    expect(decide([see(h1), see(h2, { evidenceMdb: 29_999 })])).toBeUndefined();
    const verdict = decide([see(h1), see(h2)]) as Made;
    expect(check(run, verdict)).toBe("revocation");
    const memory = new EdgeMemory();
    memory.spend(revocationOf(verdict), Number(verdict.entry.index));
    const twice = decide([see(h1), see(h3)]) as Made;
    expect(memory.faultOf(revocationOf(twice), MALLORY)).toBeUndefined();
    const same = { ...revocationOf(verdict), id: nodeCrypto.sha256() };
    expect(memory.faultOf(same, MALLORY)).toBe("spent");
  });
});

describe("a second offence", () => {
  function offended(): { run: MachineRun; first: Made; second: Made } {
    const run = upgraded();
    for (const host of [h1, h2]) expect(say(run, host)).toEqual([]);
    run.tick();
    for (const host of [h3, h4]) expect(say(run, host)).toEqual([]);
    const [first, second] = made(run, "signals", "revocation") as [Made, Made];
    return { run, first, second };
  }

  test("lasts longer and is verified from the first one's path", () => {
    const { run, first, second } = offended();
    const lasts = (of: Made) => Number(revocationOf(of).expiresMs - revocationOf(of).fromMs);
    expect([lasts(first), lasts(second)]).toEqual([3_600_000, 24 * 3_600_000]);
    expect([check(run, first), check(run, second)]).toEqual(["revocation", "revocation"]);
  });

  test("is not believed without its proof, nor with another one", () => {
    const { run, first, second } = offended();
    const revocation = revocationOf(second);
    const [earlier] = (revocation.warrant?.earlier ?? []) as [never];
    const code = (shown: readonly object[], fields: object = {}) => {
      const warrant = { ...revocation.warrant, earlier: shown };
      const value = { ...revocation, warrant } as Revocation;
      const entry = { ...second.entry, ...fields, effect: { case: "revocation" as const, value } };
      const verdict = checkVerdict(nodeCrypto, sidecar(run), entry, second.privates);
      return isReject(verdict) ? verdict.reject : verdict?.kind;
    };
    const shown: Record<string, unknown> = earlier;
    expect(code([earlier])).toBe("revocation");
    expect(code([])).toBe("body-differs");
    expect(code([earlier, earlier])).toBe("earlier-not-proven");
    expect(code([{ ...shown, salt: kit.random(16) }])).toBe("earlier-not-proven");
    expect(code([{ ...shown, salt: kit.random(32) }])).toBe("earlier-not-proven");
    expect(code([{ ...shown, index: 2n }])).toBe("earlier-not-proven");
    expect(code([{ ...shown, path: [kit.random(32)] }])).toBe("earlier-not-proven");
    expect(code([{ ...shown, entry: Uint8Array.of(1) }])).toBe("earlier-not-proven");
    expect(code([earlier], { previousRoot: first.entry.previousRoot })).toBe("earlier-not-proven");
  });

  test("is not counted from one that was lifted, by machines or by sidecars", () => {
    const { first, second } = offended();
    const id = revocationOf(first).id;
    const known = Number(revocationOf(second).controlIndex);
    const fault = (index: number) => {
      const memory = new EdgeMemory();
      memory.lift([id], Number.MAX_SAFE_INTEGER, index);
      return memory.faultOf(revocationOf(second), MALLORY);
    };
    expect(fault(known)).toBe("earlier-not-proven");
    expect(fault(known + 1)).toBeUndefined();
    const run = upgraded();
    for (const host of [h1, h2]) say(run, host);
    const [lifted] = made(run, "signals", "revocation") as [Made];
    const value = { revocationIds: [revocationOf(lifted).id], pardonBeforeMs: 0n };
    const fields = { epoch: 2, wish: { case: "lift", value } };
    const proposal = kit.propose(olga, MALLORY, run.nowMs, fields);
    run.command(proposal.envelope, [proposal.part]);
    for (const by of [ada, sam]) run.command(kit.approve(by, proposal.id, run.nowMs));
    run.import();
    for (const host of [h3, h4]) say(run, host);
    const [, after] = made(run, "signals", "revocation") as [Made, Made];
    expect(revocationOf(after).warrant?.earlier).toEqual([]);
  });
});

describe("an address that many share", () => {
  test("is left to people and counted so, against who completed it", () => {
    const run = upgraded();
    expect(say(run, h1, { sharedSubjects: 4 })).toEqual([]);
    expect(say(run, h2)).toEqual(["shared-address"]);
    expect(made(run, "signals", "revocation")).toEqual([]);
    const [suggestion] = made(run, "signals", "suggestion") as [Made];
    expect(suggestion.entry.effect.value).toMatchObject({ why: "shared-address", hostCount: 2 });
    takeUp(run, suggestion, [rui]);
    expect(check(run, made(run, "control", "revocation")[0] as Made)).toBe("revocation");
  });
});

describe("an inquiry", () => {
  test("is entered when the sum passes the line, answered for and against, and shown", () => {
    const run = upgraded();
    say(run, h1, { evidenceMdb: 60_000 });
    const [asked] = made(run, "signals", "inquiry") as [Made];
    expect(privatesFit(nodeCrypto, asked.entry, asked.privates)).toBe(true);
    const { id: inquiryId, sourceHostKey } = asked.entry.effect.value as { id: Bytes } & {
      sourceHostKey: Bytes;
    };
    expect(hex(sourceHostKey)).toBe(hex(h1.signer.publicKey));
    expect(say(run, h2, { inquiryId, isAgainst: true, evidenceMdb: -5_000 })).toEqual([]);
    expect(say(run, h2, { inquiryId, isAgainst: true, evidenceMdb: 0 })).toEqual(["duplicate"]);
    expect(say(run, h3, { inquiryId, evidenceMdb: 12_000 })).toEqual([]);
    expect(say(run, h4, { inquiryId: kit.random(32) })).toEqual(["unknown-inquiry"]);
    expect(made(run, "signals", "revocation")).toEqual([]);
    run.tick(10 * MINUTE + 1);
    const [suggestion] = made(run, "signals", "suggestion") as [Made];
    expect(suggestion.entry.effect.value).toMatchObject({ againstCount: 1, sumMdb: 60_000 });
  });

  test("may be what completes the warrant: an answer over the line counts like any signal", () => {
    const run = upgraded();
    say(run, h1, { evidenceMdb: 60_000 });
    const [asked] = made(run, "signals", "inquiry") as [Made];
    const { id: inquiryId } = asked.entry.effect.value as { id: Bytes };
    expect(say(run, h2, { inquiryId })).toEqual([]);
    const [verdict] = made(run, "signals", "revocation") as [Made];
    expect(check(run, verdict)).toBe("revocation");
    expect(made(run, "signals", "inquiry")).toHaveLength(1);
  });
});

describe("before machine version 2", () => {
  test("a signal that says who shares an address, or answers, is malformed", () => {
    const run = MachineRun.joined(kit);
    const code = (fields: object) => say(run, h1, { epoch: 1, ...fields });
    expect(code({ sharedSubjects: 1 })).toEqual(["malformed"]);
    expect(code({ inquiryId: kit.random(32) })).toEqual(["malformed"]);
    expect(code({ isAgainst: true })).toEqual(["malformed"]);
    expect(code({})).toEqual([]);
  });

  test("a proposal brings one private part and no more", () => {
    const run = MachineRun.joined(kit);
    const { envelope, part } = kit.propose(olga, MALLORY, run.nowMs);
    expect(run.command(envelope, [part, part])).toBe("commitment-mismatch");
    expect(run.command(envelope, [])).toBe("commitment-mismatch");
    expect(run.command(envelope, [part])).toBeTypeOf("number");
  });

  test("a wish to widen by steps is malformed", () => {
    const run = MachineRun.joined(kit);
    const widening = [{ afterMs: 0n, permille: 100 }];
    const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: 3_600_000n };
    const wish = { case: "revoke", value: { ...value, widening } };
    const { envelope, part } = kit.propose(olga, MALLORY, run.nowMs, { wish });
    expect(run.command(envelope, [part])).toBe("malformed");
  });
});
