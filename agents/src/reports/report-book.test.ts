// Reports of coordinators: which are taken, and what a majority of them says.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type Bytes,
  type Envelope,
  encodeNew,
  equalBytes,
  isReject,
  LIMITS,
  ReportSchema,
  signEnvelope,
} from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MachineRun, messageOf } from "../../testkit/machine-run.ts";
import type { Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { checkReports, type MajorityReport, type ReportAbout } from "./majority-report.ts";
import { ReportBook } from "./report-book.ts";

const kit = testMesh("reports", { coordinators: 3 });
const run = MachineRun.joined(kit);
const { view } = run;
const [a, b, c] = kit.coordinators as [Person, Person, Person];
const [olga] = kit.operators as [Person];
const NOW_MS = run.control.point.machineTimeMs;
const EPOCH: ReportAbout = { case: "epoch", value: 2 };
const VERDICT: ReportAbout = { case: "verdictId", value: new Uint8Array(32).fill(7) };

type Fields = Omit<
  Exclude<MessageInitShape<typeof ReportSchema>, { $typeName: string }>,
  "$typeName"
>;

function report(by: Person, fields: Fields = {}, signers: readonly Person[] = [by]): Envelope {
  const body = encodeNew(ReportSchema, {
    format: 1,
    coordinatorKey: by.signer.publicKey,
    timeMs: BigInt(NOW_MS),
    notAfterMs: BigInt(NOW_MS + 30_000),
    about: EPOCH,
    hosts: 10,
    ready: 9,
    errors: 0,
    receiptsRoot: new Uint8Array(32),
    ...fields,
  });
  return signEnvelope(kit.mesh, "report", body, ...signers.map((s) => s.signer));
}

function taken(book: ReportBook, envelope: Envelope, atMs = NOW_MS): string {
  const fault = book.take(view, envelope, atMs);
  return fault?.reject ?? "taken";
}

function saved(book: ReportBook): Bytes {
  const w = new BinaryWriter();
  book.save(w);
  return w.finish();
}

describe("a report", () => {
  test.each<readonly [string, string, Envelope]>([
    ["as it should be", "taken", report(a)],
    ["about a verdict", "taken", report(a, { about: VERDICT })],
    ["of an operator", "unknown-key", report(olga)],
    ["in another's name", "malformed", report(b, {}, [a])],
    ["with two signatures", "malformed", report(a, {}, [a, b])],
    ["about nothing", "malformed", report(a, { about: { case: undefined } })],
    ["about epoch 0", "malformed", report(a, { about: { case: "epoch", value: 0 } })],
    [
      "about a verdict without an id of 32 bytes",
      "malformed",
      report(a, { about: { case: "verdictId", value: new Uint8Array(31) } }),
    ],
    ["with more ready than hosts", "malformed", report(a, { hosts: 8 })],
    ["with more hosts than a mesh holds", "malformed", report(a, { hosts: LIMITS.hostsMax + 1 })],
    ["without a root", "malformed", report(a, { receiptsRoot: new Uint8Array() })],
    ["of another format", "unsupported-format", report(a, { format: 2 })],
    ["that has lapsed", "expired", report(a, { notAfterMs: BigInt(NOW_MS) })],
    [
      "good for days",
      "not-after-too-far",
      report(a, { notAfterMs: BigInt(NOW_MS + 2 * LIMITS.notAfterMsMax) }),
    ],
    [
      "dated ahead by just what clocks may differ",
      "taken",
      report(a, { timeMs: BigInt(NOW_MS + LIMITS.signalAheadMsMax) }),
    ],
    [
      "dated further ahead",
      "clock-off",
      report(a, { timeMs: BigInt(NOW_MS + LIMITS.signalAheadMsMax + 1) }),
    ],
  ])("%s is %s", (_, expected, envelope) => {
    expect(taken(new ReportBook(kit.crypto), envelope)).toBe(expected);
  });

  test("is taken once, and an older one never after a newer", () => {
    const book = new ReportBook(kit.crypto);
    const newer = report(a, { timeMs: BigInt(NOW_MS + 1) });
    expect(taken(book, newer)).toBe("taken");
    expect(taken(book, newer)).toBe("duplicate");
    expect(taken(book, report(a))).toBe("duplicate");
    expect(taken(book, report(a, { about: VERDICT }))).toBe("taken");
    expect(taken(book, report(b))).toBe("taken");
  });

  test("makes room for what its coordinator speaks of now, and never another's", () => {
    const book = new ReportBook(kit.crypto);
    for (const by of [b, c]) book.take(view, report(by, { about: VERDICT }), NOW_MS);
    for (let epoch = 1; epoch <= LIMITS.reportsPerCoordinatorMax + 5; epoch++) {
      taken(book, report(a, { about: { case: "epoch", value: epoch } }));
    }
    expect(book.majority(view, VERDICT)?.ready).toBe(9);
    expect(new BinaryReader(saved(book)).uint32()).toBe(3);
    const [first] = [1, 1 + LIMITS.reportsPerCoordinatorMax].map((value) =>
      taken(book, report(a, { about: { case: "epoch", value } })),
    );
    expect(first).toBe("taken");
  });
});

describe("the machine", () => {
  test("takes reports from version 2 on, without an entry", () => {
    const own = MachineRun.joined(kit);
    const send = (by: Person, fields: Fields = {}, signers: readonly Person[] = [by]) => {
      const times = { timeMs: BigInt(own.nowMs), notAfterMs: BigInt(own.nowMs + 30_000) };
      const envelope = report(by, { ...times, ...fields }, signers);
      return own.step("control", messageOf(envelope)).rejects[0];
    };
    expect(send(a)?.code).toBe("wrong-type");
    own.upgrade();
    expect(own.view.machineVersion).toBe(2);
    const { index } = own.control.book;
    for (const by of [a, b]) expect(send(by)).toBeUndefined();
    expect(own.control.book.index).toBe(index);
    expect(own.control.reports.majority(own.view, EPOCH)?.ready).toBe(9);
    // Held against who signed it; what nobody signed, against nobody.
    const key = Buffer.from(a.signer.publicKey).toString("hex");
    expect(send(a)).toEqual({ key, code: "duplicate" });
    expect(send(olga)).toEqual({ key: "", code: "unknown-key" });
  });

  test("takes no report with a private part beside it", () => {
    const own = MachineRun.joined(kit);
    own.upgrade();
    const bytes = messageOf(report(a, { timeMs: BigInt(own.nowMs) }), [
      kit.privatePart("user:x/y"),
    ]);
    expect(own.step("control", bytes).rejects[0]?.code).toBe("malformed");
    expect(own.step("control", messageOf(report(a))).rejects).toEqual([]);
  });
});

describe("a majority", () => {
  test("has not spoken while fewer have reported than make one", () => {
    const book = new ReportBook(kit.crypto);
    taken(book, report(a));
    expect(book.majority(view, EPOCH)).toBeUndefined();
    taken(book, report(b, { ready: 5, errors: 3 }));
    expect(book.majority(view, EPOCH)).toMatchObject({ hosts: 10, ready: 5, errors: 0 });
  });

  test("is moved by no single coordinator, up or down", () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(20), fc.nat(10), fc.nat(20), (ready, errors, lie, lies) => {
        const book = new ReportBook(kit.crypto);
        taken(book, report(a, { ready, errors }));
        taken(book, report(b, { ready, errors }));
        taken(book, report(c, { ready: lie, errors: lies }));
        expect(book.majority(view, EPOCH)).toMatchObject({ ready, errors });
      }),
      { numRuns: 30 },
    );
  });

  test("of two brings nothing about by itself: neither a step forward nor a halt", () => {
    const said = fc.nat(10).chain((hosts) => fc.tuple(fc.constant(hosts), fc.nat(hosts)));
    fc.assert(
      fc.property(said, said, ([hosts, ready], [liedHosts, liedReady]) => {
        const book = new ReportBook(kit.crypto);
        taken(book, report(a, { hosts, ready }));
        taken(book, report(c, { hosts: liedHosts, ready: liedReady }));
        const { missing, readyPermille } = book.majority(view, EPOCH) as MajorityReport;
        expect(missing).toBeLessThanOrEqual(hosts - ready);
        expect(readyPermille * hosts).toBeLessThanOrEqual(1_000 * ready);
      }),
      { numRuns: 60 },
    );
    // Hosts of one beside those that are ready by the other: nobody has said so.
    const book = new ReportBook(kit.crypto);
    taken(book, report(a, { hosts: 10, ready: 5 }));
    taken(book, report(c, { hosts: 1, ready: 1 }));
    expect(book.majority(view, EPOCH)).toMatchObject({ readyPermille: 500, missing: 0 });
  });

  test("is none of who was proven to lie", () => {
    const book = new ReportBook(kit.crypto);
    const isLiar = (key: Uint8Array) => equalBytes(key, c.signer.publicKey);
    const seen = { ...view, convictedAt: (key: Uint8Array) => (isLiar(key) ? 1 : undefined) };
    for (const by of [a, c]) taken(book, report(by));
    expect(book.majority(view, EPOCH)?.reports).toHaveLength(2);
    expect(book.majority(seen, EPOCH)).toBeUndefined();
    taken(book, report(b));
    expect(book.majority(seen, EPOCH)?.reports).toHaveLength(2);
  });

  test("is over when its reports lapse", () => {
    const book = new ReportBook(kit.crypto);
    for (const by of [a, b]) taken(book, report(by));
    book.expire(NOW_MS + 29_999);
    expect(book.majority(view, EPOCH)).toBeDefined();
    book.expire(NOW_MS + 30_000);
    expect(book.majority(view, EPOCH)).toBeUndefined();
  });

  test("can be read again by who has only its reports", () => {
    const book = new ReportBook(kit.crypto);
    for (const by of [c, a, b]) taken(book, report(by, { about: VERDICT, errors: 2 }));
    const { reports } = book.majority(view, VERDICT) ?? { reports: [] };
    const check = (envelopes: readonly Envelope[], about: ReportAbout = VERDICT, atMs = NOW_MS) => {
      const checked = checkReports(kit.crypto, view, about, envelopes, atMs);
      return isReject(checked) ? checked.reject : checked.errors;
    };
    const [first, second] = reports as [Envelope, Envelope];
    expect(check(reports)).toBe(2);
    expect(check([first, second])).toBe(2);
    expect(check([first])).toBe("warrant-short");
    expect(check([second, first])).toBe("duplicate");
    expect(check([first, first])).toBe("duplicate");
    expect(check(reports, EPOCH)).toBe("body-differs");
    expect(check(reports, VERDICT, NOW_MS + 30_000)).toBe("expired");
    expect(check(Array.from({ length: LIMITS.signaturesMax + 1 }, () => first))).toBe("too-large");
  });
});

describe("a book that was restored", () => {
  test("goes on as one that never stopped", () => {
    const act = fc.record({
      by: fc.constantFrom(a, b, c),
      about: fc.constantFrom<ReportAbout>(EPOCH, VERDICT, { case: "epoch", value: 3 }),
      at: fc.nat(50_000),
      ready: fc.nat(10),
    });
    const play = (
      book: ReportBook,
      acts: readonly (typeof act extends fc.Arbitrary<infer T> ? T : never)[],
    ) =>
      acts.map(({ by, about, at, ready }) => {
        const times = { timeMs: BigInt(NOW_MS + at), notAfterMs: BigInt(NOW_MS + at + 20_000) };
        const result = taken(book, report(by, { about, ready, ...times }), NOW_MS + at);
        book.expire(NOW_MS + at);
        return [result, book.majority(view, about)?.ready];
      });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), fc.array(act, { maxLength: 12 }), (x, y) => {
        const whole = new ReportBook(kit.crypto);
        play(whole, x);
        const restored = new ReportBook(kit.crypto);
        restored.load(new BinaryReader(saved(whole)));
        expect(play(restored, y)).toEqual(play(whole, y));
        expect(saved(restored)).toEqual(saved(whole));
      }),
      { numRuns: 20 },
    );
  });
});
