// What machines of version 2 enter besides verdicts, by the real machine: inquiries, suggestions,
// second offences. The walk re-derives them, and explain says where each came from.

import { create } from "@bufbuild/protobuf";
import { DEFAULT_POLICY_YAML } from "@ostraka/agents/node";
import { openCrypto } from "@ostraka/host";
import {
  decode,
  type EntryRecord,
  EntrySchema,
  encode,
  type Inquiry,
  isReject,
  Ledger,
  SignalProofSchema,
  type Suggestion,
} from "@ostraka/proto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { explainEntry } from "../explain-entry.ts";
import { explainVerdict } from "../explain-verdict.ts";
import { entryJson } from "./entry-json.ts";
import { LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";
import { isWanted, parseQuery } from "./query.ts";
import { verifyPieces } from "./read-export.ts";
import { SampleMesh } from "./sample-mesh.ts";
import { ExportVerifier, isFault } from "./verify-export.ts";
import { walkOf } from "./walk-sample.ts";

const crypto = openCrypto();
const MINUTE_MS = 60_000;
let mesh: SampleMesh;
let walk: LedgerWalk;

/** One host asks in vain and its window closes; then two agree, twice. */
beforeAll(() => {
  mesh = new SampleMesh("acme");
  mesh.machineVersion = 2;
  mesh.start(DEFAULT_POLICY_YAML.replace("sumLineMdb: 60000", "sumLineMdb: 40000"));
  for (const host of ["host-1", "host-2"]) mesh.join(host);
  mesh.importControl();
  mesh.signal("host-1", 0);
  pass(11);
  for (const number of [1, 2]) {
    mesh.signal("host-1", number);
    mesh.signal("host-2", number - 1);
    pass(90);
  }
  if (mesh.refusals.length > 0) throw new Error(mesh.refusals.join(", "));
  walk = walkOf(mesh);
});

function pass(minutes: number): void {
  mesh.nowMs += minutes * MINUTE_MS;
  mesh.tick(Ledger.CONTROL);
  mesh.tick(Ledger.SIGNALS);
}

const ofSignals = () => [...walk.entries()].filter(({ ledger }) => ledger === Ledger.SIGNALS);
const first = (kind: string) =>
  ofSignals().find(({ entry }) => entry.effect.case === kind) as WalkedEntry;

const STRANGER = new Uint8Array(32).fill(9);

type Effect = WalkedEntry["entry"]["effect"];
type Change = (effect: Effect) => void;

function ofInquiry(fields: Partial<Inquiry>): Change {
  return (effect) => void (effect.case === "inquiry" && Object.assign(effect.value, fields));
}

function ofSuggestion(fields: Partial<Suggestion>): Change {
  return (effect) => void (effect.case === "suggestion" && Object.assign(effect.value, fields));
}

describe("a walk over what machines enter", () => {
  it("takes inquiries, suggestions and second offences, and the export verifies", () => {
    const kinds = ofSignals().map(({ entry }) => entry.effect.case);
    expect(kinds).toContain("inquiry");
    expect(kinds).toContain("suggestion");
    expect(kinds.filter((kind) => kind === "revocation")).toHaveLength(2);
    const bytes = [Buffer.from(mesh.lines().join(""))];
    expect(isFault(verifyPieces(new ExportVerifier(crypto, mesh.genesis), bytes))).toBe(false);
  });

  it("holds against every way to change an export, at random", () => {
    const lines = mesh.lines();
    const at = fc.nat(lines.length - 1);
    const change = fc.oneof(
      fc.tuple(fc.constant("flip"), at, fc.nat(), fc.integer({ min: 1, max: 255 })),
      fc.tuple(fc.constantFrom("drop", "double", "swap", "insert"), at, at, fc.constant(0)),
    );
    fc.assert(
      fc.property(change, ([kind, i, j, mask]) => {
        const changed = changedLines(lines, kind, i, j, mask);
        if (changed === lines.join("")) return true;
        const verifier = new ExportVerifier(crypto, mesh.genesis);
        return isFault(verifyPieces(verifier, [Buffer.from(changed, "latin1")]));
      }),
      { numRuns: 150 },
    );
  });

  it.each<[string, Change]>([
    ["inquiry", ofInquiry({ floorMdb: 1 })],
    ["inquiry", ofInquiry({ untilMs: 1n })],
    ["inquiry", ofInquiry({ sourceHostKey: STRANGER })],
    ["inquiry", ofInquiry({ commitment: STRANGER })],
    ["suggestion", ofSuggestion({ why: "because" })],
    ["suggestion", ofSuggestion({ why: "governor" })],
    ["suggestion", ofSuggestion({ stage: 4 })],
    ["suggestion", ofSuggestion({ hostCount: 7 })],
    ["suggestion", ofSuggestion({ commitment: STRANGER })],
    ["suggestion", ofSuggestion({ signals: [] })],
    ["suggestion", ofSuggestion({ signals: [create(SignalProofSchema)] })],
  ])("refuses a changed %s, whoever sealed it", (kind, change) => {
    const fresh = walkUntil(kind);
    const { record } = first(kind);
    const entry = decode(EntrySchema, record.entry, 1_000_000);
    if (entry === undefined) throw new Error("no entry");
    change(entry.effect);
    const changed = { ...record, entry: encode(EntrySchema, entry) };
    expect(isReject(fresh.take(Ledger.SIGNALS, changed))).toBe(true);
    expect(isReject(fresh.take(Ledger.SIGNALS, record))).toBe(false);
  });
});

function changedLines(
  lines: readonly string[],
  kind: string,
  i: number,
  j: number,
  mask: number,
): string {
  const [one, other] = [lines[i] as string, lines[j % lines.length] as string];
  if (kind === "drop") return lines.toSpliced(i, 1).join("");
  if (kind === "double") return lines.toSpliced(i, 0, one).join("");
  if (kind === "insert") return lines.toSpliced(i, 0, other).join("");
  if (kind === "swap")
    return lines
      .with(i, other)
      .with(j % lines.length, one)
      .join("");
  const bytes = Buffer.from(lines.join(""), "latin1");
  const at = (j * 7_919 + i) % bytes.length;
  bytes[at] = (bytes[at] as number) ^ mask;
  return bytes.toString("latin1");
}

/** A walk that stands right before the first entry of a kind. */
function walkUntil(kind: string): LedgerWalk {
  const fresh = new LedgerWalk(crypto, mesh.genesis, true);
  const take = (ledger: 1 | 2, record: EntryRecord) => {
    if (isReject(fresh.take(ledger, record))) throw new Error("not taken");
  };
  for (const record of mesh.read(Ledger.CONTROL).records) take(Ledger.CONTROL, record);
  for (const { entry, record } of ofSignals()) {
    if (entry.effect.case === kind) break;
    take(Ledger.SIGNALS, record);
  }
  return fresh;
}

describe("explain", () => {
  it("says of a suggestion why machines left it, on whose signals, by which rule", () => {
    const explained = explainEntry(crypto, walk, first("suggestion"));
    expect(explained.suggestion).toMatchObject({
      why: "the window closed before enough hosts agreed",
      hosts: 1,
      takenUp: null,
      rule: { name: "seen-on-two-hosts", epoch: 1 },
    });
    expect(explained.signals).toMatchObject([{ host: "host-1", evidenceMdb: 52_000 }]);
    expect(explained.inquiries[0]).toMatchObject({ source: "host-1", answeredFor: [] });
    expect(explained.proof.inclusionVerified).toBe(true);
  });

  it("says of a second offence which one was the first", () => {
    const [one, two] = walk.verdictsOf(Ledger.SIGNALS) as [WalkedEntry, WalkedEntry];
    expect(explainVerdict(crypto, walk, one, mesh.nowMs).story.earlier).toBeNull();
    const { story, rule } = explainVerdict(crypto, walk, two, mesh.nowMs);
    expect(story.earlier).toMatchObject({ at: `s:${one.index}` });
    expect(rule.asks).toMatch(/a second offence within 7 d: suspend for 1 d/);
  });

  it("says of an inquiry who brought it about", () => {
    const { entry, suggestion } = explainEntry(crypto, walk, first("inquiry"));
    expect(suggestion).toBeNull();
    expect(entry).toMatchObject({ subject: "address:203.0.113.7", effect: "inquiry" });
    expect(entry["words"]).toMatch(/asked because of host-1, until /);
  });
});

describe("a query", () => {
  const found = (flags: Parameters<typeof parseQuery>[0]) => {
    const query = parseQuery(flags, mesh.nowMs);
    return [...walk.entries()].filter((walked) => isWanted(query, walk, walked));
  };

  it("finds by subject, host, kind, time and index, and by all of them at once", () => {
    const subject = "address:203.0.113.7";
    const about = found({ subject });
    expect(about.length).toBe(ofSignals().filter((w) => w.entry.effect.case !== "refusals").length);
    expect(found({ host: "host-2" }).map((w) => w.entry.effect.case)).toEqual([
      "grant",
      "member",
      "revocation",
      "revocation",
    ]);
    expect(found({ kind: ["verdict"] })).toEqual(walk.verdictsOf(Ledger.SIGNALS));
    expect(found({ kind: ["policy,activation"] })).toHaveLength(2);
    const [one, two] = walk.verdictsOf(Ledger.SIGNALS) as [WalkedEntry, WalkedEntry];
    expect(found({ kind: ["verdict"], since: "2h" })).toEqual([two]);
    const until = new Date(Number(two.entry.machineTimeMs)).toISOString();
    expect(found({ kind: ["verdict"], until })).toEqual([one]);
    expect(found({ from: `s:${two.index}`, subject, host: "host-1" })).toContain(two);
    expect(found({ to: "c:2", ledger: "c" })).toHaveLength(2);
    expect(found({ subject: "user:acme/nobody" })).toEqual([]);
  });

  it.each([
    [{ subject: "mallory" }, /write kind:value/],
    [{ kind: ["ban"] }, /--kind ban: one of/],
    [{ since: "yesterday" }, /give a time such as/],
    [{ since: "2026-01-01T10:00" }, /give a time such as/],
    [{ since: "1h", until: "2h" }, /nothing can be between/],
    [{ from: "s:4", ledger: "c" }, /different ledgers/],
    [{ from: "c:9", to: "c:4" }, /nothing can be between/],
    [{ from: "17" }, /give an index/],
    [{ ledger: "x" }, /c or s/],
  ])("that makes no sense is refused: %o", (flags, words) => {
    expect(() => parseQuery(flags, mesh.nowMs)).toThrow(words);
  });

  it("shows every entry in words and as JSON of one shape", () => {
    for (const walked of walk.entries()) {
      const json = entryJson(walk, walked);
      expect(json["at"]).toMatch(/^[cs]:\d+$/);
      expect(json["words"], String(json["effect"])).not.toBe("");
      expect(json["id"]).toMatch(/^[0-9a-f]{16}\/[cs]:\d+$/);
    }
  });
});
