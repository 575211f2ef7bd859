import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LINE_BYTES_MAX } from "./limits.ts";
import { LineSplitter } from "./line-splitter.ts";

type Given = [what: string, start: number, end: number];

function split(chunks: Uint8Array[], isLastLineWhole = false): Given[] {
  const given: Given[] = [];
  const splitter = new LineSplitter({
    onLine: (line, start, end) => given.push([`=${line}`, start, end]),
    onRefused: (reason, start, end) => given.push([reason, start, end]),
  });
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.finish(isLastLineWhole);
  return given;
}

describe("bytes become lines", () => {
  test("at LF and CRLF, empty lines included", () => {
    expect(split([Buffer.from("a\r\n\nb\n")])).toEqual([
      ["=a", 0, 3],
      ["=", 3, 4],
      ["=b", 4, 6],
    ]);
  });

  test("a line of ten megabytes is refused in bounded memory and the next is read", () => {
    const megabyte = Buffer.alloc(1_000_000, "x");
    const chunks = [...new Array<Buffer>(10).fill(megabyte), Buffer.from("\nnext\n")];
    expect(split(chunks)).toEqual([
      ["too-long", 0, 10_000_001],
      ["=next", 10_000_001, 10_000_006],
    ]);
  });

  test.each(["\n", "\r\n"])(
    "the longest line is read and one byte more is not, ended by %j",
    (end) => {
      const longest = "x".repeat(LINE_BYTES_MAX);
      const outcomes = (text: string) => {
        const whole = Buffer.from(text + end);
        const halves = [whole.subarray(0, 1_000), whole.subarray(1_000)];
        return [split([whole])[0]?.[0], split(halves)[0]?.[0]];
      };
      expect(outcomes(longest)).toEqual([`=${longest}`, `=${longest}`]);
      expect(outcomes(`${longest}x`)).toEqual(["too-long", "too-long"]);
    },
  );

  test("invalid UTF-8 and NUL bytes are refused line by line", () => {
    const bytes = Buffer.concat([
      Buffer.from("ok\n"),
      Buffer.from([0xff, 10]),
      Buffer.from("a\0b\n"),
      Buffer.from("ü\0\n"),
      Buffer.from("jürgen\n"),
    ]);
    const reasons = split([bytes]).map(([what]) => what);
    expect(reasons).toEqual(["=ok", "invalid-utf8", "nul-byte", "nul-byte", "=jürgen"]);
  });

  test("what has no line end is refused as partial, or is a line when the file is whole", () => {
    expect(split([Buffer.from("a\nfrom 1.2.3")])).toEqual([
      ["=a", 0, 2],
      ["partial-line", 2, 12],
    ]);
    expect(split([Buffer.from("a\nb")], true)).toEqual([
      ["=a", 0, 2],
      ["=b", 2, 3],
    ]);
  });

  test("the lines are the same however the bytes are cut", () => {
    const piece = fc.oneof(
      fc.constantFrom("\n", "\r\n", "ü", "x".repeat(LINE_BYTES_MAX), "\0"),
      fc.string({ maxLength: 20 }),
    );
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), cuts, (pieces, at) => {
        const bytes = Buffer.from(pieces.join(""));
        const ends = [0, ...at.map((n) => n % (bytes.length + 1)), bytes.length];
        ends.sort((a, b) => a - b);
        const chunks = ends.slice(1).map((end, i) => bytes.subarray(ends[i], end));
        expect(split(chunks, true)).toEqual(split([bytes], true));
      }),
    );
  });
});
