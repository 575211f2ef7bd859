// The host of a PAM failure, between two names that a stranger typed.

import { expect, test } from "vitest";
import { readPamFailure } from "./pam-failure.ts";

const line = (rest: string) =>
  `pam_unix(svc:auth): authentication failure; logname= uid=0 euid=0 tty=x ${rest}`;

test.each([
  ["ruser=eve rhost=203.0.113.9", { address: "203.0.113.9", user: "eve" }],
  ["ruser= rhost=203.0.113.9  user=eve", { address: "203.0.113.9", user: "eve" }],
  ["ruser= rhost=203.0.113.9 ", { address: "203.0.113.9" }],
  ["ruser=rhost=198.51.100.66 rhost=203.0.113.9", { address: "203.0.113.9" }],
])("%s has one reading", (rest, expected) => {
  expect(readPamFailure(line(rest))).toMatchObject(expected);
});

test.each([
  "ruser=a rhost=198.51.100.66  user=b rhost=203.0.113.9",
  "ruser= rhost=203.0.113.9 user=a rhost=198.51.100.66",
])("%s has two readings and names nobody", (rest) => {
  expect(readPamFailure(line(rest))).toEqual({});
});

test.each([
  "authentication failure; rhost=203.0.113.9 user=root@pam msg=x",
  "pam_unix(svc:session): session opened for user eve",
  "eve said: authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=198.51.100.66",
])("%s is no line of PAM's", (message) => {
  expect(readPamFailure(message)).toBeUndefined();
});
