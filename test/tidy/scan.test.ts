// The scanner on the texts that fool simple ones.

import { expect, test } from "vitest";
import { importsOf, scan } from "./scan.ts";

function codeOf(text: string): string {
  return scan(text).code.replace(/ +/g, " ").trim();
}

test("comments and the insides of strings are no code", () => {
  expect(codeOf('a("Date.now"); // Date.now')).toBe('a(" ");');
  expect(codeOf("b(/* Date.now */ 'x\\'y');")).toBe("b( ' ');");
});

test("a comment mark inside a string opens no comment", () => {
  expect(codeOf('a("http://x"); b();')).toBe('a(" "); b();');
});

test("code inside a template is code, its text is not", () => {
  expect(codeOf("f(`vote ${ban({ a: `${1}` })} vote`); g();")).toBe(
    "f(` {ban({ a: ` {1}` })} `); g();",
  );
});

test("a quote inside a regular expression opens no string, and a division opens no expression", () => {
  expect(codeOf("x.replace(/[\"'/]/g, y);")).toBe("x.replace(/ /g, y);");
  expect(codeOf("a = b / c; d = 'x' / e;")).toBe("a = b / c; d = ' ' / e;");
});

test("an unclosed string ends at its line", () => {
  expect(codeOf('a "open\nb();')).toContain("b();");
});

test("positions stay where they were", () => {
  const text = 'one("two"); // three\nfour();\n';
  const { code, comments } = scan(text);
  expect([code.length, comments.length]).toEqual([text.length, text.length]);
  expect(code.indexOf("four")).toBe(text.indexOf("four"));
  expect(comments.indexOf("three")).toBe(text.indexOf("three"));
});

test("imports are found in all their forms, and not in strings, comments or .proto files", () => {
  const text = [
    'import { a } from "./a.ts";',
    'export * from "./b.ts";',
    'import "./c.ts";',
    'const d = await import("./d.ts");',
    '// import "./e.ts";',
    'const e = Buffer.from("e"); from("e");',
    "const f = 'import \"./f.ts\"';",
  ].join("\n");
  const found = importsOf({ path: "x.ts", text });
  expect(found.map((one) => one.specifier)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts"]);
  expect(found.map((one) => one.line)).toEqual([1, 2, 3, 4]);
  expect(importsOf({ path: "x.proto", text })).toEqual([]);
});
