// A page token leads back to its place, and to no other list's.

import type { MeshId } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";

const MESH = "ab".repeat(32) as MeshId;
const OTHER = "cd".repeat(32) as MeshId;
const token = pageToken(MESH, "hosts", "host-7");

describe("a page token", () => {
  test("is read back by any replica, and the empty one is the first page", () => {
    expect(cursorOf(MESH, "hosts", token)).toBe("host-7");
    expect(cursorOf(MESH, "hosts", "")).toBeUndefined();
  });

  test.each([
    ["of another mesh", OTHER, "hosts", token],
    ["of another list", MESH, "verdicts", token],
    ["with one character changed", MESH, "hosts", `${token.slice(0, -1)}A`],
    ["with its check cut off", MESH, "hosts", token.slice(8)],
    ["with something behind it", MESH, "hosts", `${token}AAAA`],
    ["that is huge", MESH, "hosts", "A".repeat(1_000_000)],
    ["that is no base64", MESH, "hosts", "!!!"],
    ["that a stranger made up", MESH, "hosts", Buffer.from("host-7").toString("base64url")],
  ] as const)("%s is refused in words", (_, mesh, scope, sent) => {
    expect(() => cursorOf(mesh, scope, sent)).toThrowError(
      expect.objectContaining({ code: "OSTRAKA_USAGE", message: expect.stringMatching(/begin/) }),
    );
  });
});

test("a page has the usual size, what was asked for, or the bound", () => {
  expect([0, 7, 512, 4_294_967_295].map((n) => pageSizeOf(n, 512))).toEqual([100, 7, 512, 512]);
});
