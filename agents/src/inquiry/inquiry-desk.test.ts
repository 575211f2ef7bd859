// Inquiries: when one opens and when not, who may answer what, and that it cannot loop.

import { isReject, LIMITS, type PrivatePart, parseSubject, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import {
  BinaryReader,
  BinaryWriter,
  type InquiryPolicy,
  type MeshView,
  type OpenedSignal,
  openInquiry,
  openSignalProof,
  type Policy,
} from "../kernel/index.ts";
import { InquiryDesk, type OpenedInquiry } from "./index.ts";

const kit = testMesh("inquiry", { hosts: 4 });
const [h1, h2, h3, h4] = kit.hosts as readonly HostPerson[] as [
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
];
const run = MachineRun.joined(kit);
run.upgrade();
const NOW = run.nowMs;
const FOR = 30_000;
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const OTHER = parseSubject("address:203.0.113.8") as SubjectText;
const inquiry: InquiryPolicy = {
  sumLineMdb: 60_000,
  floorMdb: 10_000,
  forMs: FOR,
  perHost: { burst: 2, refillMs: 60_000 },
};
const policy: Policy = { ...(run.view.policyOf(1) as Policy), inquiry };
const view: MeshView = { ...run.view, policyOf: () => policy };

function signal(host: HostPerson, fields: object = {}, subject = MALLORY): OpenedSignal {
  const { proof, part } = kit.signalProof(host, subject, NOW, fields);
  return openSignalProof(nodeCrypto, view, proof, part) as OpenedSignal;
}

function consider(desk: InquiryDesk, held: readonly OpenedSignal[], at = NOW, as = view) {
  return desk.consider(as, held, held.at(-1) as OpenedSignal, at);
}

/** A desk with an open inquiry on Mallory. */
function asked(): { desk: InquiryDesk; opened: OpenedInquiry } {
  const desk = new InquiryDesk(nodeCrypto);
  const opened = consider(desk, [signal(h1, { evidenceMdb: 60_000 })]);
  if (opened === undefined) throw new Error("nothing was asked");
  return { desk, opened };
}

const word = (said: ReturnType<InquiryDesk["take"]>) => (isReject(said) ? said.reject : said);

describe("an inquiry", () => {
  test("opens when the plain sum over hosts passes the line, one account a host", () => {
    const open = (...held: readonly OpenedSignal[]) =>
      consider(new InquiryDesk(nodeCrypto), held)?.inquiry.sumMdb;
    expect(open(signal(h1, { evidenceMdb: 30_000 }), signal(h2, { evidenceMdb: 30_000 }))).toBe(
      60_000,
    );
    expect(open(signal(h1, { evidenceMdb: 30_000 }), signal(h2, { evidenceMdb: 29_999 }))).toBe(
      undefined,
    );
    expect(open(signal(h1, { evidenceMdb: 40_000 }), signal(h1, { evidenceMdb: 40_000 }))).toBe(
      undefined,
    );
  });

  test("names its subject beside it, alike at every replica, and is checked by sidecars", () => {
    const held = [signal(h1), signal(h2)];
    const [one, two] = [0, 1].map(() => consider(new InquiryDesk(nodeCrypto), held));
    expect(one).toEqual(two);
    const { inquiry: made, part } = one as OpenedInquiry;
    expect(openInquiry(nodeCrypto, view, made, part, NOW)).toBe(MALLORY);
    expect(made.sourceHostKey).toEqual(h2.signer.publicKey);
    const code = (fields: object, beside: PrivatePart = part, at = NOW) => {
      const opened = openInquiry(nodeCrypto, view, { ...made, ...fields }, beside, at);
      return isReject(opened) ? opened.reject : opened;
    };
    expect(code({ floorMdb: 9_999 })).toBe("body-differs");
    expect(code({ sumMdb: 59_999 })).toBe("body-differs");
    expect(code({ untilMs: made.untilMs + 1n })).toBe("body-differs");
    expect(code({ id: new Uint8Array(31) })).toBe("body-differs");
    expect(code({}, kit.privatePart(MALLORY))).toBe("commitment-mismatch");
    const none = { ...view, policyOf: () => undefined };
    expect(openInquiry(nodeCrypto, none, made, part, NOW)).toEqual({ reject: "unknown-epoch" });
  });

  test("is open once a subject, and may be opened again when it is over", () => {
    const { desk } = asked();
    const strong = (subject = MALLORY) => [signal(h2, { evidenceMdb: 70_000 }, subject)];
    expect(consider(desk, strong(), NOW + FOR - 1)).toBeUndefined();
    expect(consider(desk, strong(OTHER), NOW + FOR - 1)).toBeDefined();
    expect(consider(desk, strong(), NOW + FOR)).toBeDefined();
  });

  test("is budgeted by the host that brings it about", () => {
    const desk = new InquiryDesk(nodeCrypto);
    const about = (n: number) => parseSubject(`address:192.0.2.${n}`) as SubjectText;
    const ask = (host: HostPerson, n: number, at = NOW) =>
      consider(desk, [signal(host, { evidenceMdb: 70_000 }, about(n))], at) !== undefined;
    expect([1, 2, 3].map((n) => ask(h1, n))).toEqual([true, true, false]);
    expect(ask(h2, 4)).toBe(true);
    expect(ask(h1, 5, NOW + 59_999)).toBe(false);
    expect(ask(h1, 5, NOW + 60_000)).toBe(true);
    expect(ask(h1, 6, NOW + 60_000)).toBe(false);
  });

  test("is never opened by an answer, nor without the policy, nor before machine version 2", () => {
    const desk = new InquiryDesk(nodeCrypto);
    const answer = signal(h1, { evidenceMdb: 90_000, inquiryId: nodeCrypto.sha256() });
    expect(consider(desk, [answer])).toBeUndefined();
    const strong = [signal(h1, { evidenceMdb: 90_000 })];
    const { inquiry: _, ...silent } = policy;
    expect(consider(desk, strong, NOW, { ...view, policyOf: () => silent })).toBeUndefined();
    expect(consider(desk, strong, NOW, { ...view, machineVersion: 1 })).toBeUndefined();
    expect(desk.consider(view, [], strong[0] as OpenedSignal, NOW)).toBeUndefined();
    expect(consider(desk, strong)).toBeDefined();
  });
});

describe("an answer", () => {
  test.each([
    ["for", { evidenceMdb: 10_000 }, 0, "for"],
    ["for, below the floor", { evidenceMdb: 9_999 }, 0, "below-line"],
    ["against", { evidenceMdb: 9_999, isAgainst: true }, 0, "against"],
    ["against, at the floor", { evidenceMdb: 10_000, isAgainst: true }, 0, "malformed"],
    ["in the last moment", { evidenceMdb: 10_000 }, FOR - 1, "for"],
    ["too late", { evidenceMdb: 10_000 }, FOR, "unknown-inquiry"],
    ["under another epoch", { evidenceMdb: 10_000, epoch: 2 }, 0, "wrong-epoch"],
    ["to another inquiry", { inquiryId: nodeCrypto.sha256() }, 0, "unknown-inquiry"],
  ] as const)("%s is judged so", (_, fields, afterMs, code) => {
    const { desk, opened } = asked();
    const answer = signal(h2, { inquiryId: opened.inquiry.id, ...fields });
    expect(word(desk.take(answer, NOW + afterMs))).toBe(code);
  });

  test("about another subject, of who is no witness, or the second of a host, is none", () => {
    const { desk, opened } = asked();
    const { id: inquiryId } = opened.inquiry;
    expect(word(desk.take(signal(h2, { inquiryId }, OTHER), NOW))).toBe("unknown-inquiry");
    const plain = signal(h3, { inquiryId });
    const stranger = { ...plain, host: { ...plain.host, isWitness: false } };
    expect(word(desk.take(stranger, NOW))).toBe("not-a-witness");
    expect(word(desk.take(plain, NOW))).toBe("for");
    expect(word(desk.take(signal(h3, { inquiryId }), NOW))).toBe("duplicate");
  });

  test("against is counted, and shown for a while after", () => {
    const { desk, opened } = asked();
    const against = { inquiryId: opened.inquiry.id, isAgainst: true, evidenceMdb: 0 };
    for (const host of [h2, h3]) desk.take(signal(host, against), NOW);
    desk.take(signal(h4, { inquiryId: opened.inquiry.id }), NOW);
    expect(desk.againstOf(MALLORY)).toBe(2);
    expect(desk.againstOf(OTHER)).toBe(0);
    desk.expire(NOW + FOR + 3_599_999);
    expect(desk.againstOf(MALLORY)).toBe(2);
    desk.expire(NOW + FOR + 3_600_000);
    expect(desk.againstOf(MALLORY)).toBe(0);
  });

  test("is one of a bounded number", () => {
    const { desk, opened } = asked();
    const one = signal(h2, { inquiryId: opened.inquiry.id });
    const of = (n: number) => ({ ...one, host: { ...one.host, key: Uint8Array.of(n >> 8, n) } });
    for (let n = 0; n < LIMITS.inquiryAnswersMax; n++) expect(desk.take(of(n), NOW)).toBe("for");
    expect(word(desk.take(of(999), NOW))).toBe("too-large");
  });
});

test("what is asked is saved and loaded, budgets and answers included; erasure forgets it", () => {
  const { desk, opened } = asked();
  desk.take(signal(h2, { inquiryId: opened.inquiry.id }), NOW);
  const saved = (of: InquiryDesk) => {
    const w = new BinaryWriter();
    of.save(w);
    return w.finish();
  };
  const other = new InquiryDesk(nodeCrypto);
  other.load(new BinaryReader(saved(desk)));
  expect(saved(other)).toEqual(saved(desk));
  const again = signal(h2, { inquiryId: opened.inquiry.id });
  expect(word(other.take(again, NOW))).toBe("duplicate");
  other.erase(new Set([Buffer.from(opened.inquiry.commitment).toString("hex")]));
  expect(word(other.take(again, NOW))).toBe("unknown-inquiry");
});
