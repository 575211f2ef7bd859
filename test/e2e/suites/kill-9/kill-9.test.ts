// kill -9 of any one process at any moment loses no verdict that was answered OK, and makes none
// twice. Moments and victims are seeded; the narrowest one, between a coordinator's commit and its
// publishing, is hit exactly.

import { describe, expect, it } from "vitest";
import { effectsOf, verdictIdsOf } from "../../kit/exported.ts";
import { hasProc, type SeenProcess } from "../../kit/processes.ts";
import { readRun } from "../../kit/run-json.ts";
import { type CliRun, kill, Stand } from "../../kit/up-run.ts";

const STORY_MS = 170_000;

const VICTIMS: readonly ((stand: Stand) => SeenProcess | undefined)[] = [
  (stand) => stand.find("coordinator", "coordinator-1"),
  (stand) => stand.find("sidecar", "host-1"),
  (stand) => stand.natsServer(),
  (stand) => stand.find("sidecar", "host-3"),
  (stand) => stand.find("nats-process.ts"),
  (stand) => stand.find("service-process.ts", "host-2"),
];

/** Moments of the story, by what was just said. */
const MOMENTS = [
  /guesses passwords/,
  /host-1 sees it/,
  /It goes on to/,
  /host-2 sees it/,
  /the warrant is complete/,
  /proposes to suspend/,
  /ada approves/,
  /sealed: entry c:/,
  /proposes the lift/,
  /Anyone can check/,
] as const;

describe.skipIf(!hasProc)("kill -9 during up (needs /proc)", () => {
  it.each([1, 2, 3, 4, 6])(
    "loses nothing, whoever is killed at the moments of seed %i",
    async (seed) => {
      using stand = new Stand();
      const up = stand.start(["up", "--once", "--json", "--data", stand.data, "--seed", `${seed}`]);
      const [killed, ended] = await Promise.all([killAt(stand, up, seed), up.ended]);
      const run = readRun(ended, 3);
      expect(killed).toBeGreaterThan(0);
      expect(up.stderr).toMatch(/ended \(.*\); starting it again/);
      const effects = effectsOf(`${stand.data}/ledger.jsonl`);
      // Each wish entered once: two proposals with two approvals each, and what they made.
      expect(effects.filter((effect) => effect === "proposal")).toHaveLength(2);
      expect(effects.filter((effect) => effect === "approval")).toHaveLength(4);
      expect(effects.filter((effect) => effect === "lift")).toHaveLength(1);
      const entered = verdictIdsOf(`${stand.data}/ledger.jsonl`);
      expect(entered.sort()).toEqual(run.verdicts.map(({ id }) => id).sort());
      expect(stand.processes()).toEqual([]);
    },
    STORY_MS,
  );

  it(
    "enters a verdict once when its coordinator dies between commit and publishing",
    async () => {
      using stand = new Stand();
      // A new mesh begins with ten entries; from the twelfth on it is people who are heard, with a
      // certificate of coverage or a probe in between.
      const env = { NODE_ENV: "test", OSTRAKA_CRASH_AT: "publish:13" };
      const up = stand.start(["up", "--once", "--json", "--data", stand.data], env);
      const run = readRun(await up.ended, 3);
      expect(up.stderr).toMatch(/coordinator-1 ended \(SIGKILL\); starting it again/);
      const effects = effectsOf(`${stand.data}/ledger.jsonl`);
      const count = (effect: string) => effects.filter((each) => each === effect).length;
      // By machines and by people, one each; asked for and lifted once.
      expect([count("revocation"), count("lift")]).toEqual([2, 1]);
      expect([count("proposal"), count("approval")]).toEqual([2, 4]);
      expect(run.verdicts).toHaveLength(3);
      expect(stand.processes()).toEqual([]);
    },
    STORY_MS,
  );
});

describe.skipIf(!hasProc)("a command in flight (needs /proc)", () => {
  it(
    "ends UNKNOWN with its id, and sending it again makes no second entry",
    async () => {
      using stand = new Stand();
      const up = stand.start(["up", "--no-replay", "--data", stand.data]);
      await up.says(/The mesh stays up/);
      const nats = stand.natsServer()?.pid as number;
      const propose = (timeout: string, reason: string) =>
        stand.start([
          ...["propose", "user:local/zoe", "--stage", "suspend", "--ttl", "10m"],
          ...["--reason", reason, "--as", "olga", "--timeout", timeout, "--data", stand.data],
        ]);

      // 1. NATS accepts and does not answer: nobody can know what became of it.
      kill(nats, "SIGSTOP");
      const unknown = await propose("3s", "first").ended;
      expect(unknown.code, unknown.stderr).toBe(4);
      expect(unknown.stderr).toMatch(/[0-9a-f]{64}/);
      kill(nats, "SIGCONT");

      // 2. The coordinator dies with the call; the command goes on by itself until it is known.
      kill(nats, "SIGSTOP");
      const known = propose("60s", "second");
      await known.says(/waiting: /);
      kill(stand.find("coordinator", "coordinator-1")?.pid as number);
      kill(nats, "SIGCONT");
      expect((await known.ended).code, known.stderr).toBe(0);

      const file = `${stand.dir}/ledger.jsonl`;
      const exported = await stand.run("ledger", "export", "--data", stand.data, "--out", file);
      expect(exported.code, exported.stderr).toBe(0);
      const proposals = effectsOf(file).filter((effect) => effect === "proposal");
      // The second is there once; the first came through once or not at all.
      expect([1, 2]).toContain(proposals.length);
      up.signal("SIGTERM");
      expect((await up.ended).code).toBe(0);
      expect(stand.processes()).toEqual([]);
    },
    STORY_MS,
  );
});

/** Kills one victim at each of two moments. @returns how many it hit. */
async function killAt(stand: Stand, up: CliRun, seed: number): Promise<number> {
  let hits = 0;
  for (const step of [0, 1]) {
    // One kill in the first half of the story, one in the second.
    const half = MOMENTS.length / 2;
    const moment = MOMENTS[half * step + ((seed * (2 + step)) % half)] as RegExp;
    const victim = VICTIMS[(seed + 2 * step) % VICTIMS.length] as (typeof VICTIMS)[number];
    await up.says(moment);
    const process = victim(stand);
    if (process === undefined) continue;
    kill(process.pid);
    hits++;
  }
  return hits;
}
