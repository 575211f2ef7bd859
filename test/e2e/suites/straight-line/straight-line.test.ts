// What a new user sees: one command, from a real event to a proven cut-off, in separate processes.

import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hasProc, LOOPBACK, listeningOn } from "../../kit/processes.ts";
import { readRun } from "../../kit/run-json.ts";
import { Stand } from "../../kit/up-run.ts";

describe.skipIf(!hasProc)("up --once --json (needs /proc)", () => {
  it("cuts an attacker off, pulls a kill switch and lifts it, and leaves nothing behind", async () => {
    using stand = new Stand();
    const run = readRun(await stand.run("up", "--once", "--json"), 3);
    expect(run.seed).toBe(1);
    expect(run.verdicts[0]?.subject).toBe("address:203.0.113.7");
    expect(stand.processes()).toEqual([]);
    expect(readdirSync(stand.tmp)).toEqual([]);
  });

  it("does the same with three coordinators, listening on this machine only", async () => {
    using stand = new Stand();
    const up = stand.start(["up", "--once", "--json", "--coordinators", "3", "--seed", "9"]);
    await up.says(/guesses passwords/);
    const processes = stand.processes();
    const listening = processes.flatMap(({ pid }) => listeningOn(pid));
    const run = readRun(await up.ended, 3);
    expect(run.seed).toBe(9);
    expect(processes.filter(({ args }) => args.includes("coordinator"))).toHaveLength(3);
    expect(processes.filter(({ args }) => args.includes("sidecar"))).toHaveLength(3);
    expect(new Set(listening)).toEqual(new Set([LOOPBACK]));
    // Two for each coordinator, a gate, an explanation and a service for each host, and NATS.
    expect(listening).toHaveLength(3 * 2 + 3 * 3 + 1);
    expect(stand.processes()).toEqual([]);
  });
});
