// The coordinator's configuration: what it takes, and the nearest that it refuses.

import { OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { parseConfig, shownConfig } from "./config.ts";

const GOOD = `
name: coordinator-1
genesis: ../../genesis.json
signingKey: signing.pem
store: state.sqlite
nats:
  urls: ["nats://127.0.0.1:4222"]
  creds: nats.creds
api: { listen: "127.0.0.1:9300", tls: tls.pem }
join: { listen: "127.0.0.1:9301" }
ca: { certificate: ../../ca/ca.pem, key: ../../ca/ca-key.pem }
natsAccount: { seed: nats-account.seed }
`;

function refusal(text: string): string {
  try {
    parseConfig(text, "/mesh/coordinators/coordinator-1");
  } catch (error) {
    if (error instanceof OstrakaError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "taken";
}

describe("a coordinator's configuration", () => {
  test("paths are relative to the file, and what is left out has its default", () => {
    const config = parseConfig(GOOD, "/mesh/coordinators/coordinator-1");
    expect(config.genesis).toBe("/mesh/genesis.json");
    expect(config.signingKey).toBe("/mesh/coordinators/coordinator-1/signing.pem");
    expect(config.log).toEqual({ level: "info" });
    expect(config.nats.replicas).toBe(1);
    expect(config.nats.ca).toBeUndefined();
    const secured = GOOD.replace("creds: nats.creds", "creds: nats.creds\n  ca: ../../ca/ca.pem");
    expect(parseConfig(secured, "/mesh/coordinators/coordinator-1").nats.ca).toBe(
      "/mesh/ca/ca.pem",
    );
    expect(JSON.parse(shownConfig(config))).toEqual(config);
  });

  const REFUSED: readonly (readonly [string, string, string, RegExp])[] = [
    ["an unknown key names the nearest", "store:", "stroe:", /"stroe": did you mean "store"/],
    ["also inside a mapping", "creds:", "credz:", /"nats\.credz": did you mean "creds"/],
    ["a name that no roster can hold", "coordinator-1\n", "Coordinator 1\n", /roster name/],
    ["an address without a port", "127.0.0.1:9300", "127.0.0.1", /"api\.listen".*such as/],
    ["a port that is none", ":9300", ":93000", /"api\.listen"/],
    ["one address for both listeners", ":9301", ":9300", /one address/],
    ["no NATS server", '["nats://127.0.0.1:4222"]', "[]", /"nats\.urls".*1 to 16/],
    ["a URL of something else", "nats://", "http://", /no nats:\/\//],
    ["a key that is missing", "store: state.sqlite", "", /"store" is missing/],
    ["one file for two secrets", "seed: nats-account.seed", "seed: tls.pem", /two secrets/],
    ["a list where a text belongs", "signing.pem", "[signing.pem]", /"signingKey" is \["/],
    ["an alias", "state.sqlite", "&a state.sqlite\nlog: *a", /log|alias/i],
    ["what is no YAML", "name: c", "name: [c", /no YAML/],
  ];

  test.each(REFUSED)("refuses %s", (_what, from, to, why) => {
    expect(GOOD).toContain(from);
    expect(refusal(GOOD.replace(from, to))).toMatch(why);
    expect(refusal(GOOD.replace(from, to))).toMatch(/^OSTRAKA_CONFIG_INVALID: /);
  });

  test("a password in a URL is refused and not shown", () => {
    const said = refusal(GOOD.replace("nats://", "nats://olga:hunter2@"));
    expect(said).toMatch(/holds a password/);
    expect(said).not.toContain("hunter2");
  });

  test("a level of logging that is none is refused, a known one is taken", () => {
    expect(refusal(`${GOOD}log: { level: loud }`)).toMatch(/"log\.level" is "loud".*info/);
    const { log } = parseConfig(`${GOOD}log: { level: debug, file: c.log }`, "/c");
    expect(log).toEqual({ level: "debug", file: "/c/c.log" });
  });
});
