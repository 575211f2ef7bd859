// A sidecar's answers: to whom, when, for or against, and never twice nor about what it has said.

import { type Inquiry, LIMITS, parseSubject, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../../testkit/machine-run.ts";
import type { HostPerson } from "../../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../../testkit/node-crypto.ts";
import { InquiryDesk, type OpenedInquiry } from "../../inquiry/index.ts";
import {
  type MeshView,
  type OpenedSignal,
  openSignalProof,
  type Policy,
} from "../../kernel/index.ts";
import type { Standing } from "../../scorer/index.ts";
import { InquiryAnswers } from "./inquiry-answers.ts";

const kit = testMesh("inquiry answers", { hosts: 3 });
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const run = MachineRun.joined(kit);
run.upgrade();
const NOW = run.nowMs;
const FOR = 40_000;
const DAY = 86_400_000;
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const policy: Policy = {
  ...(run.view.policyOf(1) as Policy),
  inquiry: {
    sumLineMdb: 30_000,
    floorMdb: 10_000,
    forMs: FOR,
    perHost: { burst: 9, refillMs: 1_000 },
  },
};
const view: MeshView = { ...run.view, policyOf: () => policy };

function ask(subject = MALLORY): OpenedInquiry {
  const { proof, part } = kit.signalProof(h1, subject, NOW);
  const signal = openSignalProof(nodeCrypto, view, proof, part) as OpenedSignal;
  return new InquiryDesk(nodeCrypto).consider(view, [signal], signal, NOW) as OpenedInquiry;
}

const held = (fields: Partial<Standing> = {}): Standing => ({
  levelMdb: 0,
  evidenceMdb: 12_000,
  learnedLevelMdb: 0,
  learnedReasons: [],
  day: Math.floor(NOW / DAY),
  leaseUntilMs: 0,
  reasons: [],
  logins: 0,
  sharedSubjects: 0,
  evidenceFromMs: NOW - 1_000,
  hasSignalled: false,
  ...fields,
});

/** What a host says to an inquiry, and how long after it came. */
function answerOf(
  standing: Standing | undefined,
  { inquiry, part }: OpenedInquiry = ask(),
  host = h2,
  as = view,
  heardMs = NOW,
) {
  const answers = new InquiryAnswers(nodeCrypto, host.signer.publicKey);
  answers.take(as, inquiry, part, NOW, { machineMs: heardMs, monoMs: 0 });
  for (let ms = 0; ms <= FOR; ms += 100) {
    const now = { machineMs: heardMs + ms, monoMs: ms, wallMs: NOW + ms };
    const [answer] = answers.due(as, now, () => standing);
    if (answer !== undefined) return { ...answer, afterMs: ms };
  }
  return undefined;
}

describe("a host that hears an inquiry", () => {
  test.each([
    ["holds the floor", { evidenceMdb: 10_000 }, false],
    ["holds less and knows the subject", { evidenceMdb: 9_999, logins: 1 }, true],
    ["holds less and knows nobody", { evidenceMdb: 9_999 }, undefined],
    ["held it yesterday", { day: Math.floor(NOW / DAY) - 1 }, false],
    ["held it before that", { day: Math.floor(NOW / DAY) - 2 }, undefined],
    ["has signalled it, so that it may be spent", { hasSignalled: true }, undefined],
  ] as const)("and %s answers so", (_, fields, isAgainst) => {
    expect(answerOf(held(fields))?.isAgainst).toBe(isAgainst);
  });

  test("and remembers nothing is silent, as are its source and who is no witness", () => {
    expect(answerOf(undefined)).toBeUndefined();
    expect(answerOf(held(), ask(), h1)).toBeUndefined();
    const hostOf: MeshView["hostOf"] = (key) => {
      const host = view.hostOf(key);
      return host && { ...host, isWitness: false };
    };
    expect(answerOf(held(), ask(), h2, { ...view, hostOf })).toBeUndefined();
  });

  test("answers at a moment of its own, within a quarter of the time that is left", () => {
    const delays = Array.from({ length: 20 }, (_, n) => {
      const subject = parseSubject(`address:192.0.2.${n + 1}`) as SubjectText;
      return answerOf(held(), ask(subject))?.afterMs as number;
    });
    expect(Math.max(...delays)).toBeLessThanOrEqual(FOR / 4 + 100);
    expect(new Set(delays).size).toBeGreaterThan(10);
    const one = ask();
    expect(answerOf(held(), one)?.afterMs).toBe(answerOf(held(), one)?.afterMs);
  });

  test("is silent when time is up, and believes no inquiry that no policy makes", () => {
    expect(answerOf(held(), ask(), h2, view, NOW + FOR)).toBeUndefined();
    const asked = ask();
    const forged = (fields: Partial<Inquiry>) => {
      const inquiry = { ...asked.inquiry, ...fields } as Inquiry;
      const answers = new InquiryAnswers(nodeCrypto, h2.signer.publicKey);
      const now = { machineMs: NOW, monoMs: 0 };
      expect(answerOf(held(), { ...asked, inquiry })).toBeUndefined();
      return answers.take(view, inquiry, asked.part, NOW, now)?.reject;
    };
    expect(forged({ floorMdb: -1 })).toBe("body-differs");
    expect(forged({ sourceHostKey: new Uint8Array(32) })).toBe("not-a-member");
    expect(forged({ commitment: new Uint8Array(32) })).toBe("commitment-mismatch");
    const exempt = { ...policy, exemptSubjects: new Set([MALLORY]) };
    expect(answerOf(held(), asked, h2, { ...view, policyOf: () => exempt })).toBeUndefined();
  });

  test("answers each once", () => {
    const { inquiry, part } = ask();
    const answers = new InquiryAnswers(nodeCrypto, h2.signer.publicKey);
    answers.take(view, inquiry, part, NOW, { machineMs: NOW, monoMs: 0 });
    const now = { machineMs: NOW + FOR / 2, monoMs: FOR / 2, wallMs: NOW };
    expect(answers.due(view, now, () => held())).toHaveLength(1);
    expect(answers.due(view, now, () => held())).toEqual([]);
  });
});

test("of very many hosts about as many answer against as are listened to", () => {
  const template = [...view.hosts()][0];
  if (template === undefined) throw new Error("no host");
  const many = Array.from({ length: 640 }, () => template);
  const crowd = { ...view, hosts: () => many };
  let against = 0;
  for (let n = 0; n < 200; n++) {
    const subject = parseSubject(`address:198.51.100.${n}`) as SubjectText;
    const said = answerOf(held({ evidenceMdb: 0, logins: 3 }), ask(subject), h2, crowd);
    if (said !== undefined) against++;
  }
  // One host in twenty: half of what is listened to, of 640.
  expect(against).toBeGreaterThan(0);
  expect(against).toBeLessThan(40);
  expect(LIMITS.inquiryAnswersMax / 2 / many.length).toBe(0.05);
});
