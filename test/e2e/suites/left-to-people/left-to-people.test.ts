// What machines leave to people, with real processes: one host alone sees an attack, the window
// closes short, the suggestion waits with the evidence attached, people are told of it, take it up
// with their own consent, and the verdict stands with the hosts' signals inside its warrant.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const ATTACKER = "203.0.113.77";

describe.skipIf(!hasProc)("what one host alone has seen (needs /proc)", () => {
  const stand = new Stand();
  const log = join(stand.dir, "auth.log");
  let up: CliRun;
  const ask = (...args: readonly string[]) => stand.ask(...args);

  beforeAll(async () => {
    writeFileSync(log, "");
    up = stand.start(["up", "--data", stand.data, "--no-replay", "--follow", `host-1=${log}`]);
    await up.says(STAYS_UP);
    // The default policy with a window that a test can wait for, and a lighter consent beside
    // evidence.
    await stand.changePolicy((policy) => {
      policy.setIn(["signalRules", 0, "window"], "4s");
      policy.setIn(["approvalRules", 0, "withEvidence"], {
        hosts: 2,
        faultDomains: 2,
        lineMdb: 30_000,
        approvals: { group: "security", atLeast: 1 },
      });
    });
    const lint = await ask("policy", "lint", join(stand.dir, "policy.yaml"));
    expect(lint.code, lint.stdout + lint.stderr).toBe(0);
  }, 120_000);
  afterAll(async () => {
    up.signal("SIGTERM");
    await up.ended;
    stand[Symbol.dispose]();
  }, 30_000);

  it("becomes a suggestion when the window closes, and no verdict", async () => {
    const time = () => new Date().toISOString().replace("Z", "000+00:00");
    for (let i = 0; i < 14; i++) {
      const line = `${time()} host-1 sshd[${4_000 + i}]: Failed password for invalid user `;
      appendFileSync(log, `${line}admin${i} from ${ATTACKER} port ${40_000 + i} ssh2\n`);
    }
    let waiting: Record<string, unknown>[] = [];
    await until(
      async () => {
        waiting = (await ask("suggestions", "--as", "ada")).lines;
        return waiting.length > 0;
      },
      60_000,
      "a suggestion waits",
    );
    expect(waiting).toEqual([
      expect.objectContaining({
        subject: `address:${ATTACKER}`,
        stage: "suspend",
        why: "window-short",
        hosts: 1,
        against: 0,
      }),
    ]);
    const verdicts = await ask("verdicts", "--as", "ada");
    expect(verdicts.lines).toEqual([]);
  }, 90_000);

  it("is taken up by people, whose consent it needs in full: one host is no evidence", async () => {
    const [waiting] = (await ask("suggestions", "--as", "ada")).lines;
    const at = String(waiting?.["at"]);
    const gone = await ask("propose", "--from", "s:9999", "--reason", "x", "--as", "olga");
    expect(gone.code).toBe(1);
    const proposed = await ask("propose", "--from", at, "--reason", "guessing", "--as", "olga");
    expect(proposed.code, proposed.stderr).toBe(0);
    const id = String(proposed.lines[0]?.["id"]);
    const sheet = await stand.run(
      "proposal",
      "show",
      id.slice(0, 8),
      "--as",
      "sam",
      "--data",
      stand.data,
    );
    expect(sheet.stdout).toContain("signed by host-1");
    // Security alone would do beside two hosts' evidence; one host's is not enough.
    const one = await ask("approve", id, "--as", "sam", "--yes");
    expect(one.lines[0]).toMatchObject({ verdict: null });
    const two = await ask("approve", id, "--as", "ada", "--yes", "--wait");
    expect(two.code, two.stderr).toBe(0);
    const verdict = String(two.lines[0]?.["verdict"]);
    expect(two.lines.at(-1)).toMatchObject({ coverage: { expected: 3, got: 3 } });
    const explained = await stand.run("explain", verdict, "--as", "ada", "--data", stand.data);
    expect(explained.code, explained.stderr).toBe(0);
    expect(explained.stdout).toContain("host-1");
    // What it rests on holds offline as well.
    const out = join(stand.dir, "ledger.jsonl");
    expect((await ask("ledger", "export", "--out", out, "--as", "ada")).code).toBe(0);
    const verified = await ask("ledger", "verify", out);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    expect(existsSync(out)).toBe(true);
    expect(readFileSync(out, "utf8")).toContain('"kind":"entry"');
  }, 90_000);

  it("counts once: the same suggestion gives no second verdict", async () => {
    const waiting = (await ask("suggestions", "--as", "ada")).lines;
    const at = String(waiting[0]?.["at"]);
    expect(waiting).toHaveLength(1);
    const again = await ask("propose", "--from", at, "--reason", "again", "--as", "olga");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("spent");
  });
});
