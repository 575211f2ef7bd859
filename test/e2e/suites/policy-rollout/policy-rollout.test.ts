// A policy's life with real processes: linted, tested by cases, signed by authors one after the
// other, rolled out over prepare and canary, active, taken back by a guardrail, taken back by hand,
// and the past replayed under it.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const AUTHORS = ["--as", "pia", "--as", "paul"];
const WAIT_MS = 60_000;

const CASES = `cases:
  - name: two racks cut off an address for two hours
    given:
      subject: address:203.0.113.7
      signals:
        - { host: a, domain: rack-1, evidenceMdb: 40000, at: 0s }
        - { host: b, domain: rack-2, evidenceMdb: 40000, at: 2m }
    expect: { verdict: revocation, rule: seen-on-two-hosts, stage: suspend, for: 2h }
  - name: one rack alone asks people
    given:
      subject: address:203.0.113.7
      signals: [{ host: a, domain: rack-1, evidenceMdb: 40000, at: 0s }]
    expect: { verdict: suggestion }
  - name: ending sessions everywhere takes both responders
    given:
      subject: user:local/mallory
      proposal: { by: olga, wish: revoke, stage: terminate, for: 1h }
      approvals: [ada, sam]
    expect: { verdict: none }
  - name: and with both it is done
    given:
      subject: user:local/mallory
      proposal: { by: olga, wish: revoke, stage: terminate, for: 1h }
      approvals: [ada, rui, sam]
    expect: { verdict: revocation, rule: kill-switch, stage: terminate }
`;

describe.skipIf(!hasProc)("a policy's life (needs /proc)", () => {
  const stand = new Stand();
  const path = (name: string) => join(stand.dir, name);
  const logs = ["host-1", "host-2"].map((host) => ({ host, file: path(`${host}.log`) }));
  let up: CliRun;
  let original = "";

  const ask = (...args: readonly string[]) => stand.ask(...args);
  const status = async () => (await ask("policy", "status", "--as", "pia")).lines[0] ?? {};
  const untilStatus = async (isSo: (seen: Record<string, unknown>) => boolean, what: string) => {
    let seen: Record<string, unknown> = {};
    await until(
      async () => {
        seen = await status();
        return isSo(seen);
      },
      WAIT_MS,
      what,
    );
    return seen;
  };
  /** The mesh's document with pieces of its text replaced. */
  const draft = (name: string, ...changes: readonly (readonly [from: string, to: string])[]) => {
    let yaml = original;
    for (const [from, to] of changes) {
      expect(yaml).toContain(from);
      yaml = yaml.replace(from, to);
    }
    writeFileSync(path(name), yaml);
    return path(name);
  };

  beforeAll(async () => {
    for (const { file } of logs) writeFileSync(file, "");
    const follow = logs.flatMap(({ host, file }) => ["--follow", `${host}=${file}`]);
    up = stand.start(["up", "--data", stand.data, "--no-replay", ...follow]);
    await up.says(STAYS_UP);
    original = readFileSync(join(stand.data, "policy.yaml"), "utf8");
  }, 120_000);
  afterAll(async () => {
    up.signal("SIGTERM");
    await up.ended;
    stand[Symbol.dispose]();
  }, 30_000);

  it("begins on the table: mistakes by line, cases, a difference in words", async () => {
    const bad = draft(
      "bad.yaml",
      ['stage == "terminate"', 'kind.matches("u.*")'],
      ["hosts: 2", "hosts: 1"],
    );
    const linted = await stand.run("policy", "lint", bad, "--data", stand.data);
    expect(linted.code).toBe(1);
    const lineOf = (text: string) =>
      readFileSync(bad, "utf8")
        .split("\n")
        .findIndex((line) => line.includes(text)) + 1;
    expect(linted.stdout).toContain(`bad.yaml:${lineOf("hosts: 1")}: signalRules[0].hosts`);
    expect(linted.stdout).toContain(`bad.yaml:${lineOf("matches")}: approvalRules[0].escalations`);
    const refused = await ask("policy", "publish", bad, ...AUTHORS);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("nothing was signed or sent");

    const good = draft("good.yaml", ["name: default", "name: longer"], ["for: 1h", "for: 2h"]);
    writeFileSync(path("good.test.yaml"), CASES);
    const tested = await ask("policy", "test", good);
    expect(tested.code, tested.stdout + tested.stderr).toBe(0);
    const old = await ask(
      "policy",
      "test",
      join(stand.data, "policy.yaml"),
      path("good.test.yaml"),
    );
    expect(old.code).toBe(1);
    expect(old.lines[0]).toMatchObject({ isMet: false, made: { ttlMs: 3_600_000 } });
    const diff = await stand.run("policy", "diff", good, "--as", "pia", "--data", stand.data);
    expect(diff.stdout.trim()).toBe(
      "easier  seen-on-two-hosts, how long it holds: 2 h instead of 1 h",
    );
  }, 60_000);

  it("is signed by one author after the other, and is nothing before both have", async () => {
    const [good, signed] = [path("good.yaml"), path("signed.json")];
    const publish = ["policy", "publish"];
    const first = [...publish, good, "--epoch", "2", "--sign-only", signed, "--as", "pia"];
    expect((await ask(...first)).code).toBe(0);
    const short = await ask(...publish, signed, "--as", "pia");
    expect(short.code).toBe(2);
    expect(short.stderr).toContain("needs 2 authors and has pia");
    const twice = await ask(...publish, signed, "--add-signature", "--as", "pia");
    expect(twice.code).toBe(1);
    const stranger = await ask(...publish, signed, "--add-signature", "--as", "olga");
    expect(stranger.code).toBe(2);
    expect((await ask(...publish, signed, "--add-signature", "--as", "paul")).code).toBe(0);
    const published = await ask(...publish, signed, "--as", "pia");
    expect(published.code, published.stderr).toBe(0);
    expect(published.lines[0]).toMatchObject({ epoch: 2, isActive: false });
    expect(await status()).toMatchObject({ activeEpoch: 1, newestEpoch: 2 });
    const again = await ask(...publish, path("good.yaml"), ...AUTHORS, "--epoch", "2");
    expect(again.stderr).toContain("epoch-not-next");
  }, 60_000);

  it("comes in by prepare, canary and activation, and every host follows", async () => {
    const rollout = ["policy", "rollout", "2", "--canary", "60%", "--bake", "3s", "--watch", "5m"];
    const ordered = await ask(...rollout, "--max-revocations", "1", ...AUTHORS);
    expect(ordered.code, ordered.stderr).toBe(0);
    const nobody = await ask("policy", "rollout", "2", "--canary-label", "a=b", ...AUTHORS);
    expect(nobody.stderr).toContain("no host has all of the labels a=b");
    const second = await ask(...rollout, ...AUTHORS);
    expect(second.stderr).toContain("rollout-running");
    const seen = await untilStatus(({ activeEpoch }) => activeEpoch === 2, "epoch 2 is active");
    expect(seen["changes"]).toMatchObject([
      { epoch: 2, step: "canary" },
      { epoch: 2, step: "active, watched" },
    ]);
    await untilStatus(
      ({ laggingHosts, unpreparedHosts }) =>
        [laggingHosts, unpreparedHosts].every((list) => Array.isArray(list) && list.length === 0),
      "no host lags",
    );
  }, 120_000);

  it("is taken back by itself when a guardrail is crossed, as a newer epoch", async () => {
    const time = () => new Date().toISOString().replace("Z", "000+00:00");
    for (const attacker of ["203.0.113.71", "203.0.113.72"]) {
      for (const { host, file } of logs) {
        for (let i = 0; i < 14; i++) {
          const line = `${time()} ${host} sshd[${4_000 + i}]: Failed password for invalid user `;
          appendFileSync(file, `${line}admin${i} from ${attacker} port ${40_000 + i} ssh2\n`);
        }
      }
    }
    const seen = await untilStatus(({ activeEpoch }) => activeEpoch === 3, "it was taken back");
    expect((seen["changes"] as unknown[]).at(-1)).toMatchObject({
      epoch: 2,
      step: "rolled back",
      restoredEpoch: 3,
    });
    const shown = await ask("policy", "show", "--as", "pia");
    expect(shown.lines[0]).toMatchObject({ epoch: 3, yaml: original });
    // What was decided under it stays decided, by the rule of its time.
    const verdicts = await ask("verdicts", "--as", "pia");
    expect(verdicts.lines).toHaveLength(2);
    await untilStatus(
      ({ laggingHosts }) => Array.isArray(laggingHosts) && laggingHosts.length === 0,
      "every host is on the restored epoch",
    );
  }, 120_000);

  it("can be replayed over the past: what a stricter one would not have done", async () => {
    const strict = draft("strict.yaml", ["hosts: 2", "hosts: 3"]);
    const replayed = await ask("policy", "replay", strict, "--as", "olga");
    expect(replayed.code, replayed.stderr).toBe(0);
    const changes = replayed.lines[0]?.["changes"] as { before?: object; after?: object }[];
    expect(changes).toHaveLength(2);
    expect(changes.every(({ before, after }) => before !== undefined && after === undefined)).toBe(
      true,
    );
    const asWas = await ask("policy", "replay", path("good.yaml"), "--as", "olga");
    expect(asWas.lines[0]).toMatchObject({ same: 2, changes: [] });
  }, 60_000);

  it("is activated directly, and taken back by hand", async () => {
    const direct = await ask("policy", "publish", path("good.yaml"), "--activate", ...AUTHORS);
    expect(direct.lines[0]).toMatchObject({ epoch: 4, isActive: true });
    const alone = await ask("policy", "rollback", "--as", "pia");
    expect(alone.code).toBe(2);
    const back = await ask("policy", "rollback", ...AUTHORS);
    expect(back.code, back.stderr).toBe(0);
    expect(back.lines[0]).toMatchObject({ epoch: 5, restored: 3 });
    const shown = await ask("policy", "show", "--as", "pia");
    expect(shown.lines[0]).toMatchObject({ epoch: 5, yaml: original });
    // All of it holds offline as well.
    const out = path("ledger.jsonl");
    expect((await ask("ledger", "export", "--out", out, "--as", "ada")).code).toBe(0);
    const verified = await ask("ledger", "verify", out);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  }, 60_000);
});
