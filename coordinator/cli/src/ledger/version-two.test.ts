// Ledgers of machine version 2: the version is exact at every point, private parts may be gone once
// they were erased or pruned, and nothing else may be.

import { openCrypto } from "@ostraka/host";
import { type Bytes, decode, EntrySchema, hex, Ledger } from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { expectationWords, meets, parseExpectedHead } from "./expected-head.ts";
import { verifyPieces } from "./read-export.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { ExportVerifier, isFault, type VerifiedExport } from "./verify-export.ts";

const crypto = openCrypto();
const HOUR_MS = 3_600_000;

function verify(mesh: SampleMesh, lines: readonly string[]) {
  const verifier = new ExportVerifier(crypto, mesh.genesis);
  return verifyPieces(verifier, [Buffer.from(lines.join(""))]);
}

function held(mesh: SampleMesh, lines: readonly string[] = mesh.lines()): VerifiedExport {
  const result = verify(mesh, lines);
  if (isFault(result)) throw new Error(JSON.stringify(result));
  return result;
}

/** A mesh of version 2 whose first verdicts are over. */
function agedMesh(): SampleMesh {
  const mesh = sampleMesh("acme");
  mesh.machineVersion = 2;
  mesh.tick(Ledger.CONTROL);
  mesh.importControl();
  mesh.nowMs += 40 * 24 * HOUR_MS;
  mesh.tick(Ledger.CONTROL);
  mesh.tick(Ledger.SIGNALS);
  return mesh;
}

interface Line {
  readonly kind: string;
  readonly entry: string;
  readonly privates: readonly { readonly salt: string; readonly content: string }[];
}

/** Commitments of what lies beside the lines of an export about a subject. */
function commitmentsAbout(lines: readonly string[], subject: string): Bytes[] {
  const found = new Map<string, Bytes>();
  for (const { privates = [] } of lines.map((line) => JSON.parse(line) as Line)) {
    for (const part of privates) {
      const content = Buffer.from(part.content, "base64");
      if (!content.includes(subject)) continue;
      const commitment = crypto.sha256(Buffer.from(part.salt, "base64"), content);
      found.set(hex(commitment), commitment);
    }
  }
  return [...found.values()];
}

/** The lines without the private parts about a subject. */
function without(lines: readonly string[], subject: string): string[] {
  return lines.map((text) => {
    const line = JSON.parse(text) as Line;
    if (line.kind !== "entry") return text;
    const privates = line.privates.filter(
      ({ content }) => !Buffer.from(content, "base64").includes(subject),
    );
    return `${JSON.stringify({ ...line, privates })}\n`;
  });
}

const ADDRESS = "address:203.0.113.7";
let mesh: SampleMesh;
let before: string[];

beforeAll(() => {
  mesh = agedMesh();
  before = mesh.lines();
  mesh.erase(commitmentsAbout(before, ADDRESS), "olga", "omar");
  mesh.tick(Ledger.CONTROL);
});

describe("machine versions", () => {
  it("are entered once and then exact at every point, in both ledgers", () => {
    const { heads } = held(mesh);
    expect(heads.map(({ machineVersion }) => machineVersion)).toEqual([2, 2]);
    const entries = mesh.read(Ledger.CONTROL).records.map(({ entry: bytes }) => {
      const entry = decode(EntrySchema, bytes, 1_000_000);
      return [entry?.effect.case, entry?.machineVersion] as const;
    });
    const at = entries.findIndex(([kind]) => kind === "version");
    expect(at).toBeGreaterThan(0);
    expect(entries.every(([, version], i) => version === (i <= at ? 1 : 2))).toBe(true);
  });
});

describe("private parts that are gone", () => {
  it("by order are said to be erased, and their verdicts stand by seals only", () => {
    expect(mesh.refusals).toEqual([]);
    const { walk } = held(mesh, without(mesh.lines(), ADDRESS));
    expect(walk.missing.pruned).toEqual([]);
    expect(walk.missing.erased.length).toBeGreaterThan(0);
    expect(walk.sealedOnly().map(({ ledger, index }) => `${ledger}:${index}`)).toHaveLength(3);
    const subjects = walk.sealedOnly().map(({ verdict }) => verdict?.subject);
    expect(subjects.every((subject) => subject?.startsWith("erased:"))).toBe(true);
    expect(JSON.stringify(without(mesh.lines(), ADDRESS))).not.toContain(
      Buffer.from(ADDRESS).toString("base64").slice(0, 20),
    );
  });

  it("without an order are withheld: the entry is named", () => {
    const fault = verify(mesh, without(mesh.lines(), "user:acme/mallory"));
    expect(fault).toMatchObject({
      at: expect.stringMatching(/^c:\d+$/),
      code: "commitment-mismatch",
    });
  });

  it("before the order was entered are withheld as well", () => {
    expect(verify(mesh, without(before, ADDRESS))).toMatchObject({ code: "commitment-mismatch" });
  });

  it("leave an export of before as it was: it holds", () => {
    expect(held(mesh, before).walk.sealedOnly()).toEqual([]);
  });

  it("do not let a changed verdict pass: its witnesses, times and id are still derived", () => {
    const lines = without(mesh.lines(), ADDRESS);
    const faults = lines.map((text, i) => {
      const line = JSON.parse(text) as Line;
      if (line.kind !== "entry") return true;
      const bytes = Buffer.from(line.entry, "base64");
      return [0.3, 0.6, 0.9].every((share) => {
        const changed = Buffer.from(bytes);
        const at = Math.floor(share * (changed.length - 1));
        changed[at] = (changed[at] as number) ^ 4;
        const other = `${JSON.stringify({ ...line, entry: changed.toString("base64") })}\n`;
        return isFault(verify(mesh, lines.toSpliced(i, 1, other)));
      });
    });
    expect(faults.every(Boolean)).toBe(true);
  });
});

describe("a head that somebody noted", () => {
  it("is met by the export it is of and by every longer one", () => {
    const { heads, walk } = held(mesh, before);
    const [head] = heads as [VerifiedExport["heads"][number]];
    const noted = parseExpectedHead(`c:${head.index}:${hex(head.root)}`);
    expect(meets(walk, noted)).toBe("met");
    expect(meets(held(mesh).walk, noted)).toBe("met");
  });

  it("is not met by one that was cut off, nor by one with another history", () => {
    const { heads } = held(mesh);
    const [head] = heads as [VerifiedExport["heads"][number]];
    const { walk } = held(mesh, before);
    const longer = parseExpectedHead(`c:${head.index}:${hex(head.root)}`);
    expect(meets(walk, longer)).toBe("cut-off");
    expect(expectationWords(walk, longer, "cut-off", mesh.genesis.mesh)).toMatch(
      /^it ends at c:\d+, and c:\d+ was sealed: entries were cut off/,
    );
    const other = parseExpectedHead(`c:3:${"0".repeat(64)}`);
    expect(meets(walk, other)).toBe("other-history");
    expect(() => parseExpectedHead("c:x")).toThrow(/give a head as/);
  });
});
