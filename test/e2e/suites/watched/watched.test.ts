// What the mesh says by itself, with real processes: that a kill switch would get through, who
// waits for whom (to a program that was named), how far a staged verdict has widened, that it halts
// where hosts fail, and which hosts have proven a verdict, certified on the ledger.

import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, kill, Stand, until } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const HOSTS = ["host-1", "host-2", "host-3"];
const EVERY_S = 25;

describe.skipIf(!hasProc)("a mesh that is watched (needs /proc)", () => {
  const stand = new Stand();
  const told = join(stand.dir, "told.jsonl");
  let up: CliRun;
  const ask = (...args: readonly string[]) => stand.ask(...args);
  const notices = () =>
    (existsSync(told) ? readFileSync(told, "utf8") : "")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { kind: string; text: string });
  const refusing = async (hosts: readonly string[], address: string) => {
    const answers = await Promise.all(hosts.map((host) => stand.isRefusedAt(host, address)));
    return hosts.filter((_, i) => answers[i]);
  };
  const killSwitch = async (address: string, ...more: readonly string[]) => {
    const proposed = await ask(
      ...["propose", `address:${address}`, "--stage", "suspend", "--ttl", "30m"],
      ...["--reason", "guessing", "--as", "olga", "--unseen", ...more],
    );
    expect(proposed.code, proposed.stderr).toBe(0);
    const id = String(proposed.lines[0]?.["id"]);
    for (const approver of ["ada", "sam"]) {
      const approved = await ask("approve", id, "--as", approver, "--yes");
      expect(approved.code, approved.stderr).toBe(0);
      const { verdict } = approved.lines[0] as { verdict: string | null };
      if (verdict !== null) return { id, verdict };
    }
    throw new Error("nobody decided");
  };

  beforeAll(async () => {
    expect((await stand.run("init", "--data", stand.data)).code).toBe(0);
    const page = join(stand.dir, "page.mjs");
    writeFileSync(
      page,
      `import { appendFileSync, readFileSync } from "node:fs";
       appendFileSync(${JSON.stringify(told)}, readFileSync(0, "utf8"));`,
    );
    chmodSync(page, 0o700);
    const config = join(stand.data, "coordinators", "coordinator-1", "config.yaml");
    const command = JSON.stringify([process.execPath, page]);
    appendFileSync(config, `probeSeconds: 10\nnotify:\n  exec: ${command}\n`);
    up = stand.start(["up", "--data", stand.data, "--no-replay"]);
    await up.says(STAYS_UP);
  }, 120_000);
  afterAll(async () => {
    up.signal("SIGTERM");
    await up.ended;
    stand[Symbol.dispose]();
  }, 30_000);

  it("probes itself and says that a kill switch would get through", async () => {
    let status: Record<string, unknown> | undefined;
    await until(
      async () => {
        [status] = (await ask("status", "--as", "ada")).lines;
        return /yes \(last probe .*3 of 3 hosts/.test(JSON.stringify(status));
      },
      90_000,
      "a probe has come through",
    );
  }, 120_000);

  it("tells people who waits for them, by id and without a name", async () => {
    const { id } = await killSwitch("203.0.113.91");
    await until(() => notices().some((n) => n.kind === "proposal-waits"), 20_000, "it is told");
    const notice = notices().find((n) => n.kind === "proposal-waits");
    expect(notice?.text).toContain(id);
    expect(readFileSync(told, "utf8")).not.toContain("203.0.113.91");
  }, 60_000);

  it("certifies on the ledger that every host has proven a verdict", async () => {
    const { verdict } = await killSwitch("203.0.113.92");
    let certificates: Record<string, unknown>[] = [];
    await until(
      async () => {
        const found = await ask("ledger", "query", "--kind", "coverage", "--as", "ada");
        certificates = found.lines.filter((line) =>
          JSON.stringify(line).includes(verdict.slice(0, 16)),
        );
        return certificates.length > 0;
      },
      60_000,
      "a coverage certificate stands",
    );
    expect(await refusing(HOSTS, "203.0.113.92")).toEqual(HOSTS);
    const proof = join(stand.dir, "proof.json");
    const proven = await ask("ledger", "prove", verdict, "--out", proof, "--as", "ada");
    expect(proven.code, proven.stderr).toBe(0);
    const checked = await ask("ledger", "prove", "--check", proof);
    expect(checked.code, checked.stdout + checked.stderr).toBe(0);
  }, 120_000);

  it("decides, records and shows a dry run, and enforces nothing", async () => {
    const { verdict } = await killSwitch("203.0.113.93", "--dry-run");
    const shown = await ask("verdicts", "--as", "ada");
    expect(shown.lines.map((line) => line["id"])).toContain(verdict);
    expect(await refusing(HOSTS, "203.0.113.93")).toEqual([]);
  }, 60_000);

  it("widens a canary by steps, every host by itself", async () => {
    // A share of a host depends on the verdict: an address whose first step leaves somebody out.
    let address = "";
    let first: string[] = [];
    for (let n = 100; n < 110 && (first.length === 0 || first.length === 3); n++) {
      address = `203.0.113.${n}`;
      await killSwitch(address, "--canary", "50%", "--every", `${EVERY_S}s`);
      first = await refusing(HOSTS, address);
    }
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(3);
    await until(
      async () => (await refusing(HOSTS, address)).length === 3,
      (EVERY_S + 30) * 1_000,
      "all enforce it",
    );
  }, 180_000);

  it("halts a canary by itself where a host of its step does not follow", async () => {
    const host = stand.find("sidecar", "hosts/host-2");
    if (host === undefined) throw new Error("no host-2");
    kill(host.pid, "SIGSTOP");
    const { verdict } = await killSwitch(
      ...(["203.0.113.111", "--canary", "99.9%", "--every", `${EVERY_S}s`] as [
        string,
        ...string[],
      ]),
    );
    let halts: Record<string, unknown>[] = [];
    await until(
      async () => {
        const found = await ask("ledger", "query", "--kind", "halt", "--as", "ada");
        halts = found.lines.filter((line) => JSON.stringify(line).includes(verdict.slice(0, 16)));
        return halts.length > 0;
      },
      (EVERY_S + 30) * 1_000,
      "it halts",
    );
    await until(() => notices().some((n) => n.kind === "widening-halted"), 20_000, "it is told");
    const [status] = (await ask("status", "--as", "ada")).lines;
    expect(JSON.stringify(status)).toContain("host-2");
    kill(host.pid, "SIGCONT");
  }, 120_000);
});
