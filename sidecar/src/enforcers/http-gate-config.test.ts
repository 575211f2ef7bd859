import { OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { parseHttpGateConfig, TRUSTED_PROXIES_MAX } from "./http-gate-config.ts";

const OK = { realm: "acme" };

function failureOf(value: unknown): string {
  try {
    parseHttpGateConfig(value);
  } catch (error) {
    expect(error).toBeInstanceOf(OstrakaError);
    expect((error as OstrakaError).code).toBe("OSTRAKA_CONFIG_INVALID");
    return (error as OstrakaError).message;
  }
  throw new Error("was accepted");
}

describe("what is accepted", () => {
  test("a realm alone gives a gate on loopback that trusts no proxy", () => {
    const config = parseHttpGateConfig(OK);
    expect(config).toMatchObject({
      host: "127.0.0.1",
      path: "/auth",
      realm: "acme",
      trustedProxies: [],
      addressHeader: "x-forwarded-for",
      userHeader: "x-remote-user",
      subjectsHeader: null,
    });
    expect(config.stepUpChallenge).toContain("insufficient_user_authentication");
  });

  test("the default realm stands in for a missing one and yields to a given one", () => {
    expect(parseHttpGateConfig({}, "mesh").realm).toBe("mesh");
    expect(parseHttpGateConfig(OK, "mesh").realm).toBe("acme");
  });

  test("header names are taken in any case, and null reads none", () => {
    const config = parseHttpGateConfig({ ...OK, userHeader: "X-User", resourceHeader: null });
    expect(config.userHeader).toBe("x-user");
    expect(config.resourceHeader).toBeNull();
  });

  test("a gate that others can reach is fine once it knows its proxies", () => {
    const config = parseHttpGateConfig({ ...OK, host: "::", trustedProxies: ["10.0.0.0/8"] });
    expect(config.trustedProxies).toHaveLength(1);
  });
});

describe("what is refused", () => {
  test("an unknown key, naming the nearest known one", () => {
    expect(failureOf({ ...OK, trustedProxy: [] })).toContain('did you mean "trustedProxies"?');
    expect(failureOf({ ...OK, Prot: 1 })).toContain('unknown key "Prot": did you mean "port"?');
    expect(failureOf({ ...OK, ["x".repeat(1e6)]: 1 })).toContain("unknown key");
    expect(failureOf(JSON.parse('{"realm":"acme","__proto__":{}}'))).toContain("__proto__");
  });

  test.each([
    [null, "must be a mapping"],
    [[], "must be a mapping"],
    ["x", "must be a mapping"],
    [{}, "realm is missing"],
    [{ realm: "a/b" }, "realm"],
    [{ realm: "" }, "realm"],
    [{ ...OK, port: "80" }, "port"],
    [{ ...OK, port: 65_536 }, "port"],
    [{ ...OK, port: -1 }, "port"],
    [{ ...OK, port: 1.5 }, "port"],
    [{ ...OK, host: "example.org" }, "host"],
    [{ ...OK, host: "" }, "host"],
    [{ ...OK, path: "auth" }, "path"],
    [{ ...OK, path: "/" }, "path"],
    [{ ...OK, path: "/auth/" }, "path"],
    [{ ...OK, path: "/a/../b" }, "path"],
    [{ ...OK, path: "/healthz" }, "/healthz and /readyz"],
    [{ ...OK, path: "/readyz/x" }, "/healthz and /readyz"],
    [{ ...OK, trustedProxies: "10.0.0.1" }, "must be a list"],
    [{ ...OK, trustedProxies: ["10.0.0.1/8"] }, '"10.0.0.1/8"'],
    [{ ...OK, trustedProxies: ["nginx"] }, '"nginx"'],
    [{ ...OK, trustedProxies: [7] }, "trustedProxies 7"],
    [{ ...OK, trustedProxies: ["::ffff:10.0.0.0/104"] }, "trustedProxies"],
    [{ ...OK, trustedProxies: Array(TRUSTED_PROXIES_MAX + 1).fill("10.0.0.1") }, "at most"],
    [{ ...OK, addressHeader: null }, "addressHeader"],
    [{ ...OK, addressHeader: "Forwarded" }, "forwarded"],
    [{ ...OK, userHeader: "x user" }, "userHeader"],
    [{ ...OK, userHeader: "x-forwarded-for" }, "two different things"],
    [{ ...OK, host: "0.0.0.0" }, "trustedProxies"],
    [{ ...OK, stepUpChallenge: 'Basic realm="a"\r\nSet-Cookie: b' }, "stepUpChallenge"],
    [{ ...OK, stepUpChallenge: "" }, "stepUpChallenge"],
  ])("%j", (value, words) => {
    expect(failureOf(value)).toContain(words);
  });
});
