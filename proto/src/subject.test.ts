import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SubjectKind } from "./messages.ts";
import {
  addressSubject,
  parseSubject,
  SUBJECT_KINDS,
  SUBJECT_TEXT_MAX,
  subjectKind,
  userSubject,
  wireSubjectKind,
} from "./subject.ts";

describe("a subject", () => {
  test.each([
    ["address:24.151.103.17", "address:24.151.103.17"],
    ["address:::FFFF:24.151.103.17", "address:24.151.103.17"],
    ["address:2001:DB8::1", "address:2001:db8::1"],
    ["user:acme/alice", "user:acme/alice"],
    ["user:acme/alice/admin", "user:acme/alice/admin"],
    ["user:acme/Jose\u0301", "user:acme/Jos\u00e9"],
    ["user:acme/a b", "user:acme/a b"],
    ["session:a:b:c", "session:a:b:c"],
  ])("%j is %j", (text, canonical) => {
    expect(parseSubject(text)).toBe(canonical);
    expect(parseSubject(canonical)).toBe(canonical);
  });

  test.each([
    ["without a kind", ":alice"],
    ["without a colon", "alice"],
    ["of an unknown kind", "group:acme"],
    ["of a kind in capitals", "User:acme/alice"],
    ["of a kind that objects have", "constructor:x"],
    ["that is empty", "service:"],
    ["user without a realm", "user:alice"],
    ["user with an empty realm", "user:/alice"],
    ["user with an empty name", "user:acme/"],
    ["with a new line", "user:acme/alice\nroot"],
    ["with a carriage return", "user:acme/alice\rroot"],
    ["with a null byte", "user:acme/alice\0"],
    ["with an escape sequence", "user:acme/\u001b[2Kroot"],
    ["with C1 controls", "user:acme/\u009b2Kroot"],
    ["with a line separator", "user:acme/a\u2028b"],
    ["with a paragraph separator", "user:acme/a\u2029b"],
    ["with a right-to-left override", "user:acme/\u202etoor"],
    ["with a right-to-left isolate", "user:acme/\u2067toor\u2069"],
    ["with half a surrogate pair", "user:acme/\ud800"],
    ["with a space at its start", "service: x"],
    ["with a space at its end", "service:x "],
    ["with a no-break space at its end", "service:x\u00a0"],
    ["address with a port", "address:1.2.3.4:80"],
    ["address with leading zeros", "address:01.2.3.4"],
    ["address with a zone", "address:fe80::1%eth0"],
    ["address that is a name", "address:localhost"],
    ["too long", `service:${"x".repeat(SUBJECT_TEXT_MAX)}`],
  ])("%s is none", (_what, text) => {
    expect(parseSubject(text)).toBeUndefined();
  });

  test("of the longest length is one", () => {
    const text = `service:${"x".repeat(SUBJECT_TEXT_MAX - 8)}`;
    expect(parseSubject(text)).toBe(text);
    expect(parseSubject(`${text}x`)).toBeUndefined();
  });

  test("parses to itself once canonical, whatever the text", () => {
    const value = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...SUBJECT_KINDS), value, (kind, rest) => {
        const subject = parseSubject(`${kind}:${kind === "user" ? "r/" : ""}${rest}`);
        if (subject === undefined) return;
        expect(parseSubject(subject)).toBe(subject);
        expect(subjectKind(subject)).toBe(kind);
      }),
    );
  });

  test("of a user or an address is made only of what can be one", () => {
    expect(userSubject("acme", "alice")).toBe("user:acme/alice");
    expect(userSubject("acme", "")).toBeUndefined();
    expect(userSubject("", "alice")).toBeUndefined();
    expect(userSubject("acme", "a\nb")).toBeUndefined();
    expect(addressSubject("::ffff:1.2.3.4")).toBe("address:1.2.3.4");
    expect(addressSubject("1.2.3.4 port 22")).toBeUndefined();
  });

  test("has the number of its kind on the wire", () => {
    for (const kind of SUBJECT_KINDS) {
      const value = kind === "address" ? "1.2.3.4" : "r/n";
      const subject = parseSubject(`${kind}:${value}`);
      const name = kind.toUpperCase() as keyof typeof SubjectKind;
      expect(subject && wireSubjectKind(subject)).toBe(SubjectKind[name]);
    }
  });
});
