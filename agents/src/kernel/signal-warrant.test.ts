// The warrant of signals: real batches of real hosts, and beside the warrant that holds each
// nearest one that does not.

import { create } from "@bufbuild/protobuf";
import {
  BatchSchema,
  type Bytes,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  isReject,
  LIMITS,
  MerkleTree,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  parseSubject,
  type SignalProof,
  SignalProofSchema,
  SignalSchema,
  Stage,
  SubjectKind,
  type SubjectText,
  signEnvelope,
  utf8,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun, START_MS } from "../../testkit/machine-run.ts";
import type { HostPerson, SignalInit } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { commitmentOf, openSignalProof, revocationOfSignals, signalId } from "./index.ts";

const kit = testMesh("signal-warrant", { hosts: 5 });
const [h1, h2, h3, h4, h5] = kit.hosts as readonly HostPerson[] as [
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
];

/** A mesh in which host-4 is no witness, and host-3 stands in host-2's rack. */
const run = new MachineRun(kit);
run.tick();
const EXEMPTING = `
version: 1
name: test
local: { signalLineMdb: 40000, leaseLineMdb: 30000, leaseFor: 10m, leaseStage: suspend }
exempt: [192.0.2.0/24, "2001:db8::/32", "user:test/root"]
signalRules:
  - name: three-terminate
    kinds: [address]
    hosts: 3
    faultDomains: 2
    window: 1m
    lineMdb: 50000
    stage: terminate
    for: 2h
  - name: two-suspend
    kinds: [address]
    hosts: 2
    faultDomains: 2
    window: 10m
    lineMdb: 30000
    stage: suspend
    for: 1h
approvalRules:
  - { name: lift, wish: lift, approvals: { group: security, atLeast: 1 } }
freshness: { lease: 15s, whenStale: hold }
`;
run.command(kit.genesis.envelope);
for (const epoch of [1, 2]) {
  const { document, activation } = kit.policy(epoch, run.nowMs, EXEMPTING);
  run.command(document);
  run.command(activation);
}
for (const host of kit.hosts) {
  const place = host === h3 ? { ...host, domain: h2.domain } : host;
  const operators = host === h4 ? kit.operators.slice(0, 1) : kit.operators;
  // host-5 has not joined.
  if (host === h5) continue;
  const { grant, membership } = kit.join(place, run.nowMs, operators);
  run.command(grant);
  run.command(membership);
}
const { view } = run;

const SUBJECT = parseSubject("address:203.0.113.7") as SubjectText;
const NOW = START_MS + 60_000;

interface Witness {
  readonly proof: SignalProof;
  readonly part: PrivatePart;
  readonly id: Bytes;
}

/** One signal of a host in a batch of three about other subjects, taken out with its path. */
function witness(host: HostPerson, fields: SignalInit["fields"] = {}, init: object = {}): Witness {
  const other = parseSubject("address:198.51.100.1") as SubjectText;
  const incarnation = kit.random(16);
  const asked = { subject: SUBJECT, fields: { timeMs: BigInt(NOW), epoch: 2, ...fields }, ...init };
  const batch = kit.batch(host, incarnation, 4, [{ subject: other }, asked, { subject: other }]);
  return taken(batch.envelope, batch.signals, batch.privates, 1);
}

function taken(
  envelope: Envelope,
  signals: readonly Bytes[],
  privates: readonly PrivatePart[],
  at: number,
): Witness {
  const tree = new MerkleTree(nodeCrypto);
  const ids = signals.map((signal) => signalId(nodeCrypto, kit.mesh, signal));
  for (const id of ids) tree.append(id);
  const proof = create(SignalProofSchema, {
    batch: envelope,
    signal: signals[at] as Bytes,
    leafIndex: at,
    path: tree.inclusionPath(at),
  });
  return { proof, part: privates[at] as PrivatePart, id: ids[at] as Bytes };
}

const byId = (a: Witness, b: Witness) => Buffer.compare(a.id, b.id);

function judge(witnesses: readonly Witness[], isSorted = true) {
  const sorted = isSorted ? [...witnesses].sort(byId) : witnesses;
  const proofs = sorted.map((w) => w.proof);
  const parts = sorted.map((w) => w.part);
  return revocationOfSignals(nodeCrypto, view, proofs, parts);
}

function codeOf(witnesses: readonly Witness[], isSorted = true): string {
  const judged = judge(witnesses, isSorted);
  return isReject(judged) ? judged.reject : judged.revocation.rule;
}

function openCode({ proof, part }: Witness): string {
  const opened = openSignalProof(nodeCrypto, view, proof, part);
  return isReject(opened) ? opened.reject : "opened";
}

describe("a signal with its path", () => {
  const good = witness(h1);
  const altered = (change: (proof: SignalProof) => void, base = good): Witness => {
    const proof = create(SignalProofSchema, structuredClone(base.proof));
    change(proof);
    return { ...base, proof };
  };

  test("opens", () => expect(openCode(good)).toBe("opened"));

  test("of another leaf's path or place does not", () => {
    const batch = kit.batch(h1, kit.random(16), 0, [{ subject: SUBJECT }, { subject: SUBJECT }]);
    const [a, b] = [0, 1].map((i) => taken(batch.envelope, batch.signals, batch.privates, i)) as [
      Witness,
      Witness,
    ];
    expect(openCode(a)).toBe("opened");
    expect(openCode(altered((p) => (p.path = b.proof.path), a))).toBe("bad-root");
    expect(openCode(altered((p) => (p.leafIndex = 1), a))).toBe("bad-root");
    expect(openCode(altered((p) => (p.leafIndex = 2), a))).toBe("bad-root");
    expect(openCode(altered((p) => p.path.push(new Uint8Array(32)), a))).toBe("bad-root");
  });

  test("of another batch, host, incarnation or number does not", () => {
    const other = witness(h1);
    expect(openCode(altered((p) => (p.batch = other.proof.batch as Envelope)))).toBe("bad-root");
    expect(openCode(altered((p) => (p.signal = other.proof.signal)))).toBe("bad-root");
    // A leaf that a batch really holds, but that speaks for another host.
    const foreign = kit.batch(h2, kit.random(16), 0, [{ subject: SUBJECT }]);
    const body = encodeNew(BatchSchema, {
      format: 1,
      hostKey: h1.signer.publicKey,
      incarnation: kit.random(16),
      count: 1,
      root: signalId(nodeCrypto, kit.mesh, foreign.signals[0] as Bytes),
    });
    const envelope = signEnvelope(kit.mesh, "batch", body, h1.signer);
    expect(openCode(taken(envelope, foreign.signals, foreign.privates, 0))).toBe("bad-root");
  });

  test("with one byte of it changed does not", () => {
    const { signal } = good.proof;
    const codes = new Set<string>();
    for (let i = 0; i < signal.length; i++) {
      const bytes = Uint8Array.from(signal);
      bytes[i] = (bytes[i] as number) ^ 1;
      codes.add(openCode(altered((p) => (p.signal = bytes))));
    }
    expect(codes).not.toContain("opened");
  });

  test("of a host that has not joined, or under another kind of key, does not", () => {
    expect(openCode(witness(h5))).toBe("unknown-key");
    const [olga] = kit.operators as [HostPerson];
    expect(openCode(witness(olga))).toBe("unknown-key");
  });

  test("whose batch carries a second signature does not: one warrant has one spelling", () => {
    const { type, body, signatures } = good.proof.batch as Envelope;
    const second = signEnvelope(kit.mesh, "batch", body, h2.signer).signatures;
    const both = create(EnvelopeSchema, { type, body, signatures: [...signatures, ...second] });
    expect(openCode(altered((p) => (p.batch = both)))).toBe("not-a-member");
    const swapped = create(EnvelopeSchema, { type, body, signatures: second });
    expect(openCode(altered((p) => (p.batch = swapped)))).toBe("not-a-member");
  });

  test("opens only with the private part that it commits to", () => {
    expect(openCode({ ...good, part: witness(h1).part })).toBe("commitment-mismatch");
    const opened = openSignalProof(nodeCrypto, view, good.proof, undefined);
    expect(opened).toEqual({ reject: "malformed" });
  });

  test.each([0, 15, 17, 32])("with a salt of %i bytes does not open", (length) => {
    const content = encodeNew(PrivateSubjectSchema, { subject: SUBJECT });
    const part = create(PrivatePartSchema, { salt: kit.random(32).subarray(0, length), content });
    expect(openCode(witness(h1, {}, { part }))).toBe("commitment-mismatch");
  });

  test("moves no byte between salt and content", () => {
    const content = encodeNew(PrivateSubjectSchema, { subject: SUBJECT });
    const salt = kit.random(16);
    const part = create(PrivatePartSchema, {
      salt: Uint8Array.of(...salt, content[0] as number),
      content: content.subarray(1),
    });
    const commitment = commitmentOf(nodeCrypto, part);
    expect(openCode(witness(h1, { commitment }, { part }))).toBe("commitment-mismatch");
  });

  test.each(["address:203.0.113.007", "address:::FFFF:203.0.113.7", "ADDRESS:203.0.113.7", ""])(
    "about %j, a second spelling, does not open",
    (subject) => {
      expect(openCode(witness(h1, {}, { part: kit.privatePart(subject) }))).toBe(
        "commitment-mismatch",
      );
    },
  );

  test("whose private part is not canonical bytes does not open", () => {
    const content = encodeNew(PrivateSubjectSchema, { subject: SUBJECT });
    const part = create(PrivatePartSchema, {
      salt: kit.random(16),
      // An unknown field after it: another commitment to the same subject.
      content: Uint8Array.of(...content, 0x78, 0x01),
    });
    expect(openCode(witness(h1, {}, { part }))).toBe("commitment-mismatch");
  });

  test("of another format does not open", () => {
    expect(openCode(witness(h1, { format: 2 }))).toBe("unsupported-format");
  });

  test("above the size of a signal does not open", () => {
    const signal = decode(SignalSchema, good.proof.signal, LIMITS.signalBytesMax);
    const large = encode(SignalSchema, create(SignalSchema, signal));
    expect(large.length).toBeLessThanOrEqual(LIMITS.signalBytesMax);
    const padded = Uint8Array.of(...large, ...new Uint8Array(LIMITS.signalBytesMax));
    expect(openCode(altered((p) => (p.signal = padded)))).toBe("malformed");
  });
});

describe("a warrant of signals", () => {
  test("of two hosts in two domains makes the revocation of its rule", () => {
    const witnesses = [
      witness(h1, { evidenceMdb: 30_000 }),
      witness(h2, { timeMs: BigInt(NOW + 5) }),
    ];
    const judged = judge(witnesses);
    if (isReject(judged)) throw new Error(judged.reject);
    const { revocation, subject } = judged;
    expect(subject).toBe(SUBJECT);
    expect(revocation).toMatchObject({
      rule: "two-suspend",
      stage: Stage.SUSPEND,
      subjectKind: SubjectKind.ADDRESS,
      fromMs: BigInt(NOW),
      expiresMs: BigInt(NOW + 3_600_000),
      epoch: 2,
      controlIndex: BigInt(view.controlIndex),
      hostCount: 2,
      evidenceMdb: 36_989,
      isDryRun: false,
    });
  });

  test("says the same however often it is computed, and another id for other witnesses", () => {
    const [a, b, c] = [witness(h1), witness(h2), witness(h2)];
    const idOf = (...ws: Witness[]) => {
      const judged = judge(ws);
      return isReject(judged) ? judged.reject : Buffer.from(judged.revocation.id).toString("hex");
    };
    expect(idOf(a, b)).toBe(idOf(b, a));
    expect(idOf(a, b)).not.toBe(idOf(a, c));
  });

  test("of one host, or of one host twice, is short", () => {
    expect(codeOf([witness(h1)])).toBe("warrant-short");
    expect(codeOf([witness(h1), witness(h1)])).toBe("warrant-short");
    expect(codeOf([])).toBe("warrant-short");
  });

  test("of two hosts in one domain is short, with a third elsewhere it holds", () => {
    expect(codeOf([witness(h2), witness(h3)])).toBe("warrant-short");
    expect(codeOf([witness(h2), witness(h3), witness(h1)])).toBe("two-suspend");
  });

  test("with a host that is no witness is short, even when it is not needed", () => {
    expect(codeOf([witness(h1), witness(h4)])).toBe("warrant-short");
    expect(codeOf([witness(h1), witness(h2), witness(h4)])).toBe("warrant-short");
  });

  test("with an extra signal below the line is short: nothing rides along", () => {
    const weak = witness(h3, { evidenceMdb: 29_999 });
    expect(codeOf([witness(h1), witness(h2), weak])).toBe("warrant-short");
    expect(codeOf([witness(h1), weak])).toBe("warrant-short");
    expect(codeOf([witness(h1), witness(h2), witness(h3, { evidenceMdb: 30_000 })])).toBe(
      "two-suspend",
    );
  });

  test("reaches the stronger stage only with every signal over the stronger line", () => {
    const strong = { evidenceMdb: 50_000 };
    expect(codeOf([witness(h1, strong), witness(h2, strong), witness(h3, strong)])).toBe(
      "three-terminate",
    );
    expect(
      codeOf([witness(h1, strong), witness(h2, strong), witness(h3, { evidenceMdb: 49_999 })]),
    ).toBe("two-suspend");
    expect(codeOf([witness(h1, strong), witness(h2, strong)])).toBe("two-suspend");
  });

  test("stretched over more than its window is short; at the window exactly it holds", () => {
    const late = (ms: number) => witness(h2, { timeMs: BigInt(NOW + ms) });
    expect(codeOf([witness(h1), late(600_000)])).toBe("two-suspend");
    expect(codeOf([witness(h1), late(600_001)])).toBe("warrant-short");
  });

  test("of two epochs is refused, and so is one of an epoch nobody knows", () => {
    expect(codeOf([witness(h1), witness(h2, { epoch: 1 })])).toBe("wrong-epoch");
    expect(codeOf([witness(h1, { epoch: 3 }), witness(h2, { epoch: 3 })])).toBe("unknown-epoch");
    expect(codeOf([witness(h1, { epoch: 1 }), witness(h2, { epoch: 1 })])).toBe("two-suspend");
  });

  test("about two subjects is refused", () => {
    const other = parseSubject("address:203.0.113.8") as SubjectText;
    expect(codeOf([witness(h1), witness(h2, {}, { subject: other })])).toBe("commitment-mismatch");
  });

  test("about a kind that no rule judges is short; under another kind's name refused", () => {
    const user = parseSubject("user:test/mallory") as SubjectText;
    const about = (host: HostPerson, fields = {}) => witness(host, fields, { subject: user });
    expect(codeOf([about(h1), about(h2)])).toBe("warrant-short");
    const asAddress = { subjectKind: SubjectKind.ADDRESS };
    expect(codeOf([about(h1, asAddress), about(h2, asAddress)])).toBe("malformed");
  });

  test.each([
    ["address:192.0.2.0", "exempt"],
    ["address:192.0.2.255", "exempt"],
    ["address:192.0.3.0", "two-suspend"],
    ["address:191.255.255.255", "two-suspend"],
    ["address:2001:db8::1", "exempt"],
    ["address:2001:db9::1", "two-suspend"],
    // IPv4 in an IPv6 block and the other way round never meet.
    ["address:32.1.13.184", "two-suspend"],
    ["user:test/root", "exempt"],
    ["user:test/rooty", "warrant-short"],
  ])("about %s is %s", (text, code) => {
    const subject = parseSubject(text) as SubjectText;
    expect(codeOf([witness(h1, {}, { subject }), witness(h2, {}, { subject })])).toBe(code);
  });

  test("out of the order of ids, or with a repeat, has a second spelling and is refused", () => {
    const sorted = [witness(h1), witness(h2)].sort(byId);
    expect(codeOf(sorted, false)).toBe("two-suspend");
    expect(codeOf([...sorted].reverse(), false)).toBe("duplicate");
    expect(codeOf([sorted[0] as Witness, ...sorted], false)).toBe("duplicate");
  });

  test("with private parts swapped, missing or left over is refused", () => {
    const [a, b] = [witness(h1), witness(h2)].sort(byId) as [Witness, Witness];
    expect(
      codeOf([
        { ...a, part: b.part },
        { ...b, part: a.part },
      ]),
    ).toBe("commitment-mismatch");
    const proofs = [a.proof, b.proof];
    for (const parts of [[a.part], [a.part, b.part, b.part]]) {
      expect(revocationOfSignals(nodeCrypto, view, proofs, parts)).toEqual({
        reject: "commitment-mismatch",
      });
    }
  });

  test("counts a host once, with its strongest account", () => {
    const judged = judge([
      witness(h1, { evidenceMdb: 31_000 }),
      witness(h1, { evidenceMdb: 90_000 }),
      witness(h2, { evidenceMdb: 40_000 }),
    ]);
    if (isReject(judged)) throw new Error(judged.reject);
    expect(judged.revocation.hostCount).toBe(2);
    expect(judged.revocation.evidenceMdb).toBe(86_989);
  });

  test("of more signals than a warrant may hold is short, before any is opened", () => {
    const { proof, part } = witness(h1);
    const many = LIMITS.warrantSignalsMax + 1;
    const counting = { ...nodeCrypto, verify: () => expect.fail("verified too early") };
    const judged = revocationOfSignals(
      counting,
      view,
      new Array<SignalProof>(many).fill(proof),
      new Array<PrivatePart>(many).fill(part),
    );
    expect(judged).toEqual({ reject: "warrant-short" });
  });

  test("whose signed times are beyond what a body can hold is refused, not thrown", () => {
    const far = { timeMs: 2n ** 64n - 1n };
    expect(() => codeOf([witness(h1, far), witness(h2, far)])).not.toThrow();
    expect(codeOf([witness(h1, far), witness(h2, far)])).toBe("malformed");
  });

  test("is judged by the mesh at its index: before a host joined it was nobody", () => {
    const early = run.control.mesh.viewAt(view.controlIndex - 6);
    const [a, b] = [witness(h1), witness(h2)].sort(byId) as [Witness, Witness];
    const judged = revocationOfSignals(nodeCrypto, early, [a.proof, b.proof], [a.part, b.part]);
    expect(judged).toEqual({ reject: "unknown-key" });
  });
});

test("bytes that are no batch at all are refused", () => {
  const { proof, part } = witness(h1);
  const junk = signEnvelope(kit.mesh, "batch", utf8("junk"), h1.signer);
  const opened = openSignalProof(
    nodeCrypto,
    view,
    create(SignalProofSchema, { ...proof, batch: junk }),
    part,
  );
  expect(opened).toEqual({ reject: "malformed" });
});
