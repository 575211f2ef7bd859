// A journal deleted from a real NATS server, as an operator meets it: status says what is damaged
// and the exact command, the command opens the next generation, and a person can be cut off again.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inboxPrefix, loadKeyFile } from "@ostraka/host";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, type Ended, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const WISH = ["--stage", "suspend", "--ttl", "10m", "--reason", "test", "--yes", "--unseen"];

describe.skipIf(!hasProc)("a journal that was deleted (needs /proc)", () => {
  let stand: Stand;
  let up: CliRun;
  let nats: NatsConnection | undefined;
  beforeAll(async () => {
    stand = new Stand();
    up = stand.start(["up", "--data", stand.data]);
    await up.says(STAYS_UP);
  }, 120_000);
  afterAll(async () => {
    await nats?.close();
    up?.signal("SIGINT");
    await up?.ended;
    stand?.[Symbol.dispose]();
  });

  const run = (...args: readonly string[]): Promise<Ended> =>
    stand.run(...args, "--data", stand.data);
  const ok = async (...args: readonly string[]): Promise<string> => {
    const ended = await run(...args);
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    return ended.stdout;
  };

  /** Somebody with a coordinator's credentials at the broker. */
  async function intruder(): Promise<NatsConnection> {
    const folder = join(stand.data, "coordinators", "coordinator-1");
    const mesh = JSON.parse(readFileSync(join(stand.data, "mesh.json"), "utf8"));
    const { publicKey } = loadKeyFile(join(folder, "signing.pem"));
    nats = await connect({
      servers: mesh.nats,
      tls: { caFile: join(stand.data, "ca", "ca.pem") },
      authenticator: credsAuthenticator(readFileSync(join(folder, "nats.creds"))),
      inboxPrefix: inboxPrefix(publicKey),
    });
    return nats;
  }

  it("is refused a repair while it is whole", async () => {
    const whole = await run("journal", "repair", "--ledger", "control", "--as", "olga");
    expect(whole.code).not.toBe(0);
    expect(whole.stderr).toContain("nothing to repair");
    expect(await ok("journal", "status")).toMatch(/control.*whole/);
  }, 30_000);

  it("is named by status with the command, and repaired by it", async () => {
    const { streams } = await (await intruder()).jetstreamManager();
    const names = await streams.names().next();
    await streams.delete(names.find((name) => name.endsWith("_CONTROL")) as string);
    let said = "";
    const isNamed = async () => {
      said = (await run("status")).stdout;
      return said.includes("JOURNAL_DAMAGED");
    };
    await until(isNamed, 10_000, "status names it");
    expect(said).toContain("ostraka journal repair --ledger control --as OPERATOR");
    expect(await ok("journal", "status")).toMatch(/control.*DAMAGED: journal ends at c:0/);

    const repaired = await run("journal", "repair", "--ledger", "control", "--as", "olga");
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(repaired.stdout).toContain("generation 2 of the control journal is open");
    expect(repaired.stdout).toMatch(/kept: everything up to c:\d+/);
    expect(await ok("journal", "status")).toMatch(/control\t2\/c:\d+.*whole/);

    await ok("propose", "user:local/zoe", ...WISH, "--as", "olga");
    expect(await ok("ledger", "tail")).toContain("opening");
    await ok("ledger", "export", "--out", join(stand.dir, "export.jsonl"));
    await ok("ledger", "verify", join(stand.dir, "export.jsonl"));
  }, 90_000);
});
