// Services that nobody declared: what is believed of a line, and above all what is not.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GenericLoginReader } from "./generic-login.ts";

const PEER = "203.0.113.9";
const VICTIM = "198.51.100.66";
const read = (message: string) => new GenericLoginReader().read("svc", message);

describe("a service that nobody knows", () => {
  test.each([
    `Failed login for 'eve' from ${PEER}`,
    `Login failed for user eve from ${PEER} port 4444`,
    `authentication failure; rhost=${PEER}`,
    `Authentication failed (user not found) client: ${PEER}`,
    `Authentication failure for user "eve", from IP "${PEER}", with UA: "x"`,
    `CEF:0|V|P|1|x|Admin login failed|5|src=${PEER} suser=eve`,
    `[client ${PEER}] user eve: authentication failure`,
    `Invalid credentials for eve (${PEER})`,
    `Unsuccessful login attempt, IP: 2001:db8::9`,
  ])("is believed where it states a failure and one address of its own: %s", (message) => {
    expect(read(message)?.address).toMatch(/^(?:203\.0\.113\.9|2001:db8::9)$/);
  });

  test.each([
    ["no failure", `Login of 'eve' from ${PEER}`],
    ["a failure within quotes only", `GET "/login failed" from ${PEER}`],
    ["a time of day", "authentication failed from 04:05:06"],
    ["a version", "authentication failed in module v1.2.3.4-rc1"],
  ])("is not where there is %s", (_what, message) => {
    expect(read(message)?.address).toBeUndefined();
  });

  test.each([
    `Failed login for 'eve from ${VICTIM}' from ${PEER}`,
    `Login failed for eve from ${VICTIM} from ${PEER}`,
    `invalid password remote_ip=${PEER} user=eve remote_ip=${VICTIM}`,
    `authentication failed for user ${VICTIM} from ${PEER}`,
  ])("names nobody where a line holds two addresses: %s", (message) => {
    expect(read(message)).toEqual({ isUnknown: false });
  });

  test("names nobody for an address that stands where no program writes one", () => {
    expect(
      read(`authentication failed while ${VICTIM} was asked for eve`)?.address,
    ).toBeUndefined();
  });

  test("is never believed again once it was seen to write no address", () => {
    const reader = new GenericLoginReader();
    expect(reader.read("svc", "Login failed for user eve")?.address).toBeUndefined();
    const forged = reader.read("svc", `Login failed for user eve from ${VICTIM}`);
    expect(forged?.address).toBeUndefined();
    expect(reader.read("other", `Login failed for user eve from ${PEER}`)?.address).toBe(PEER);
  });

  test("is not believed either where the name stands before the statement", () => {
    const reader = new GenericLoginReader();
    expect(reader.read("svc", "user eve: login failed")?.address).toBeUndefined();
    expect(reader.read("svc", `user ip=${VICTIM}: login failed`)?.address).toBeUndefined();
  });

  test("says when the account does not exist", () => {
    expect(read(`authentication failed: no such user, from ${PEER}`)?.isUnknown).toBe(true);
  });

  test("no name makes a line that names its peer name another", () => {
    const name = fc
      .array(fc.oneof(fc.constantFrom(VICTIM, ` from ${VICTIM}`, "'", '"', " "), fc.string()))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(name, (user) => {
        for (const line of [
          `Failed login for '${user}' from ${PEER}`,
          `bad login ${user} ip=${PEER}`,
        ]) {
          expect([undefined, PEER]).toContain(read(line)?.address);
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});
