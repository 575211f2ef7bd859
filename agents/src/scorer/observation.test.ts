import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { hashText, networkHashOf, openObservation, readEvent } from "./observation.ts";

const EVENT: Event = {
  id: "1",
  timeMs: Date.UTC(1970, 0, 1, 5),
  kind: "activity",
  service: "aws",
  account: "user:acme/alice" as SubjectText,
  count: 1,
};

function read(rest: Partial<Event>) {
  const seen = openObservation();
  const isRead = readEvent({ ...EVENT, ...rest }, seen);
  return { isRead, seen };
}

describe("what is seen of an event", () => {
  test("is an act of an account, or nothing when no account acted", () => {
    expect(read({}).seen).toMatchObject({ outcome: "acted", isRefused: false, hourOfWeek: 5 });
    const { account: _, ...nobody } = EVENT;
    expect(readEvent(nobody, openObservation())).toBe(false);
    expect(read({ kind: "service-notice" }).isRead).toBe(false);
    expect(read({ kind: "account-changed" }).isRead).toBe(false);
  });

  test("numbers out of their range are unknown, and a place has both its degrees or none", () => {
    const wild = {
      sizeBytes: -1,
      durationMs: Number.POSITIVE_INFINITY,
      latitude: 91,
      longitude: 0,
    };
    const { seen } = read(wild);
    for (const value of [seen.sizeBytes, seen.durationMs, seen.latitude, seen.longitude]) {
      expect(value).toBeNaN();
    }
    expect(read({ latitude: 52.5 }).seen.latitude).toBeNaN();
    expect(read({ sizeBytes: Number.NaN }).seen.sizeBytes).toBeNaN();
    expect(read({ latitude: 52.5, longitude: 13.4, sizeBytes: 0 }).seen).toMatchObject({
      latitude: 52.5,
      longitude: 13.4,
      sizeBytes: 0,
    });
  });

  test("nothing of the event before it stays behind", () => {
    const seen = openObservation();
    readEvent({ ...EVENT, action: "a", userAgent: "b", isDeviceManaged: false }, seen);
    expect(seen).toMatchObject({ actionHash: hashText("a"), posture: -1 });
    readEvent(EVENT, seen);
    expect(seen).toMatchObject({ actionHash: 0, agentHash: 0, posture: 0 });
  });

  test("a text of a megabyte is read in its first 512 characters and its length", () => {
    const long = "x".repeat(1_000_000);
    expect(hashText(`${long}a`)).toBe(hashText(`${long}b`));
    expect(hashText(long)).not.toBe(hashText(`${long}a`));
    expect(hashText("x".repeat(512))).not.toBe(hashText(`${"x".repeat(511)}y`));
  });
});

describe("the network of an address", () => {
  const hashOf = (address: string) => networkHashOf(`address:${address}`);

  test("is its /24 of IPv4", () => {
    expect(hashOf("203.0.113.7")).toBe(hashOf("203.0.113.250"));
    expect(hashOf("203.0.113.7")).not.toBe(hashOf("203.0.11.37"));
  });

  test("is its /48 of IPv6, however its zeros are written", () => {
    expect(hashOf("2001:db8:1::1")).toBe(hashOf("2001:db8:1:2:3:4:5:6"));
    expect(hashOf("2001:db8::1")).toBe(hashOf("2001:db8:0:9::"));
    expect(hashOf("2001:db8::1")).not.toBe(hashOf("2001:db8:1::1"));
    expect(hashOf("::1")).toBe(hashOf("::2"));
    expect(hashOf("1::2:3:4:5:6:7")).toBe(hashOf("1:0:2:9::"));
  });
});
