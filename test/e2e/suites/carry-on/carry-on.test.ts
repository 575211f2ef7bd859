// `up` dies, and the mesh carries on: its children end by themselves, and the next `up` on the same
// directory has another attacker and the same history.

import { describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { readRun } from "../../kit/run-json.ts";
import { kill, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;

describe.skipIf(!hasProc)("a mesh that goes on (needs /proc)", () => {
  it("loses nothing when up is killed, and has another attacker the next time", async () => {
    using stand = new Stand();
    const first = stand.start(["up", "--data", stand.data]);
    await first.says(STAYS_UP);
    kill(first.pid);
    await first.ended;
    await until(() => stand.processes().length === 0, 10_000, "its children have ended");

    // 1. What was decided can be exported and verified while the mesh is stopped.
    const file = `${stand.dir}/before.jsonl`;
    const exported = await stand.run("ledger", "export", "--data", stand.data, "--out", file);
    expect(exported.code, exported.stderr).toBe(0);
    const before = await verify(stand, file);

    // 2. The next one goes on where it was.
    const again = await stand.run("up", "--once", "--json", "--data", stand.data, "--seed", "2");
    const run = readRun(again, 3);
    expect(run.verdicts[0]?.subject).toBe("address:203.0.113.8");
    expect(run.verdicts[1]?.subject).not.toBe("user:local/iris");
    // Nobody joins again: attack, proposal, approvals, revocation, and the same for the lift.
    expect(run.ledger.entries).toBeGreaterThanOrEqual(before + 9);
    expect(await verify(stand, `${stand.data}/ledger.jsonl`)).toBe(run.ledger.entries);
    expect(stand.processes()).toEqual([]);
  }, 170_000);

  it("ends on Ctrl-C, passed on twice, and leaves no process", async () => {
    using stand = new Stand();
    const up = stand.start(["up", "--no-replay", "--data", stand.data]);
    await up.says(STAYS_UP);
    up.signal("SIGINT");
    up.signal("SIGINT");
    expect((await up.ended).code).toBe(0);
    expect(stand.processes()).toEqual([]);
  });
});

/** @returns the number of entries of an export that verifies. */
async function verify(stand: Stand, file: string): Promise<number> {
  const genesis = `${stand.data}/genesis.json`;
  const verified = await stand.run("ledger", "verify", file, "--genesis", genesis, "--json");
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  return (JSON.parse(verified.stdout) as { entries: number }).entries;
}
