import { expect, test } from "vitest";
import { resourceOf, TARGET_LENGTH_MAX } from "./request-path.ts";

test.each([
  ["/admin", "/admin"],
  ["/", "/"],
  ["/admin?x=/../public", "/admin"],
  ["/admin#top", "/admin"],
  ["/%61dmin", "/admin"],
  ["//admin", "/admin"],
  ["/x/../admin", "/admin"],
  ["/x/%2e%2E/admin", "/admin"],
  ["/./admin/.", "/admin/"],
  ["/../../admin", "/admin"],
  ["/admin/", "/admin/"],
  ["/..", "/"],
  ["/.well-known/x", "/.well-known/x"],
  ["/a%2fb", "/a%2Fb"],
  ["/caf%c3%a9", "/caf%C3%A9"],
  ["/caf\u00c3\u00a9", "/caf%C3%A9"],
  ["/a b", "/a%20b"],
  ["https://host.example/admin?q", "/admin"],
  ["http://host.example", "/"],
])("%s names the resource %s", (target, resource) => {
  expect(resourceOf(target)).toBe(resource);
});

test("a spelling of a spelling is itself", () => {
  for (const target of ["/x/%2e%2E/%61%2f%20//", "/..//..%c3%a9/", "/a/./b/.."]) {
    const once = resourceOf(target) as string;
    expect(resourceOf(once)).toBe(once);
  }
});

test.each([
  "",
  "admin",
  "*",
  "host:443",
  "ftp://h/x",
  "/%",
  "/%4",
  "/%zz",
  "/%00",
  "/a%0d",
  "/a\\b",
  "/a%5cb",
  "/\u0100",
  "https://",
])("%j has no one reading and names no resource", (target) => {
  expect(resourceOf(target)).toBeUndefined();
});

test("a target at the limit is read, one longer is not", () => {
  expect(resourceOf(`/${"a".repeat(TARGET_LENGTH_MAX - 1)}`)?.length).toBe(TARGET_LENGTH_MAX);
  expect(resourceOf(`/${"a".repeat(TARGET_LENGTH_MAX)}`)).toBeUndefined();
});
