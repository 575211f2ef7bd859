// The replayed lines are real ones: a sidecar's own parser understands each, sees the attacker, and
// nobody else.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReplayRecord, runReplay } from "@ostraka/sidecar/replay";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostLog } from "./host-log.ts";
import type { HeaderForm } from "./log-lines.ts";
import { attackerAddress, cutOffPerson, PEOPLE, TRIED_NAMES } from "./people.ts";
import { Random } from "./random.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-traffic-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe.each<HeaderForm>(["iso", "rfc3164"])("a host's log with %s times", (form) => {
  const replayed = async (path: string) => {
    const records: ReplayRecord[] = [];
    const source = { path, source: "auth-log" as const, year: new Date().getUTCFullYear() };
    const summary = await runReplay({ ...source, onRecord: (record) => records.push(record) });
    return { records, summary };
  };

  it("is understood line by line, and speaks against nobody while all are honest", async () => {
    const path = join(dir, "auth.log");
    const log = new HostLog("host-1", path, form, new Random(3));
    for (let i = 0; i < 200; i++) {
      const person = PEOPLE[i % PEOPLE.length] as (typeof PEOPLE)[number];
      log.login(person, i % 9 === 8);
      log.sudo(person, "/usr/bin/ls /root");
      log.logout(person);
      log.cron();
    }
    const { records, summary } = await replayed(path);
    expect([summary.lines, summary.parsed]).toEqual([log.lines, log.lines]);
    expect(records).toEqual([]);
  });

  it("makes an attacker among honest people be signalled within twenty guesses", async () => {
    const path = join(dir, "auth.log");
    const log = new HostLog("host-1", path, form, new Random(4));
    const address = attackerAddress(0);
    for (let i = 0; i < 20; i++) {
      log.login(PEOPLE[i % PEOPLE.length] as (typeof PEOPLE)[number], false);
      log.guess(address, TRIED_NAMES[i % TRIED_NAMES.length] as string);
    }
    const { records, summary } = await replayed(path);
    expect(summary.parsed).toBe(log.lines);
    const subjects = new Set(records.map(({ subject }) => subject));
    expect([...subjects]).toEqual([`address:${address}`]);
    expect(records.some(({ kind }) => kind === "signal")).toBe(true);
  });
});

describe("the people of the story", () => {
  it("give each run another attacker, 508 of them, none an honest address", () => {
    const addresses = Array.from({ length: 508 }, (_, run) => attackerAddress(run));
    expect(addresses.slice(0, 2)).toEqual(["203.0.113.7", "203.0.113.8"]);
    expect(addresses[248]).toBe("198.51.100.1");
    expect(new Set(addresses).size).toBe(508);
    expect(attackerAddress(508)).toBe("203.0.113.7");
  });

  it("cut off somebody else in the next run, and never one of those who must be served", () => {
    expect(cutOffPerson(0).user).not.toBe(cutOffPerson(1).user);
    const served = new Set(PEOPLE.map(({ user }) => user));
    for (let run = 0; run < 20; run++) expect(served.has(cutOffPerson(run).user)).toBe(false);
  });
});
