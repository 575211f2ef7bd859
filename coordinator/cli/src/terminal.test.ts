// What reaches a terminal and what reaches a pipe.

import { describe, expect, it } from "vitest";
import { openTerminal, printable, spanText, timeText } from "./terminal.ts";

function capture(isTTY: boolean, env: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const write = (text: string) => lines.push(text);
  return { lines, terminal: openTerminal({ isTTY, write }, { write }, env) };
}

describe("openTerminal", () => {
  it("aligns a table on a terminal", () => {
    const { lines, terminal } = capture(true, { NO_COLOR: "1" });
    terminal.table(["host", "fresh"], [["host-1", "yes"]]);
    expect(lines).toEqual(["host    fresh\n", "host-1  yes\n"]);
  });

  it("gives a pipe one tab-separated record a line and no heading", () => {
    const { lines, terminal } = capture(false);
    terminal.table(["host", "fresh"], [["host-1", "yes"]]);
    expect(lines).toEqual(["host-1\tyes\n"]);
  });

  it("paints on a terminal only, and not where NO_COLOR is set", () => {
    expect(capture(true).terminal.paint("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(capture(true, { NO_COLOR: "1" }).terminal.paint("red", "x")).toBe("x");
    expect(capture(true, { NO_COLOR: "" }).terminal.paint("red", "x")).not.toBe("x");
    expect(capture(false).terminal.paint("red", "x")).toBe("x");
  });

  it("writes bytes as hex and 64-bit numbers as numbers in JSON", () => {
    const { lines, terminal } = capture(false);
    terminal.json({ id: Uint8Array.of(1, 255), index: 7n });
    expect(lines).toEqual(['{"id":"01ff","index":7}\n']);
  });

  it("spells in JSON what a terminal may obey, and the value stays the same", () => {
    const { lines, terminal } = capture(true);
    const value = { reason: "\u001b[2J\u009b1m\u202e\u{e0001} Zoë 雪" };
    terminal.json(value);
    expect(lines[0]).toMatch(/^[^\p{Cc}\p{Cf}]+\n$/u);
    expect(JSON.parse(lines[0] as string)).toEqual(value);
  });
});

describe("text of others", () => {
  it("shows control and direction characters as code points", () => {
    expect(printable("a\u001b[2Jb\u202ec\nd")).toBe("a\\u{001b}[2Jb\\u{202e}c\\u{000a}d");
  });

  it("leaves names of all scripts alone", () => {
    expect(printable("user:acme/Zoë 雪")).toBe("user:acme/Zoë 雪");
  });
});

describe("times and spans", () => {
  it("names a time in UTC, and a dash for none", () => {
    expect(timeText(1_490_889_259_123)).toBe("2017-03-30T15:54:19Z");
    expect(timeText(Number.NaN)).toBe("-");
  });

  it("says a span in two units", () => {
    expect([spanText(3_599_000), spanText(86_400_000), spanText(400)]).toEqual([
      "59 min 59 s",
      "1 d",
      "0 s",
    ]);
  });
});
