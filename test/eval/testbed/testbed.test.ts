import { parseSubject } from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { ATTACK_KINDS } from "./attack.ts";
import { HOSTS } from "./company.ts";
import { openTestbed, type TestbedShape } from "./event-stream.ts";
import { figuresOf, median, NONE, type TestbedFigures } from "./figures.ts";
import type { HostEvent } from "./host-event.ts";
import { runTestbed } from "./run-testbed.ts";
import { ownEvents } from "./tally.ts";

const SHAPE: TestbedShape = { seed: 1, people: 60, quietDays: 14, each: 1 };

describe("the testbed's stream", () => {
  let events: HostEvent[] = [];
  const testbed = openTestbed(SHAPE);
  beforeAll(() => {
    events = [...testbed.events()];
  });

  it("is the same for the same seed, twice from one testbed too, and another for another", () => {
    const words = (stream: Iterable<HostEvent>) => JSON.stringify([...stream].slice(0, 5_000));
    expect(words(testbed.events())).toBe(words(events));
    expect(words(openTestbed(SHAPE).events())).toBe(words(events));
    expect(words(openTestbed({ ...SHAPE, seed: 2 }).events())).not.toBe(words(events));
  });

  it("runs in event time, over every host, with ids of its own for each event", () => {
    const times = events.map(({ event }) => event.timeMs);
    expect(times.every((timeMs, i) => i === 0 || timeMs >= (times[i - 1] as number))).toBe(true);
    expect(new Set(events.map(({ event }) => event.id)).size).toBe(events.length);
    expect(new Set(events.map(({ host }) => host)).size).toBe(HOSTS);
  });

  it("names subjects in their one canonical form", () => {
    const named = events.flatMap(({ event: { account, address, session } }) => [
      account,
      address,
      ...(session === undefined ? [] : [session]),
    ]);
    for (const subject of new Set(named)) expect(parseSubject(subject as string)).toBe(subject);
  });

  it("holds attacks of every kind, each after the quiet days, and honest work beside them", () => {
    expect(testbed.attacks.map(({ kind }) => kind)).toEqual([...ATTACK_KINDS]);
    const firstMs = events[0]?.event.timeMs as number;
    for (const { kind, number, events: all } of testbed.attacks) {
      const own = ownEvents(all);
      expect.soft(own.length, kind).toBeGreaterThan(20);
      expect.soft(own[0]?.event.timeMs, kind).toBeGreaterThan(firstMs + 13 * 86_400_000);
      const streamed = events.filter((e) => e.attack === number);
      expect.soft(streamed.length, kind).toBe(own.length);
    }
    const labelled = events.filter(({ attack }) => attack !== undefined).length;
    expect(labelled / events.length).toBeLessThan(0.2);
  });

  it("keeps honest people inside the declared class: of retries at most 35 % fail", () => {
    const failedAt = new Map<string, boolean>();
    let [retries, failed] = [0, 0];
    for (const { host, event, attack } of events) {
      if (attack !== undefined || !event.kind.startsWith("login")) continue;
      const place = `${host} ${event.address}`;
      const hasFailed = event.kind === "login-failed";
      if (failedAt.get(place)) {
        retries++;
        if (hasFailed) failed++;
      }
      failedAt.set(place, hasFailed);
    }
    expect(retries).toBeGreaterThan(100);
    expect(failed / retries).toBeLessThan(0.3);
  });

  it("shows no label to who reads the event", () => {
    for (const { event } of events) expect("attack" in event).toBe(false);
  });
});

describe("the mesh on the testbed", () => {
  let figures: TestbedFigures;
  beforeAll(() => {
    figures = figuresOf([runTestbed(SHAPE)], 1);
  }, 120_000);

  it("signals and revokes who guesses at many hosts, quickly or slowly", () => {
    for (const kind of ["passwordSpraying", "lowAndSlow"] as const) {
      const { signalled, quorum, eventsToSignal, eventsToQuorum } = figures.attacks[kind];
      expect([kind, signalled, quorum]).toEqual([kind, 1, 1]);
      expect(eventsToSignal).toBeGreaterThan(1);
      expect(eventsToQuorum).toBeGreaterThanOrEqual(eventsToSignal);
    }
  });

  it("cuts off more of an attack than the best host alone", () => {
    expect(figures.meshGain).toBeGreaterThan(2);
  });

  it("keeps to the budget, and revokes nobody honest", () => {
    expect(figures.subjectDays).toBeGreaterThan(10_000);
    expect(figures.honestSignalledPer10000).toBeLessThanOrEqual(figures.budget);
    expect(figures.honestRevokedPer10000).toBe(0);
  });
});

describe("a median", () => {
  it("is the middle, between the two middles, or none", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NONE]);
  });
});
