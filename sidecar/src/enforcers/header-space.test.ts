import { expect, test } from "vitest";
import { trimSpaces } from "./header-space.ts";

test("spaces and tabs at the ends go, those inside stay", () => {
  expect(trimSpaces(" \t a \t b\t ")).toBe("a \t b");
  expect(trimSpaces(" \t ")).toBe("");
  expect(trimSpaces("x, a ,y", 2, 5)).toBe("a");
});

test("other white space is text", () => {
  for (const other of ["\u00a0", "\u0085", "\u2028", "\n", "\r", "\u000b", "\ufeff"]) {
    expect(trimSpaces(`${other}a${other}`)).toBe(`${other}a${other}`);
  }
});
