// An export of a real machine's ledgers verifies; no changed, dropped, swapped, doubled or inserted
// byte or line does, wherever it lies.

import { openCrypto } from "@ostraka/host";
import { Ledger, type LedgerId } from "@ostraka/proto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { verifyPieces } from "./read-export.ts";
import { SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { ExportVerifier, isFault } from "./verify-export.ts";

const crypto = openCrypto();
let mesh: SampleMesh;
let lines: string[];
let foreign: string[];

beforeAll(() => {
  mesh = sampleMesh("acme");
  lines = mesh.lines();
  foreign = sampleMesh("other").lines();
});

function verify(text: string | Buffer) {
  return verifyPieces(new ExportVerifier(crypto, mesh.genesis), [Buffer.from(text)]);
}

function refusal(text: string | Buffer) {
  const result = verify(text);
  return isFault(result) ? result : undefined;
}

describe("an export of real ledgers", () => {
  it("verifies, and says how many entries under which heads", () => {
    const result = verify(lines.join(""));
    if (isFault(result)) throw new Error(JSON.stringify(result));
    expect(result.entries).toBe(lines.length - 3);
    expect(result.heads.map((h) => h.ledger)).toEqual([Ledger.CONTROL, Ledger.SIGNALS]);
    const kinds = (ledger: LedgerId) =>
      result.walk.verdictsOf(ledger).map(({ verdict }) => verdict?.kind);
    expect(kinds(Ledger.CONTROL)).toEqual(["revocation", "lift"]);
    expect(kinds(Ledger.SIGNALS)).toEqual(["revocation", "revocation"]);
  });

  it("verifies in pieces of any size", () => {
    const bytes = Buffer.from(lines.join(""));
    const pieces = Array.from({ length: Math.ceil(bytes.length / 977) }, (_, i) =>
      bytes.subarray(977 * i, 977 * (i + 1)),
    );
    const result = verifyPieces(new ExportVerifier(crypto, mesh.genesis), pieces);
    expect(isFault(result)).toBe(false);
  });

  it("starts with the genesis also where commands came before it and a minute passed", () => {
    const early = new SampleMesh("early");
    early.tick(Ledger.CONTROL);
    early.join("host-1");
    early.nowMs += 120_000;
    early.tick(Ledger.CONTROL);
    expect(early.refusals).toEqual(["no-genesis", "no-genesis"]);
    early.start();
    const verifier = new ExportVerifier(crypto, early.genesis);
    const result = verifyPieces(verifier, [Buffer.from(early.lines().join(""))]);
    expect(isFault(result) ? result : result.walk.indexOf(Ledger.CONTROL)).toBe(4);
  });

  it("is refused at the first byte of another mesh", () => {
    expect(refusal(foreign.join(""))).toEqual({ line: 1, at: "the header", code: "wrong-mesh" });
    expect(refusal([lines[0], ...foreign.slice(1)].join(""))?.at).toBe("c:1");
  });
});

describe("changed bytes", () => {
  it("are refused wherever they lie", () => {
    const whole = Buffer.from(lines.join(""));
    const flip = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flip, ([at, mask]) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ mask;
        return refusal(bytes) !== undefined;
      }),
      { numRuns: 150 },
    );
  });

  it("are refused at every single byte of a small export", () => {
    const small = new SampleMesh("acme");
    small.push(Ledger.CONTROL, small.genesis.envelope);
    small.tick(Ledger.CONTROL);
    small.tick(Ledger.SIGNALS);
    const whole = Buffer.from(small.lines().join(""));
    const holds = (bytes: Buffer) =>
      !isFault(verifyPieces(new ExportVerifier(crypto, small.genesis), [bytes]));
    expect(holds(whole)).toBe(true);
    const passed: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      if (holds(bytes)) passed.push(at);
    }
    expect(passed).toEqual([]);
  });

  it("are refused in every field of every kind of line", () => {
    const kinds = new Map<string, number>();
    lines.forEach((line, i) => {
      kinds.set(JSON.parse(line).kind + Object.keys(JSON.parse(line)).length, i);
    });
    for (const i of kinds.values()) {
      const line = lines[i] as string;
      for (const match of line.matchAll(/"[^"]*"|[0-9]+/g)) {
        const at = match.index + Math.floor(match[0].length / 2);
        const other = line[at] === "A" ? "B" : "A";
        const changed = [...lines];
        changed[i] = line.slice(0, at) + other + line.slice(at + 1);
        expect(
          refusal(changed.join("")),
          `${match[0].slice(0, 20)} of line ${i + 1}`,
        ).toBeDefined();
      }
    }
  });

  it("are refused after the end, before the end and in place of the last line feed", () => {
    const text = lines.join("");
    for (const changed of [`${text}\n`, `${text} `, text.slice(0, -1), "", `\ufeff${text}`]) {
      expect(refusal(changed)).toBeDefined();
    }
  });
});

describe("lines", () => {
  const positions = () => lines.map((_, i) => i);

  it("that are missing are missed, the first one named", () => {
    for (const i of positions()) expect(refusal(lines.toSpliced(i, 1).join(""))).toBeDefined();
    expect(refusal(lines.toSpliced(4, 1).join(""))).toMatchObject({ line: 5, at: "c:4" });
  });

  it("that are doubled are refused", () => {
    for (const i of positions()) {
      expect(refusal(lines.toSpliced(i, 0, lines[i] as string).join(""))).toBeDefined();
    }
  });

  it("that are swapped are refused", () => {
    for (const i of positions().slice(1)) {
      const swapped = lines.toSpliced(i - 1, 2, lines[i] as string, lines[i - 1] as string);
      expect(refusal(swapped.join(""))).toBeDefined();
    }
  });

  it("of another mesh or of nonsense cannot be inserted", () => {
    for (const i of positions()) {
      for (const line of [foreign[i] ?? "{}\n", "{}\n", "\n", '{"kind":"note"}\n']) {
        expect(refusal(lines.toSpliced(i, 0, line).join(""))).toBeDefined();
      }
    }
  });

  it("with an older sealed head are refused", () => {
    const growing = sampleMesh("acme");
    const older = growing.lines();
    growing.tick(Ledger.SIGNALS);
    const newer = growing.lines();
    // Two heads of one ledger: only the latest may stand, and only one.
    const last = older[older.length - 1] as string;
    const both = Buffer.from(newer.toSpliced(newer.length - 1, 0, last).join(""));
    const verifier = () => new ExportVerifier(crypto, growing.genesis);
    expect(isFault(verifyPieces(verifier(), [Buffer.from(newer.join(""))]))).toBe(false);
    expect(isFault(verifyPieces(verifier(), [both]))).toBe(true);
  });
});

describe("spellings", () => {
  it.each([
    ["a space", (line: string) => line.replace('":', '": ')],
    ["a key of its own", (line: string) => line.replace("{", '{"note":1,')],
    [
      "another order of keys",
      (line: string) =>
        `${JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse()))}\n`,
    ],
    [
      "a doubled key",
      (line: string) => line.replace('{"kind":"entry",', '{"kind":"entry","kind":"entry",'),
    ],
    ["a carriage return", (line: string) => line.replace("\n", "\r\n")],
    [
      "base64 without padding or with other last bits",
      (line: string) =>
        line.replace(
          /([A-Za-z0-9+/])(=+)"/,
          (_all, last: string, pad: string) => `${last === "A" ? "B" : "z"}${pad}"`,
        ),
    ],
    [
      "a number of another spelling",
      (line: string) => line.replace(/"index":(\d+)/, '"index":$1.0'),
    ],
    ["an escape", (line: string) => line.replace('"entry":"', '"entry":"\\u0041')],
  ])("%s is refused", (_name, respell) => {
    let tried = 0;
    lines.forEach((line, i) => {
      const other = respell(line);
      if (other === line) return;
      tried++;
      expect(refusal(lines.toSpliced(i, 1, other).join("")), line.slice(0, 60)).toBeDefined();
    });
    expect(tried).toBeGreaterThan(0);
  });
});

describe("private parts", () => {
  const withPrivates = () => lines.flatMap((line, i) => (/"salt"/.test(line) ? [i] : []));
  const altered = (i: number, alter: (parts: unknown[]) => unknown[]) => {
    const json = JSON.parse(lines[i] as string);
    json.privates = alter(json.privates);
    return lines.toSpliced(i, 1, `${JSON.stringify(json)}\n`).join("");
  };

  it("that do not open their commitment are refused, at their entry", () => {
    const others = withPrivates().map((i) => JSON.parse(lines[i] as string).privates[0]);
    const [first, second] = withPrivates() as [number, number];
    const stranger = others.find((o) => o.salt !== others[0].salt);
    const fault = refusal(altered(first, () => [stranger]));
    const { ledger, index } = JSON.parse(lines[first] as string);
    expect(fault).toMatchObject({ at: `${ledger}:${index}`, code: "commitment-mismatch" });
    expect(refusal(altered(second, () => [{ ...others[1], salt: stranger.salt }]))).toBeDefined();
  });

  it("that are missing, doubled or beside an entry that has none are refused", () => {
    for (const i of withPrivates()) {
      expect(refusal(altered(i, () => []))).toBeDefined();
      expect(refusal(altered(i, (parts) => [...parts, parts[0]]))).toBeDefined();
    }
    const part = JSON.parse(lines[withPrivates()[0] as number] as string).privates[0];
    lines.forEach((line, i) => {
      if (!line.includes('"privates":[]')) return;
      expect(refusal(altered(i, () => [part])), line.slice(0, 50)).toBeDefined();
    });
  });
});
