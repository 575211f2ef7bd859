import { describe, expect, test } from "vitest";
import { readEventBody } from "./http-event-body.ts";
import { HTTP_EVENTS_MAX, HTTP_FUTURE_MS_MAX, REPEAT_COUNT_MAX } from "./limits.ts";

const NOW_MS = Date.parse("2026-03-30T15:54:19Z");
const context = { realm: "acme", nowMs: NOW_MS };
const LOGIN = { id: "1", time: NOW_MS, kind: "login-failed", service: "shop" };

const read = (value: unknown) => readEventBody(JSON.stringify(value), false, context);
const without = (field: string) =>
  Object.fromEntries(Object.entries(LOGIN).filter(([key]) => key !== field));

describe("a posted event", () => {
  test("becomes an event with subjects in canonical text", () => {
    const facts = { isAccountKnown: true, isRoot: false, method: "password", target: "/admin" };
    const value = { ...LOGIN, ...facts, count: 3, address: "::FFFF:203.0.113.9", session: "s1" };
    expect(read({ ...value, user: "alice" })).toEqual([
      {
        id: "http/shop/1",
        timeMs: NOW_MS,
        kind: "login-failed",
        service: "shop",
        address: "address:203.0.113.9",
        account: "user:acme/alice",
        session: "session:s1",
        ...facts,
        count: 3,
      },
    ]);
  });

  test("counts once and names nobody unless it says so", () => {
    const bare = { kind: "login-failed", service: "shop", count: 1 };
    expect(read(LOGIN)).toEqual([{ id: "http/shop/1", timeMs: NOW_MS, ...bare }]);
  });

  test("may name another realm, which is how a host's own account is named", () => {
    const [event] = read({ ...LOGIN, user: "root", realm: "web1" }) as { account?: string }[];
    expect(event?.account).toBe("user:web1/root");
    const [other] = read({ ...LOGIN, user: "root" }) as { account?: string }[];
    expect(other?.account).toBe("user:acme/root");
  });

  test("states its time as ISO 8601 with an offset or as milliseconds", () => {
    for (const time of ["2026-03-30T15:54:19Z", "2026-03-30T17:54:19.000+02:00", NOW_MS]) {
      expect(read({ ...LOGIN, time })).toMatchObject([{ timeMs: NOW_MS }]);
    }
    expect(read({ ...LOGIN, time: NOW_MS + HTTP_FUTURE_MS_MAX })).toHaveLength(1);
  });
});

describe("a field that is not right is named", () => {
  test.each(["id", "time", "kind", "service"])("%s is needed", (field) => {
    expect(read(without(field))).toMatchObject({ error: "bad-event", index: 0, field });
  });

  test.each([
    ["id", ""],
    ["id", 7],
    ["id", "x".repeat(257)],
    ["id", "a\nb"],
    ["time", "2026-03-30T15:54:19"],
    ["time", "yesterday"],
    ["time", "2026-13-30T15:54:19Z"],
    ["time", -1],
    ["time", 1.5],
    ["time", NOW_MS + HTTP_FUTURE_MS_MAX + 1],
    ["kind", "login"],
    ["kind", ["login-failed"]],
    ["service", "Shop"],
    ["service", "../x"],
    ["address", "example.com"],
    ["address", "010.0.0.1"],
    ["address", "203.0.113.9:22"],
    ["user", "a\u202eb"],
    ["user", null],
    ["session", "\u0007"],
    ["isRoot", "true"],
    ["isAccountKnown", 1],
    ["method", {}],
    ["target", "x".repeat(513)],
    ["count", 0],
    ["count", REPEAT_COUNT_MAX + 1],
    ["count", 1.5],
    ["count", "3"],
    ["realm", "acme"],
    ["adress", "203.0.113.9"],
    ["__proto__", {}],
  ])("%s of %j", (field, value) => {
    const json = JSON.stringify(LOGIN).replace(
      "{",
      `{${JSON.stringify(field)}:${JSON.stringify(value)},`,
    );
    const wanted = field in LOGIN ? JSON.stringify({ ...LOGIN, [field]: value }) : json;
    expect(readEventBody(wanted, false, context)).toMatchObject({ error: "bad-event", field });
  });

  test("a realm with a slash would be another realm's user", () => {
    expect(read({ ...LOGIN, user: "b", realm: "acme/a" })).toMatchObject({ field: "realm" });
  });

  test.each([[null], [7], ["x"], [[LOGIN]]])("an event that is %j is none", (value) => {
    expect(read([value])).toMatchObject({ error: "bad-event", field: "" });
  });
});

test("a body holds at most so many events", () => {
  const many = (count: number) => new Array(count).fill(LOGIN);
  expect(read(many(HTTP_EVENTS_MAX))).toHaveLength(HTTP_EVENTS_MAX);
  expect(read(many(HTTP_EVENTS_MAX + 1))).toMatchObject({ error: "too-many-events" });
});
