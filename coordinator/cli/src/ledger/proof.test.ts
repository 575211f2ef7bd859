// The proof of every entry checks offline; none that was changed in any line or byte does, nor one
// of another mesh, and a verdict's body is derived anew from what the file holds.

import { openCrypto } from "@ostraka/host";
import { hex } from "@ostraka/proto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { checkProof } from "./check-proof.ts";
import { findEntry } from "./find-entry.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";
import { makeProof } from "./make-proof.ts";
import { writeProofLine } from "./proof-lines.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { walkOf } from "./walk-sample.ts";

const crypto = openCrypto();
let mesh: SampleMesh;
let walk: LedgerWalk;

beforeAll(() => {
  mesh = sampleMesh("acme");
  walk = walkOf(mesh);
});

function proofOf(proven: WalkedEntry): string {
  const lines = makeProof(crypto, walk, { proven, receipts: [] });
  return lines.map((line) => `${writeProofLine(line)}\n`).join("");
}

function faultOf(text: string) {
  const checked = checkProof(crypto, text, mesh.genesis.mesh);
  return "line" in checked ? checked : undefined;
}

const verdicts = () => [...walk.entries()].filter(({ verdict }) => verdict !== undefined);

describe("a proof", () => {
  it("of every entry checks, with nothing but the file", () => {
    for (const proven of walk.entries()) {
      const checked = checkProof(crypto, proofOf(proven), mesh.genesis.mesh);
      if ("line" in checked) throw new Error(`${proven.index}: ${JSON.stringify(checked)}`);
      expect(checked.entry).toEqual(proven.entry);
      expect(checked.judged).toBe(
        ["proposal", "approval", "refusals"].includes(proven.entry.effect.case ?? "")
          ? "place"
          : "re-derived",
      );
    }
  });

  it("of a verdict holds the members that it names and no others", () => {
    const ofPeople = verdicts().find(({ verdict }) => verdict?.kind === "lift") as WalkedEntry;
    const kinds = (text: string) =>
      checkedKinds(text).filter((kind) => kind === "member" || kind === "grant");
    expect(kinds(proofOf(ofPeople))).toEqual([]);
    const ofSignals = verdicts().find(({ ledger }) => ledger === 2) as WalkedEntry;
    expect(kinds(proofOf(ofSignals))).toEqual(["grant", "member", "grant", "member"]);
  });

  it("of another mesh is refused, also when nobody says which it should be", () => {
    const other = sampleMesh("other");
    const [, second] = [...walkOf(other).entries()];
    const lines = makeProof(crypto, walkOf(other), { proven: second as WalkedEntry, receipts: [] });
    const foreign = lines.map((line) => `${writeProofLine(line)}\n`);
    expect(faultOf(foreign.join(""))).toEqual({ line: 1, code: "wrong-mesh" });
    const [header] = proofOf(verdicts()[0] as WalkedEntry).split("\n");
    const spliced = [`${header}\n`, ...foreign.slice(1)].join("");
    const checked = checkProof(crypto, spliced, undefined);
    expect(checked).toEqual({ line: 2, code: "wrong-mesh" });
  });
});

function checkedKinds(text: string): (string | undefined)[] {
  const places = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; record?: string })
    .filter(({ kind }) => kind === "basis");
  return [...walk.entries()]
    .filter(({ ledger, record }) => {
      const entry = Buffer.from(record.entry).toString("base64").slice(8, 60);
      return ledger === 1 && places.some((p) => p.record?.includes(entry) === true);
    })
    .map(({ entry }) => entry.effect.case);
}

describe("a changed proof", () => {
  it("is refused wherever a bit was flipped", () => {
    for (const proven of verdicts()) {
      const whole = Buffer.from(proofOf(proven), "latin1");
      const flip = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
      fc.assert(
        fc.property(flip, ([at, mask]) => {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] as number) ^ mask;
          return faultOf(bytes.toString("latin1")) !== undefined;
        }),
        { numRuns: 60 },
      );
    }
  });

  it("is refused when a line is doubled, or one that it needs is missing", () => {
    const proven = verdicts().find(({ ledger }) => ledger === 2) as WalkedEntry;
    const lines = proofOf(proven).split(/(?<=\n)/);
    lines.forEach((line, i) => {
      expect(faultOf(lines.toSpliced(i, 0, line).join("")), `line ${i + 1} twice`).toBeDefined();
    });
    const needed = lines.flatMap((line, i) =>
      /"kind":"(proof|head|proven)"/.test(line) ? [i] : [],
    );
    for (const i of [...needed, 1]) {
      expect(faultOf(lines.toSpliced(i, 1).join("")), `without line ${i + 1}`).toBeDefined();
    }
  });

  it("cannot pass one entry's path off as another's", () => {
    const [first, second] = verdicts().map(proofOf) as [string, string];
    const lineOf = (text: string) => text.split("\n").find((l) => l.includes('"proven"')) as string;
    const spliced = JSON.parse(lineOf(first));
    const other = JSON.parse(lineOf(second));
    const changed = first.replace(lineOf(first), JSON.stringify({ ...spliced, path: other.path }));
    expect(faultOf(changed)).toMatchObject({ code: "wrong-root" });
  });
});

describe("what is to be proven", () => {
  it("is found by place, by the start of a verdict's id and by a proposal's", () => {
    const [verdict] = verdicts() as [WalkedEntry];
    if (verdict.verdict === undefined) throw new Error("no verdict");
    expect(findEntry(walk, `c:${verdict.index}`)).toBe(verdict);
    expect(findEntry(walk, hex(idOf(verdict.verdict)).slice(0, 12))).toBe(verdict);
    const [proposal] = [...walk.people.all()];
    const found = findEntry(walk, hex(proposal?.opened.id ?? new Uint8Array()));
    expect(found.entry.effect.case).toBe("proposal");
    expect(() => findEntry(walk, "c:9999")).toThrow(/no entry c:9999/);
    expect(() => findEntry(walk, "c:0")).toThrow(/names no entry/);
    expect(() => findEntry(walk, "0".repeat(64))).toThrow(/no verdict, proposal/);
  });
});
