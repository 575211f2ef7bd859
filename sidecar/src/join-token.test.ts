import { type MeshId, OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { type JoinToken, joinTokenText, parseJoinToken } from "./join-token.ts";

const TOKEN: JoinToken = {
  mesh: "ab".repeat(32) as MeshId,
  caFingerprint: new Uint8Array(32).fill(7),
  addresses: ["127.0.0.1:7443", "[::1]:7443", "mesh.example:7443"],
  secret: new Uint8Array(32).fill(9),
};

const bodyOf = (text: string) =>
  JSON.parse(Buffer.from(text.split(".")[1] as string, "base64url").toString("utf8"));
const textOf = (body: unknown) =>
  `ostraka-join-1.${Buffer.from(JSON.stringify(body)).toString("base64url")}`;

test("a token reads back as it was written, with a line end or without", () => {
  expect(parseJoinToken(joinTokenText(TOKEN))).toEqual(TOKEN);
  expect(parseJoinToken(`${joinTokenText(TOKEN)}\n`)).toEqual(TOKEN);
});

describe("a damaged token is refused, and its secret is not shown", () => {
  const good = joinTokenText(TOKEN);
  const body = bodyOf(good);
  test.each([
    ["nothing", ""],
    ["another version", good.replace("join-1", "join-2")],
    ["cut", good.slice(0, -9)],
    ["a foreign character", `${good}!`],
    ["a second line", `${good}\n${good}`],
    ["a list", textOf([])],
    ["null", textOf(null)],
    ["a key too many", textOf({ ...body, note: "x" })],
    ["a key too few", textOf({ ...body, secret: undefined })],
    ["a short mesh id", textOf({ ...body, mesh: "ab" })],
    ["a short fingerprint", textOf({ ...body, ca: "ab" })],
    ["a short secret", textOf({ ...body, secret: "abcd" })],
    ["no address", textOf({ ...body, addresses: [] })],
    ["an address without a port", textOf({ ...body, addresses: ["mesh.example"] })],
    ["an address with a path", textOf({ ...body, addresses: ["mesh.example:1/x"] })],
    ["an address that is a number", textOf({ ...body, addresses: [7443] })],
  ])("%s", (_what, text) => {
    expect(() => parseJoinToken(text)).toThrow(OstrakaError);
    try {
      parseJoinToken(text);
    } catch (error) {
      const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
      expect(shown).not.toContain(body.secret);
    }
  });
});
