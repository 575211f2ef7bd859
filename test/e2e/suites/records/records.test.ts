// A sidecar over a cloud's audit log, with real processes: a record becomes an event, a starter
// rule hits, the account's evidence crosses the line on two hosts, the mesh suspends it by quorum,
// its next request is refused on a host that saw nothing, and the explanation names the rule.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const SEEING = ["host-1", "host-2"];

describe.skipIf(!hasProc)("hosts that read a cloud's audit log (needs /proc)", () => {
  const stand = new Stand();
  const trailOf = (host: string) => join(stand.dir, `${host}-trail.json`);
  let up: CliRun;
  const ask = (...args: readonly string[]) => stand.ask(...args);
  const record = (eventName: string, userName: string, more: object = {}) =>
    `${JSON.stringify({
      eventVersion: "1.08",
      eventID: `${eventName}-${userName}-${Math.random()}`,
      eventTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      eventSource: "cloudtrail.amazonaws.com",
      eventName,
      awsRegion: "eu-central-1",
      sourceIPAddress: "198.51.100.20",
      userAgent: "aws-cli/2.15",
      userIdentity: {
        type: "IAMUser",
        userName,
        accountId: "111122223333",
        arn: `arn:aws:iam::111122223333:user/${userName}`,
      },
      requestParameters: { name: "organization-trail" },
      ...more,
    })}\n`;
  const refuses = (host: string, user: string) => stand.isRefusedAt(host, "192.0.2.77", user);

  beforeAll(async () => {
    const made = await stand.run("up", "--once", "--no-replay", "--data", stand.data);
    expect(made.code, made.stdout + made.stderr).toBe(0);
    for (const host of SEEING) {
      writeFileSync(trailOf(host), "");
      const path = join(stand.data, "hosts", host, "config.yaml");
      const config = parseDocument(readFileSync(path, "utf8"));
      const source = { type: "file", path: trailOf(host), format: "aws.cloudtrail" };
      config.addIn(["sources"], source);
      config.set("rules", ["starter"]);
      writeFileSync(path, config.toString());
    }
    up = stand.start(["up", "--data", stand.data, "--no-replay"]);
    await up.says(STAYS_UP);
    await stand.changePolicy((policy) => {
      policy.setIn(["signalRules", 0, "kinds"], ["address", "user"]);
    });
  }, 180_000);
  afterAll(async () => {
    up.signal("SIGTERM");
    await up.ended;
    stand[Symbol.dispose]();
  }, 30_000);

  it("leave alone who does everyday things, and suspend who blinds the log, by quorum", async () => {
    for (const host of SEEING) {
      for (let n = 0; n < 40; n++) appendFileSync(trailOf(host), record("DescribeTrails", "alice"));
      appendFileSync(trailOf(host), record("StopLogging", "mallory"));
    }
    let verdicts: Record<string, unknown>[] = [];
    await until(
      async () => {
        verdicts = (await ask("verdicts", "--as", "ada")).lines;
        return verdicts.length > 0;
      },
      60_000,
      "the quorum decides",
    );
    expect(verdicts).toEqual([
      expect.objectContaining({ subject: expect.stringMatching(/^user:.*mallory$/), hosts: 2 }),
    ]);
  }, 120_000);

  it("explain it from the refused request to the rule, in words", async () => {
    const [verdict] = (await ask("verdicts", "--as", "ada")).lines;
    const told = await stand.run(
      ...["explain", String(verdict?.["id"]), "--as", "ada", "--data", stand.data],
    );
    expect(told.code, told.stderr).toBe(0);
    expect(told.stdout).toContain("host-1");
    expect(told.stdout).toContain("rule-hits");
    // Nothing of the record itself has left the host (I9).
    expect(told.stdout).not.toContain("organization-trail");
    const user = String(verdict?.["subject"]).replace(/^user:[^/]*\//, "");
    expect(user).toContain("mallory");
    // host-3 reads no audit log: it enforces what the two others saw.
    await until(() => refuses("host-3", user), 20_000, "host-3 refuses it");
    expect(await refuses("host-3", user.replace("mallory", "alice"))).toBe(false);
  }, 60_000);
});
