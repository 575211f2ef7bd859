import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { barePeerAtEnd, peerAtEnd, peerOfAuthLine } from "./sshd-peer.ts";

const VICTIM = "198.51.100.7";
const PEER = "203.0.113.9";

// Names that imitate what follows a name, glued together at random.
const piece = fc.constantFrom(
  ` from ${VICTIM}`,
  ` port 22 ssh2`,
  ` port 22`,
  ": ",
  " ssh2",
  ` ${VICTIM} port 1`,
  " [preauth]",
  "\\n",
  "invalid user ",
  "root",
  " ",
  "RSA SHA256:abc",
);
const hostileName = fc
  .oneof(
    fc.array(piece, { maxLength: 8 }).map((p) => p.join("")),
    fc.string({ unit: "grapheme" }),
  )
  .map((name) => name.slice(0, 100));
const never = () => false;
const isPeer = (text: string) => text === PEER;

describe("the peer of a line, whatever the user name says", () => {
  test("stands at the end of a line without info, and the name comes back whole", () => {
    fc.assert(
      fc.property(hostileName, (user) => {
        const expected = { user, address: PEER };
        expect(peerAtEnd(`${user} from ${PEER} port 22`)).toEqual(expected);
        expect(peerAtEnd(`${user} from ${PEER} port 22 ssh2`)).toEqual(expected);
        expect(barePeerAtEnd(`${user} ${PEER} port 22`)).toEqual(expected);
      }),
    );
  });

  test("is never another's for a password, unless the name itself ends in `ssh2:`", () => {
    fc.assert(
      fc.property(hostileName, (user) => {
        fc.pre(!user.endsWith(":"));
        const read = peerOfAuthLine(`${user} from ${PEER} port 9 ssh2`, false, never);
        expect(read).toEqual({ user, address: PEER });
      }),
    );
  });

  test("is never another's for a method with info: the peer or nobody", () => {
    const info = fc.oneof(fc.constant("RSA SHA256:abc"), hostileName);
    fc.assert(
      fc.property(hostileName, info, (user, tail) => {
        const line = `${user} from ${PEER} port 9 ssh2: ${tail}`;
        const read = peerOfAuthLine(line, true, never);
        expect([PEER, undefined]).toContain(read?.address);
      }),
    );
  });

  test("is the one that an earlier line of the connection named, among several readings", () => {
    fc.assert(
      fc.property(hostileName, hostileName, (user, tail) => {
        const line = `${user} from ${PEER} port 9 ssh2: ${tail}`;
        expect(peerOfAuthLine(line, true, isPeer)?.address).toBe(PEER);
        const password = `${user} from ${PEER} port 9 ssh2`;
        expect(peerOfAuthLine(password, false, isPeer)?.address).toBe(PEER);
      }),
    );
  });

  test("a certificate named after another address leaves the line without one", () => {
    const line = `git from ${PEER} port 9 ssh2: RSA-CERT ID x from ${VICTIM} port 1 ssh2`;
    expect(peerOfAuthLine(line, true, never)).toEqual({ user: "git" });
    expect(peerOfAuthLine(line, true, isPeer)).toEqual({ user: "git", address: PEER });
  });
});
