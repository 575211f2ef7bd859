import { isReject, LIMITS, parseSubject, Stage, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, SignalInit } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { type OpenedSignal, openSignalProof } from "../kernel/index.ts";
import { type CountedSignal, SignalQuorum, type SignalVerdict } from "./index.ts";

const kit = testMesh("signal-quorum", { hosts: 5 });
const [h1, h2, h3, h4, h5] = kit.hosts as readonly HostPerson[] as [
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
];
const run = MachineRun.joined(kit);
const NOW = run.nowMs;
const SECOND = 1_000;
const WINDOW = 600 * SECOND;
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;

/** A signal as intake would hand it over: in a batch of its own, opened for true. */
function signal(host: HostPerson, fields: SignalInit["fields"] = {}, subject = MALLORY) {
  const asked = {
    subject,
    fields: { timeMs: BigInt(NOW), evidenceFromMs: BigInt(NOW), ...fields },
  };
  const { envelope, signals, privates } = kit.batch(host, kit.random(16), 0, [asked]);
  const [bytes, part] = [signals[0], privates[0]];
  if (bytes === undefined || part === undefined) throw new Error("no signal");
  const proof = { batch: envelope, signal: bytes, leafIndex: 0, path: [] };
  const make = () => ({ $typeName: "ostraka.v1.SignalProof" as const, ...proof });
  const opened = openSignalProof(nodeCrypto, run.view, make(), part) as OpenedSignal;
  return { ...opened, part, proof: make } satisfies CountedSignal;
}

class Counting {
  readonly quorum = new SignalQuorum(nodeCrypto);
  view = run.view;
  nowMs = NOW;

  /** The verdict's hosts, the reject code, or nothing while hosts are missing. */
  count(counted: CountedSignal): string | number | undefined {
    const verdict = this.verdict(counted);
    if (verdict === undefined) return undefined;
    if (isReject(verdict)) return verdict.reject;
    return "held" in verdict ? verdict.why : verdict.revocation.hostCount;
  }

  verdict(counted: CountedSignal) {
    return this.quorum.count(this.view, counted, this.nowMs);
  }
}

describe("a warrant", () => {
  test("is complete with the second host, and not before", () => {
    const counting = new Counting();
    expect(counting.count(signal(h1))).toBeUndefined();
    expect(counting.count(signal(h1))).toBeUndefined();
    expect(counting.quorum.openWindows).toBe(1);
    const verdict = counting.verdict(signal(h2)) as SignalVerdict;
    expect(verdict.revocation).toMatchObject({ hostCount: 2, stage: Stage.SUSPEND });
    expect(verdict.subject).toBe(MALLORY);
    expect(verdict.privates).toHaveLength(2);
    expect(counting.quorum.openWindows).toBe(0);
  });

  test("of hosts of one domain waits for another domain", () => {
    const counting = new Counting();
    const twin = (host: HostPerson) => {
      const counted = signal(host);
      return { ...counted, host: { ...counted.host, faultDomain: "rack-1" } };
    };
    expect(counting.count(twin(h1))).toBeUndefined();
    expect(counting.count(twin(h2))).toBeUndefined();
  });

  test("spends its signals: the next one needs k hosts again", () => {
    const counting = new Counting();
    counting.count(signal(h1));
    expect(counting.count(signal(h2))).toBe(2);
    expect(counting.count(signal(h3))).toBeUndefined();
    expect(counting.count(signal(h4))).toBe(2);
    expect(counting.count(signal(h5))).toBeUndefined();
  });

  test("of m hosts makes at most m/k verdicts, in whatever order they speak", () => {
    for (const order of [
      [h1, h2, h3, h4, h5],
      [h5, h3, h1, h2, h4],
    ]) {
      const counting = new Counting();
      const verdicts = order.filter((host) => typeof counting.count(signal(host)) === "number");
      expect(verdicts).toHaveLength(2);
    }
  });

  test("counts subjects apart", () => {
    const counting = new Counting();
    const other = parseSubject("address:203.0.113.8") as SubjectText;
    counting.count(signal(h1));
    expect(counting.count(signal(h2, {}, other))).toBeUndefined();
    expect(counting.quorum.openWindows).toBe(2);
  });
});

describe("a signal", () => {
  test.each([
    ["at the line", { evidenceMdb: 30_000 }, undefined],
    ["below the line", { evidenceMdb: 29_999 }, "below-line"],
    ["of another epoch", { epoch: 2 }, "wrong-epoch"],
    ["of no epoch", { epoch: 0 }, "wrong-epoch"],
    ["as far ahead as clocks may be", { timeMs: BigInt(NOW + LIMITS.signalAheadMsMax) }, undefined],
    ["further ahead", { timeMs: BigInt(NOW + LIMITS.signalAheadMsMax + 1) }, "clock-off"],
  ] as const)("%s is judged so", (_, fields, code) => {
    expect(new Counting().count(signal(h1, fields))).toBe(code);
  });

  test("of a host that is no witness counts nothing", () => {
    const counting = new Counting();
    const counted = signal(h1);
    const plain = { ...counted, host: { ...counted.host, isWitness: false } };
    expect(counting.count(plain)).toBe("not-a-witness");
    expect(counting.count(signal(h2))).toBeUndefined();
  });

  test("about an exempt subject, or of a kind no rule judges, counts nothing", () => {
    const counting = new Counting();
    const local = parseSubject("address:127.1.2.3") as SubjectText;
    const user = parseSubject("user:test/mallory") as SubjectText;
    expect(counting.count(signal(h1, {}, local))).toBe("exempt");
    expect(counting.count(signal(h1, {}, user))).toBe("below-line");
  });
});

describe("the window", () => {
  test("holds two signals a window apart, and not a millisecond more", () => {
    const apart = (ms: number) => {
      const counting = new Counting();
      counting.count(signal(h1, { timeMs: BigInt(NOW - ms) }));
      return counting.count(signal(h2));
    };
    expect(apart(WINDOW)).toBe(2);
    expect(apart(WINDOW + 1)).toBeUndefined();
  });

  test("is of signed times, whatever order the signals come in", () => {
    const counting = new Counting();
    counting.count(signal(h1));
    expect(counting.count(signal(h2, { timeMs: BigInt(NOW - WINDOW) }))).toBe(2);
    const late = new Counting();
    late.count(signal(h1));
    expect(late.count(signal(h2, { timeMs: BigInt(NOW - WINDOW - 1) }))).toBe("expired");
  });

  test("of one host that dates its signal ahead does not shut out the others", () => {
    const counting = new Counting();
    const ahead = BigInt(NOW + LIMITS.signalAheadMsMax);
    const old = BigInt(NOW - WINDOW + 30 * SECOND);
    expect(counting.count(signal(h1, { timeMs: ahead }))).toBeUndefined();
    expect(counting.count(signal(h2, { timeMs: old }))).toBeUndefined();
    expect(counting.count(signal(h3, { timeMs: old }))).toBe(2);
  });

  test("keeps a host's newer signal though an older one was stronger", () => {
    const counting = new Counting();
    counting.count(signal(h1, { timeMs: BigInt(NOW - WINDOW), evidenceMdb: 90_000 }));
    counting.count(signal(h1, { timeMs: BigInt(NOW), evidenceMdb: 31_000 }));
    counting.nowMs = NOW + 2 * SECOND;
    expect(counting.count(signal(h2, { timeMs: BigInt(NOW + SECOND) }))).toBe(2);
  });

  test("forgets what is too old for every rule", () => {
    const counting = new Counting();
    counting.count(signal(h1));
    counting.quorum.expire(counting.view, NOW + WINDOW);
    expect(counting.quorum.openWindows).toBe(1);
    counting.quorum.expire(counting.view, NOW + WINDOW + 1);
    expect(counting.quorum.openWindows).toBe(0);
    counting.nowMs = NOW + WINDOW + 1;
    expect(counting.count(signal(h2))).toBe("expired");
  });

  test("starts anew with an epoch: what was counted under the last one is gone", () => {
    const two = new MachineRun(kit);
    const counting = new Counting();
    counting.count(signal(h1));
    for (const bytes of run.journals.control) two.step("control", bytes);
    const { document, activation } = kit.policy(2, two.nowMs);
    two.command(document);
    two.command(activation);
    counting.view = two.view;
    expect(counting.count(signal(h2))).toBe("wrong-epoch");
    expect(counting.count(signal(h2, { epoch: 2 }))).toBeUndefined();
    expect(counting.count(signal(h3, { epoch: 2 }))).toBe(2);
  });
});

describe("a pardon", () => {
  test("refuses evidence that reaches back before it, and drops what was counted", () => {
    const counting = new Counting();
    counting.count(signal(h1));
    counting.quorum.pardon(MALLORY, NOW + 1);
    expect(counting.quorum.openWindows).toBe(0);
    expect(counting.count(signal(h2))).toBe("pardoned");
    const fresh = { evidenceFromMs: BigInt(NOW + 1) };
    expect(counting.count(signal(h2, fresh))).toBeUndefined();
    expect(counting.count(signal(h3, fresh))).toBe(2);
  });

  test("is never taken back by an earlier one, and is of its subject alone", () => {
    const counting = new Counting();
    const other = parseSubject("address:203.0.113.8") as SubjectText;
    counting.quorum.pardon(MALLORY, NOW + 1);
    counting.quorum.pardon(MALLORY, NOW - 1);
    expect(counting.count(signal(h1))).toBe("pardoned");
    expect(counting.count(signal(h1, {}, other))).toBeUndefined();
  });
});

test("a spent statement counts no more, under whatever number it is signed again", () => {
  const counting = new Counting();
  const first = signal(h1);
  counting.count(first);
  expect(counting.count(signal(h2))).toBe(2);
  const again = { ...first, signal: { ...first.signal, number: 9n } };
  expect(counting.count(again)).toBe("spent");
  expect(counting.count(signal(h1))).toBeUndefined();
});

test("before the first activation a signal counts under no epoch", () => {
  const counting = new Counting();
  counting.view = { ...counting.view, epoch: 0, epochsOf: () => [0], policyOf: () => undefined };
  expect(counting.count(signal(h1, { epoch: 0 }))).toBe("unknown-epoch");
});

test("one host has a share of the windows: beyond it only its own are refused", () => {
  const counting = new Counting();
  const base = signal(h1);
  for (let i = 0; i < LIMITS.windowsPerHostMax; i++) {
    const subject = `address:2001:db8::${i.toString(16)}` as SubjectText;
    counting.count({ ...base, private: { ...base.private, subject } });
  }
  expect(counting.count(signal(h1))).toBe("too-large");
  expect(counting.count(signal(h2))).toBeUndefined();
  const known = "address:2001:db8::0" as SubjectText;
  const second = signal(h2);
  const counted = { ...second, private: { ...second.private, subject: known } };
  expect(counting.count(counted)).not.toBe("too-large");
});
