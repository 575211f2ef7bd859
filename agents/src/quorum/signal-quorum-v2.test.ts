// The quorum over signals from machine version 2 on: rules that ask by reach, shared addresses,
// windows that close short, second offences, clocks that lie, and a state that is saved and loaded.

import {
  type Bytes,
  EntrySchema,
  encodeNew,
  isReject,
  Ledger,
  LIMITS,
  leafHash,
  MerkleTree,
  parseSubject,
  type Reject,
  Stage,
  type SubjectText,
} from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import {
  BinaryReader,
  BinaryWriter,
  type MeshView,
  type OpenedSignal,
  openSignalProof,
  type Policy,
  type Reach,
  type SignalRule,
} from "../kernel/index.ts";
import {
  type CountedSignal,
  type HeldWarrant,
  type LedgerTree,
  SignalQuorum,
  type SignalVerdict,
} from "./index.ts";

const kit = testMesh("signal-quorum v2", { hosts: 5 });
const hosts = kit.hosts as readonly HostPerson[];
const [h1, h2, h3, h4] = hosts as [HostPerson, HostPerson, HostPerson, HostPerson];
const run = MachineRun.joined(kit);
run.upgrade();
const NOW = run.nowMs;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const OTHER = parseSubject("address:203.0.113.8") as SubjectText;
const base = run.view.policyOf(1) as Policy;
const [plain] = base.signalRules as [SignalRule];
const WINDOW = plain.windowMs;

function under(fields: Partial<SignalRule>, ...more: readonly SignalRule[]): MeshView {
  const policy = { ...base, signalRules: [{ ...plain, ...fields }, ...more] };
  return { ...run.view, policyOf: () => policy };
}

const when = (holds: (reach: Reach) => boolean) => ({ text: "of a test", holds });

function signal(host: HostPerson, fields: object = {}, subject = MALLORY): CountedSignal {
  const { proof, part } = kit.signalProof(host, subject, NOW, fields);
  const opened = openSignalProof(nodeCrypto, run.view, proof, part) as OpenedSignal;
  return { ...opened, part, proof: () => proof };
}

type Said = SignalVerdict | HeldWarrant | Reject | undefined;

const wordOf = (said: Said) => {
  if (said === undefined) return undefined;
  if (isReject(said)) return said.reject;
  return "held" in said ? said.why : said.revocation.hostCount;
};

class Counting {
  readonly quorum = new SignalQuorum(nodeCrypto);
  readonly #tree = new MerkleTree(nodeCrypto);
  /** The ledger that verdicts join. */
  readonly book: LedgerTree;
  nowMs = NOW;
  view: MeshView;

  constructor(view: MeshView = under({})) {
    this.view = view;
    const tree = this.#tree;
    this.book = {
      get index() {
        return tree.size;
      },
      root: () => tree.root(),
      inclusionPath: (index, size) => tree.inclusionPath(index - 1, size),
    };
  }

  say(counted: CountedSignal): Said {
    return this.quorum.count(this.view, counted, this.nowMs, this.book);
  }

  count(...counted: readonly CountedSignal[]) {
    let last: Said;
    for (const one of counted) last = this.say(one);
    return wordOf(last);
  }

  /** Counts and enters what comes of it, as the machine does. */
  enter(...counted: readonly CountedSignal[]): SignalVerdict {
    let last: Said;
    for (const one of counted) last = this.say(one);
    if (last === undefined || isReject(last) || "held" in last) throw new Error("no verdict");
    const bytes = encodeNew(EntrySchema, {
      ledger: Ledger.SIGNALS,
      index: BigInt(this.#tree.size + 1),
      effect: { case: "revocation", value: last.revocation },
    });
    this.#tree.append(leafHash(nodeCrypto, bytes));
    this.quorum.entered(last, { bytes, index: this.#tree.size });
    return last;
  }

  closing(afterMs: number): HeldWarrant[] {
    this.nowMs = NOW + afterMs;
    const closed = this.quorum.closing(this.view, this.nowMs);
    this.quorum.expire(this.view, this.nowMs);
    return closed;
  }
}

describe("a rule that asks by reach", () => {
  test("needs more hosts and domains where its escalation is asked", () => {
    const escalations = [
      { when: when((r) => r.stage === Stage.SUSPEND), hosts: 3, faultDomains: 3 },
    ];
    expect(new Counting(under({ escalations })).count(signal(h1), signal(h2))).toBeUndefined();
    expect(new Counting(under({ escalations })).count(signal(h1), signal(h2), signal(h3))).toBe(3);
    const never = [{ when: when((r) => r.stage === Stage.TERMINATE), hosts: 3, faultDomains: 3 }];
    expect(new Counting(under({ escalations: never })).count(signal(h1), signal(h2))).toBe(2);
  });

  test("hears what the warrant is made of, and waits until its condition holds", () => {
    const heard: Reach[] = [];
    const view = under({ when: when((r) => heard.push(r) > 0 && r.evidenceMdb >= 50_000) });
    const weak = new Counting(view);
    expect(weak.count(signal(h1), signal(h2, { sharedSubjects: 2 }))).toBeUndefined();
    expect(heard.at(-1)).toMatchObject({ hosts: 2, faultDomains: 2, sharedSubjects: 2 });
    expect(weak.count(signal(h3, { evidenceMdb: 80_000 }))).toBe(3);
  });
});

describe("an address that many share", () => {
  const view = under({ sharedSubjectsMax: 3 });

  test("needs people: its warrant is held, and its signals stay unspent", () => {
    const counting = new Counting(view);
    expect(counting.count(signal(h1), signal(h2, { sharedSubjects: 4 }))).toBe("shared-address");
    expect(counting.count(signal(h3))).toBe("shared-address");
    expect(counting.quorum.heldOn(MALLORY, 1)).toHaveLength(3);
    expect(new Counting(view).count(signal(h1), signal(h2, { sharedSubjects: 3 }))).toBe(2);
  });

  test("shows people what machines would have done", () => {
    const said = new Counting(view);
    said.count(signal(h1, { sharedSubjects: 9 }));
    const held = said.say(signal(h2)) as HeldWarrant;
    expect(held.held.revocation).toMatchObject({ stage: Stage.SUSPEND, hostCount: 2 });
    expect(held.held.privates).toHaveLength(2);
  });
});

describe("a window that closes short", () => {
  const view = under({ suggestWhenShort: true });

  test("is for people, once, with what it held", () => {
    const counting = new Counting(view);
    counting.count(signal(h1), signal(h1, {}, OTHER));
    expect(counting.closing(WINDOW)).toEqual([]);
    const closed = counting.closing(WINDOW + 1);
    expect(closed.map(({ why, held }) => [why, held.subject])).toEqual([
      ["window-short", MALLORY],
      ["window-short", OTHER],
    ]);
    expect(closed[0]?.held.revocation.warrant?.signals).toHaveLength(1);
    expect(counting.closing(WINDOW + 2)).toEqual([]);
  });

  test("is nobody's business where the rule does not ask, nor when it was spent in time", () => {
    const quiet = new Counting(under({}));
    quiet.count(signal(h1));
    expect(quiet.closing(WINDOW + 1)).toEqual([]);
    const spent = new Counting(view);
    spent.count(signal(h1), signal(h2));
    expect(spent.closing(WINDOW + 1)).toEqual([]);
  });

  test("holds one signal a host of those that were in it together, with G over them", () => {
    const three = under({ suggestWhenShort: true, hosts: 3, faultDomains: 3 });
    const counting = new Counting(three);
    const at = (ms: number, evidenceMdb = 40_000) => ({ timeMs: BigInt(NOW - ms), evidenceMdb });
    counting.count(signal(h1, at(WINDOW)), signal(h2, at(5 * SECOND, 90_000)));
    const [closed] = counting.closing(1);
    const { hostCount, evidenceMdb } = closed?.held.revocation ?? {};
    expect([hostCount, evidenceMdb]).toEqual([2, 86_989]);
  });

  test("counts by signed times, so that a window shorter than others closes by itself", () => {
    const short: SignalRule = { ...plain, name: "short", windowMs: MINUTE, suggestWhenShort: true };
    const counting = new Counting(under({}, short));
    counting.count(signal(h1));
    expect(counting.closing(MINUTE)).toEqual([]);
    expect(counting.closing(MINUTE + 1)[0]?.held.revocation.rule).toBe("short");
    expect(counting.closing(MINUTE + 2)).toEqual([]);
    expect(counting.count(signal(h2, { timeMs: BigInt(NOW + MINUTE) }))).toBe(2);
  });

  test("of one host are bounded a minute, and the rest waits for the next", () => {
    const counting = new Counting(view);
    const base = signal(h1);
    const most = LIMITS.shortWindowsPerHostMinuteMax;
    for (let i = 0; i < most + 3; i++) {
      const subject = `address:2001:db8::${i.toString(16)}` as SubjectText;
      counting.count({ ...base, private: { ...base.private, subject } });
    }
    const minute = MINUTE - (NOW % MINUTE);
    const start = Math.ceil((WINDOW + 1 - minute) / MINUTE) * MINUTE + minute;
    counting.nowMs = NOW + start;
    expect(counting.quorum.closing(view, counting.nowMs)).toHaveLength(most);
    expect(counting.quorum.closing(view, counting.nowMs + MINUTE - 1)).toEqual([]);
    expect(counting.quorum.closing(view, counting.nowMs + MINUTE)).toHaveLength(3);
  });

  test("is no business of machine version 1", () => {
    const counting = new Counting({ ...view, machineVersion: 1 });
    counting.count(signal(h1));
    expect(counting.closing(WINDOW + 1)).toEqual([]);
  });
});

describe("a second offence", () => {
  const repeat = { withinMs: 10 * MINUTE, stage: Stage.TERMINATE, ttlMs: 20 * MINUTE };
  const view = under({ repeat });
  const later = (ms: number) => ({ timeMs: BigInt(NOW + ms), evidenceFromMs: BigInt(NOW + ms) });

  test("starts higher and shows the first, with its path", () => {
    const counting = new Counting(view);
    const first = counting.enter(signal(h1), signal(h2));
    expect(first.revocation).toMatchObject({ stage: Stage.SUSPEND });
    const second = counting.enter(signal(h3), signal(h4));
    expect(second.revocation).toMatchObject({ stage: Stage.TERMINATE });
    expect(Number(second.revocation.expiresMs)).toBe(NOW + repeat.ttlMs);
    expect(second.revocation.warrant?.earlier.map((e) => Number(e.index))).toEqual([1]);
  });

  test("is one only within its time, of the same subject, and by a rule that counts", () => {
    const stageOf = (as: MeshView, ms: number, subject = MALLORY) => {
      const counting = new Counting(as);
      counting.enter(signal(h1), signal(h2));
      counting.nowMs = NOW + ms;
      const pair = [signal(h3, later(ms), subject), signal(h4, later(ms), subject)];
      return counting.enter(...pair).revocation.stage;
    };
    expect(stageOf(view, repeat.withinMs)).toBe(Stage.TERMINATE);
    expect(stageOf(view, repeat.withinMs + 1)).toBe(Stage.SUSPEND);
    expect(stageOf(view, 0, OTHER)).toBe(Stage.SUSPEND);
    expect(stageOf(under({}), 0)).toBe(Stage.SUSPEND);
  });

  test("is none when the first was lifted", () => {
    const counting = new Counting(view);
    const first = counting.enter(signal(h1), signal(h2));
    counting.quorum.lift(MALLORY, [first.revocation.id]);
    expect(counting.enter(signal(h3), signal(h4)).revocation.stage).toBe(Stage.SUSPEND);
  });

  test("shows the first again though the second lies nearer: entries do not grow", () => {
    const counting = new Counting(view);
    counting.enter(signal(h1), signal(h2));
    counting.enter(signal(h3), signal(h4));
    counting.nowMs = NOW + SECOND;
    const again = (host: HostPerson) => signal(host, later(SECOND));
    const third = counting.enter(again(h1), again(h2));
    expect(third.revocation.warrant?.earlier.map((e) => Number(e.index))).toEqual([1]);
    // The first is too long ago by then: the newest that is left is shown.
    counting.nowMs = NOW + repeat.withinMs + SECOND;
    const late = (host: HostPerson) => signal(host, later(repeat.withinMs + SECOND));
    const fourth = counting.enter(late(h1), late(h2));
    expect(fourth.revocation.warrant?.earlier.map((e) => Number(e.index))).toEqual([3]);
  });
});

describe("a clock that lies", () => {
  /** Whether two hosts count together when each signs and is taken at these times. */
  const together = (a: { signed: number; taken: number }, b: { signed: number; taken: number }) => {
    const counting = new Counting();
    counting.nowMs = NOW + a.taken;
    const first = counting.count(signal(h1, { timeMs: BigInt(NOW + a.signed) }));
    counting.nowMs = NOW + b.taken;
    return first === undefined
      ? counting.count(signal(h2, { timeMs: BigInt(NOW + b.signed) }))
      : first;
  };

  test("stretches no window: dated ahead, a signal ages from when it was taken", () => {
    const ahead = { signed: LIMITS.signalAheadMsMax, taken: 0 };
    expect(together(ahead, { signed: WINDOW, taken: WINDOW })).toBe(2);
    expect(together(ahead, { signed: WINDOW + 1, taken: WINDOW + 1 })).toBeUndefined();
    const honest = { signed: 0, taken: 0 };
    expect(together(honest, { signed: WINDOW, taken: WINDOW })).toBe(2);
  });

  test("never makes two signals count that were further apart than the window", () => {
    const moment = fc.integer({ min: 0, max: 3 * WINDOW });
    const skew = fc.integer({ min: -3 * WINDOW, max: 2 * LIMITS.signalAheadMsMax });
    fc.assert(
      fc.property(moment, skew, moment, skew, (t1, s1, gap, s2) => {
        const a = { signed: t1 + s1, taken: t1 };
        const b = { signed: t1 + gap + s2, taken: t1 + gap };
        const said = together(a, b);
        const oldest = Math.min(a.signed, a.taken, b.signed, b.taken);
        const newest = Math.max(a.signed, b.signed);
        if (said === 2)
          expect(newest - oldest).toBeLessThanOrEqual(WINDOW + LIMITS.signalAheadMsMax);
        // Each host's own signal is in no window that is longer than the rule's, by machine time.
        if (said === 2)
          expect(b.taken - Math.min(a.signed, a.taken)).toBeLessThanOrEqual(2 * WINDOW);
        if (s1 > LIMITS.signalAheadMsMax) expect(said).toBe("clock-off");
        if (s1 < -WINDOW) expect(said).toBe("expired");
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test("as machine version 1 knew it, stretched a window by a minute", () => {
    const counting = new Counting({ ...under({}), machineVersion: 1 });
    counting.count(signal(h1, { timeMs: BigInt(NOW + LIMITS.signalAheadMsMax) }));
    counting.nowMs = NOW + WINDOW + MINUTE;
    const late = signal(h2, { timeMs: BigInt(NOW + WINDOW + MINUTE) });
    expect(counting.count(late)).toBe(2);
  });
});

describe("what people have used, and hosts that count no more", () => {
  test("leave the windows, and never come back", () => {
    const counting = new Counting();
    const used = signal(h1);
    counting.count(used);
    counting.quorum.spend(MALLORY, [used.proof()]);
    expect(counting.quorum.openWindows).toBe(0);
    expect(counting.count(used)).toBe("spent");
    expect(counting.count(signal(h2))).toBeUndefined();
  });

  test("stay used after a restart from a snapshot, under whatever number they come again", () => {
    const counting = new Counting();
    const used = signal(h1);
    counting.count(used);
    expect(counting.count(signal(h2))).toBe(2);
    const w = new BinaryWriter();
    counting.quorum.save(w);
    const restored = new Counting();
    restored.quorum.load(new BinaryReader(w.finish()), () => run.view);
    const again = { ...used, signal: { ...used.signal, number: 9n } };
    expect(restored.count(again)).toBe("spent");
    // The nearest that counts: another statement of the same host.
    expect(restored.count(signal(h1, { timeMs: BigInt(NOW + 1) }))).toBeUndefined();
  });

  test("are rechecked when a roster or a proof takes them out", () => {
    const counting = new Counting();
    counting.count(signal(h1), signal(h1, {}, OTHER));
    const isH1 = (key: Uint8Array) => Buffer.from(key).equals(h1.signer.publicKey);
    counting.quorum.recheck(counting.view);
    expect(counting.quorum.openWindows).toBe(2);
    counting.quorum.recheck({ ...counting.view, isExpelled: isH1 });
    expect(counting.quorum.openWindows).toBe(0);
  });

  test("an answer that no line needs is no fault; another signal below it is", () => {
    const counting = new Counting();
    const inquiryId = nodeCrypto.sha256() as Bytes;
    expect(counting.count(signal(h1, { evidenceMdb: 12_000, inquiryId }))).toBeUndefined();
    expect(counting.count(signal(h1, { evidenceMdb: 12_000 }))).toBe("below-line");
  });
});

test("a quorum that was saved and loaded goes on exactly as one that never stopped", () => {
  const view = under({
    suggestWhenShort: true,
    repeat: { withinMs: 10 * MINUTE, stage: Stage.TERMINATE, ttlMs: MINUTE },
    sharedSubjectsMax: 3,
  });
  const act = fc.record({
    host: fc.integer({ min: 0, max: 4 }),
    subject: fc.constantFrom(MALLORY, OTHER),
    aheadMs: fc.integer({ min: -WINDOW, max: MINUTE }),
    stepMs: fc.integer({ min: 0, max: 3 * MINUTE }),
    evidenceMdb: fc.constantFrom(29_000, 31_000, 90_000),
    sharedSubjects: fc.constantFrom(0, 0, 0, 5),
    also: fc.constantFrom("", "", "pardon", "lift", "spend"),
  });
  const play = (
    counting: Counting,
    acts: readonly (typeof act extends fc.Arbitrary<infer T> ? T : never)[],
  ) =>
    acts.map(({ host, subject, aheadMs, stepMs, also, ...fields }) => {
      counting.nowMs += stepMs;
      const closed = counting.quorum.closing(view, counting.nowMs).map((c) => c.held.revocation.id);
      counting.quorum.expire(view, counting.nowMs);
      const timeMs = BigInt(counting.nowMs + aheadMs);
      const counted = made(hosts[host] as HostPerson, { ...fields, timeMs }, subject);
      if (also === "pardon") counting.quorum.pardon(subject, counting.nowMs - 5 * MINUTE);
      if (also === "spend") counting.quorum.spend(subject, [counted.proof()]);
      const said = counting.say(counted);
      if (said !== undefined && !isReject(said) && !("held" in said)) {
        counting.quorum.entered(said, { bytes: Uint8Array.of(1, 2), index: counting.book.index });
        if (also === "lift") counting.quorum.lift(subject, [said.revocation.id]);
      }
      return [closed, wordOf(said)];
    });
  const cache = new Map<string, CountedSignal>();
  const made = (host: HostPerson, fields: object, subject: SubjectText): CountedSignal => {
    const name = JSON.stringify([host.name, fields, subject], (_, v) =>
      typeof v === "bigint" ? `${v}` : v,
    );
    const known = cache.get(name) ?? signal(host, fields, subject);
    cache.set(name, known);
    return known;
  };
  const saved = (quorum: SignalQuorum) => {
    const w = new BinaryWriter();
    quorum.save(w);
    return w.finish();
  };
  fc.assert(
    fc.property(fc.array(act, { maxLength: 14 }), fc.array(act, { maxLength: 14 }), (one, two) => {
      cache.clear();
      const whole = new Counting(view);
      play(whole, one);
      const half = new Counting(view);
      half.nowMs = whole.nowMs;
      half.quorum.load(new BinaryReader(saved(whole.quorum)), () => run.view);
      expect(saved(half.quorum)).toEqual(saved(whole.quorum));
      expect(play(half, two)).toEqual(play(whole, two));
      expect(saved(half.quorum)).toEqual(saved(whole.quorum));
    }),
    { seed: 5, numRuns: 25 },
  );
});
