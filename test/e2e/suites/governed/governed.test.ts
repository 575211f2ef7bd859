// The governor, with real processes: machines act by themselves as often as the policy lets them
// and no more, never against a break-glass identity, and what they may not do waits for people with
// its evidence. While hosts flood the mesh with signals, people's kill switch goes through.

import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const BURST = 2;
const BREAK_GLASS = "203.0.113.250";
const ATTACKERS = ["203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.14"];
/** Signals of so many further sources from each of two hosts. */
const FLOOD = 300;

describe.skipIf(!hasProc)("a mesh whose machines are bounded (needs /proc)", () => {
  const stand = new Stand();
  const logs = ["host-1", "host-2"].map((host) => ({
    host,
    path: join(stand.dir, `${host}.log`),
  }));
  let up: CliRun;
  let pid = 1_000;
  const ask = (...args: readonly string[]) => stand.ask(...args);
  /** Guesses of sources at both hosts, as sshd would log them. */
  const attack = (addresses: readonly string[]) => {
    const time = new Date().toISOString().replace("Z", "000+00:00");
    for (const { host, path } of logs) {
      const lines = addresses.flatMap((address) =>
        Array.from(
          { length: 14 },
          (_, i) =>
            `${time} ${host} sshd[${pid++}]: Failed password for invalid user admin${i} ` +
            `from ${address} port ${40_000 + i} ssh2\n`,
        ),
      );
      appendFileSync(path, lines.join(""));
    }
  };
  const cutOff = async () => {
    const { lines } = await ask("verdicts", "--as", "ada");
    return lines.map((line) => String(line["subject"])).sort();
  };
  const waiting = async () => (await ask("suggestions", "--as", "ada")).lines;

  beforeAll(async () => {
    for (const { path } of logs) writeFileSync(path, "");
    const follow = logs.flatMap(({ host, path }) => ["--follow", `${host}=${path}`]);
    up = stand.start(["up", "--data", stand.data, "--no-replay", ...follow]);
    await up.says(STAYS_UP);
    await stand.changePolicy((policy) => {
      policy.setIn(["governor"], {
        overall: { burst: BURST, refill: "24h" },
        breakGlass: [`address:${BREAK_GLASS}`],
      });
    });
  }, 120_000);
  afterAll(async () => {
    up.signal("SIGTERM");
    await up.ended;
    stand[Symbol.dispose]();
  }, 30_000);

  it("never lets machines cut off a break-glass identity: people are asked", async () => {
    attack([BREAK_GLASS]);
    await until(async () => (await waiting()).length > 0, 60_000, "a suggestion waits");
    expect(await waiting()).toEqual([
      expect.objectContaining({ subject: `address:${BREAK_GLASS}`, why: "break-glass", hosts: 2 }),
    ]);
    expect(await cutOff()).toEqual([]);
  }, 90_000);

  it("lets machines act as often as the policy says, and the rest waits with its evidence", async () => {
    attack(ATTACKERS);
    const held = async () => (await waiting()).filter(({ why }) => why === "governor");
    await until(
      async () => (await held()).length >= ATTACKERS.length - BURST,
      60_000,
      "what is over the bound waits for people",
    );
    const cut = await cutOff();
    expect(cut).toHaveLength(BURST);
    const left = (await held()).map(({ subject }) => String(subject));
    const all = ATTACKERS.map((address) => `address:${address}`);
    expect([...cut, ...left].sort()).toEqual(all);
    for (const suggestion of await held()) expect(suggestion).toMatchObject({ hosts: 2 });
  }, 90_000);

  it("lets people's kill switch through while hosts flood the mesh, and no machine's verdict", async () => {
    const [first] = (await waiting()).filter(({ why }) => why === "governor");
    const subject = String(first?.["subject"]);
    for (let n = 0; n < FLOOD; n += 50) {
      attack(
        Array.from({ length: 50 }, (_, i) => `198.51.${100 + ((n + i) >> 8)}.${(n + i) & 255}`),
      );
    }
    const from = String(first?.["at"]);
    const proposed = await ask("propose", "--from", from, "--reason", "flood", "--as", "olga");
    expect(proposed.code, proposed.stderr).toBe(0);
    const id = String(proposed.lines[0]?.["id"]);
    let decided: Record<string, unknown> | undefined;
    for (const approver of ["ada", "sam"]) {
      const approved = await ask("approve", id, "--as", approver, "--yes", "--wait");
      expect(approved.code, approved.stderr).toBe(0);
      decided = approved.lines.at(-1);
      if (approved.lines.some(({ verdict }) => typeof verdict === "string")) break;
    }
    expect(decided).toMatchObject({ coverage: { expected: 3, got: 3 } });
    expect(await cutOff()).toContain(subject);
    // The flood is taken to its end, and machines have made nothing of it.
    await until(
      async () => (await waiting()).length >= 200,
      120_000,
      "the flood's warrants wait for people",
    );
    expect(await cutOff()).toHaveLength(BURST + 1);
  }, 240_000);
});
