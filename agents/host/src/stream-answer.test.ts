// Which answers about a stream count: those of a leader that a majority follows, and of no other.

import type { StreamInfo } from "nats";
import { describe, expect, test } from "vitest";
import { isFromLeader, placesOf } from "./stream-answer.ts";

interface Peer {
  readonly name: string;
  readonly activeMs: number;
  readonly offline?: boolean;
}

function infoOf(replicas: number, leader: string | undefined, peers: readonly Peer[]): StreamInfo {
  const listed = peers.map(({ name, activeMs, offline = false }) => ({
    ...{ name, offline, current: true, lag: 0 },
    active: activeMs * 1_000_000,
  }));
  const cluster = { name: "mesh", leader, replicas: listed };
  return { config: { num_replicas: replicas }, cluster } as unknown as StreamInfo;
}

const near = (name: string) => ({ name, activeMs: 900 });
const far = (name: string) => ({ name, activeMs: 4_000 });

describe("an answer about a stream", () => {
  test.each([
    ["a leader of three that hears both others", infoOf(3, "a", [near("b"), near("c")])],
    ["a leader of three that hears one other", infoOf(3, "a", [near("b"), far("c")])],
    [
      "a leader of five that hears two",
      infoOf(5, "a", ["b", "c"].map(near).concat(["d", "e"].map(far))),
    ],
    ["the only holder", infoOf(1, "a", [])],
    ["a server alone", { config: { num_replicas: 1 } } as StreamInfo],
  ])("counts from %s", (_who, info) => {
    expect(isFromLeader(info)).toBe(true);
  });

  test.each([
    ["a server without a leader", infoOf(3, undefined, [near("b"), near("c")])],
    ["a server whose leader is nobody", infoOf(3, "", [near("b"), near("c")])],
    ["a leader that was paused", infoOf(3, "a", [far("b"), far("c")])],
    ["a leader that names nobody", infoOf(3, "a", [])],
    ["a leader of five that hears one", infoOf(5, "a", [near("b"), ...["c", "d", "e"].map(far)])],
    [
      "a leader whose others are down",
      infoOf(
        3,
        "a",
        ["b", "c"].map((name) => ({ name, activeMs: 10, offline: true })),
      ),
    ],
  ])("does not count from %s", (_who, info) => {
    expect(isFromLeader(info)).toBe(false);
  });

  test("names who does not follow, in order", () => {
    expect(placesOf(infoOf(3, "a", [far("c"), near("b")]))).toEqual({
      replicas: 3,
      leader: "a",
      missing: ["c"],
    });
    expect(placesOf({ config: { num_replicas: 1 } } as StreamInfo)).toEqual({
      replicas: 1,
      leader: "",
      missing: [],
    });
  });
});
