import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SidecarEffect } from "@ostraka/agents/node";
import { openLog } from "@ostraka/host";
import { parseSubject, type SubjectText } from "@ostraka/proto";
import { readSidecarConfig, type Sidecar, startSidecar } from "@ostraka/sidecar";
import type { JoinedHost } from "@ostraka/sidecar/join";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { natsVersion, until } from "./nats-server.ts";
import { type SidecarStand, startStand } from "./sidecar-stand.ts";

const version = natsVersion();
if (version === undefined) {
  console.warn("skipped: no nats-server on the PATH (Debian: apt-get install nats-server)");
}

let stand: SidecarStand;
const running = new Map<Sidecar, { effects: SidecarEffect[]; faults: unknown[]; log: string }>();

async function start(host: JoinedHost): Promise<Sidecar> {
  const log = join(host.folder, "sidecar.log");
  const kept = { effects: [] as SidecarEffect[], faults: [] as unknown[], log };
  const sidecar = await startSidecar({
    config: readSidecarConfig(host.configPath),
    log: openLog({ name: `sidecar ${host.name}`, file: log }),
    onFault: (error) => kept.faults.push(error),
    onEffect: (effect) => kept.effects.push(effect),
  });
  running.set(sidecar, kept);
  return sidecar;
}

async function stop(sidecar: Sidecar): Promise<void> {
  expect(running.get(sidecar)?.faults).toEqual([]);
  running.delete(sidecar);
  await sidecar.close();
}

const effectsOf = (sidecar: Sidecar) => running.get(sidecar)?.effects ?? [];

const hasLease = (sidecar: Sidecar, address: string) =>
  effectsOf(sidecar).some((e) => e.type === "leased" && e.lease.subject === `address:${address}`);

interface Asked {
  readonly status: number;
  readonly decision: string | null;
  readonly revocation: string | null;
  readonly body: { readonly reason?: string; readonly until?: string };
}

async function ask(sidecar: Sidecar, client: string): Promise<Asked> {
  const { host, port } = sidecar.gate;
  const response = await fetch(`http://${host}:${port}/auth`, {
    headers: { "x-forwarded-for": client },
  });
  const text = await response.text();
  return {
    status: response.status,
    decision: response.headers.get("x-ostraka-decision"),
    revocation: response.headers.get("x-ostraka-revocation"),
    body: text === "" ? {} : JSON.parse(text),
  };
}

/** Failed logins from an address, now, as sshd logs them with an RFC 3339 time. */
function failures(address: string, count: number): string {
  const lines: string[] = [];
  const endMs = Date.now();
  for (let i = 0; i < count; i++) {
    const time = new Date(endMs - (count - i) * 200).toISOString();
    const port = 40_000 + i;
    const what = `Failed password for invalid user admin${i} from ${address} port ${port} ssh2`;
    lines.push(`${time} web-1 sshd[${5_000 + i}]: ${what}\n`);
  }
  return lines.join("");
}

const AUTH_LOG = [{ type: "auth-log", path: "auth.log" }];

describe.skipIf(version === undefined)("a sidecar on a real bus", () => {
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => {
    for (const sidecar of [...running.keys()]) await sidecar.close();
    await stand[Symbol.asyncDispose]();
  });

  test("answers 503 until both heads are applied, then 200, then 403 for whom it leased", async () => {
    const host = await stand.addHost("web-1", "rack-1", AUTH_LOG);
    const auth = join(host.folder, "auth.log");
    writeFileSync(auth, "");
    await stand.nats.kill();
    const sidecar = await start(host);
    const early = await ask(sidecar, "203.0.113.7");
    expect(early).toMatchObject({ status: 503, revocation: null });
    expect(early.body.reason).toBe("no control head yet");
    expect(await health(sidecar)).toBe(503);
    await stand.nats.start();
    await sidecar.whenReady;
    expect(await health(sidecar)).toBe(200);
    expect((await ask(sidecar, "203.0.113.7")).status).toBe(200);
    appendFileSync(auth, failures("203.0.113.7", 40));
    await until(() => hasLease(sidecar, "203.0.113.7"), "the attacker is leased");
    const denied = await ask(sidecar, "203.0.113.7");
    expect(denied.status).toBe(403);
    expect(denied.body.reason).toContain("address 203.0.113.7 was cut off by this host alone");
    expect(denied.revocation).toMatch(/^lease-web-1-/);
    expect((await ask(sidecar, "203.0.113.8")).status).toBe(200);

    const explained = await explain(sidecar, denied.decision as string);
    expect(explained.status).toBe(200);
    expect(explained.body).toMatchObject({
      host: "web-1",
      decision: { answer: "403" },
      lease: { subject: "address:203.0.113.7" },
    });
    expect((await explain(sidecar, "web-1-000000000000-1")).status).toBe(404);
    await stop(sidecar);
    const log = readFileSync(join(host.folder, "sidecar.log"), "utf8");
    expect(log).toContain('"what":"leased"');
    expect(log).not.toContain("203.0.113.7");
  });

  test("goes on in a rotated log, and after a restart neither loses nor repeats a line", async () => {
    const host = await stand.addHost("web-2", "rack-2", AUTH_LOG);
    const auth = join(host.folder, "auth.log");
    writeFileSync(auth, failures("198.51.100.1", 40));
    const first = await start(host);
    await first.whenReady;
    await until(() => hasLease(first, "198.51.100.1"), "the first file is read");
    renameSync(auth, `${auth}.1`);
    writeFileSync(auth, failures("198.51.100.2", 40));
    await until(() => hasLease(first, "198.51.100.2"), "the second file is read");
    await stop(first);
    renameSync(auth, `${auth}.2`);
    writeFileSync(auth, failures("198.51.100.3", 40));
    const second = await start(host);
    await second.whenReady;
    await until(() => hasLease(second, "198.51.100.3"), "the third file is read");
    const again = effectsOf(second).filter((e) => e.type === "leased" && !e.isRenewal);
    expect(again).toHaveLength(1);
    await stop(second);
  });

  test("events that a program posts count like lines of a log", async () => {
    const host = await stand.addHost("web-3", "rack-3", [{ type: "http", listen: "127.0.0.1:0" }]);
    const sidecar = await start(host);
    await sidecar.whenReady;
    const events = Array.from({ length: 40 }, (_, i) => ({
      id: `login-${i}`,
      time: Date.now() - (40 - i) * 200,
      kind: "login-failed",
      service: "shop",
      address: "198.51.100.9",
      user: `admin${i}`,
      isAccountKnown: false,
    }));
    const response = await fetch(`http://127.0.0.1:${sidecar.sourcePorts[0]}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(events),
    });
    expect(response.status).toBe(202);
    // Taken before it was accepted: nothing to wait for.
    expect((await ask(sidecar, "198.51.100.9")).status).toBe(403);
    await stop(sidecar);
  });

  test("without credentials it answers, and connects once they are there", async () => {
    const host = await stand.addHost("web-8", "rack-2");
    const creds = join(host.folder, "nats.creds");
    renameSync(creds, `${creds}.away`);
    const sidecar = await start(host);
    expect(await health(sidecar)).toBe(503);
    expect(sidecar.isConnected).toBe(false);
    renameSync(`${creds}.away`, creds);
    await sidecar.whenReady;
    expect(await health(sidecar)).toBe(200);
    await stop(sidecar);
  });

  test("a second process on the same state is refused, the first goes on", async () => {
    const host = await stand.addHost("web-9", "rack-3");
    const sidecar = await start(host);
    await expect(start(host)).rejects.toThrow("in use by another process");
    await sidecar.whenReady;
    expect((await ask(sidecar, "203.0.113.1")).status).toBe(200);
    await stop(sidecar);
  });

  test("a host under another name than it joined by does not start", async () => {
    const host = await stand.addHost("web-4", "rack-1");
    const sidecar = await start(host);
    await sidecar.whenReady;
    await stop(sidecar);
    const config = readFileSync(host.configPath, "utf8");
    writeFileSync(host.configPath, config.replace("name: web-4", "name: web-5"));
    await expect(start(host)).rejects.toThrow('joined the mesh as "web-4"');
    writeFileSync(host.configPath, config);
    await stop(await start(host));
  });

  test("a gate whose port is taken says so, and leaves its store to the next start", async () => {
    const other = await start(await stand.addHost("web-6", "rack-1"));
    const { port } = other.gate;
    const second = await stand.addHost("web-7", "rack-1");
    const secondConfig = readFileSync(second.configPath, "utf8");
    writeFileSync(second.configPath, secondConfig.replace("port: 0", `port: ${port}`));
    await expect(start(second)).rejects.toThrow(`the gate cannot listen on 127.0.0.1:${port}`);
    writeFileSync(second.configPath, secondConfig);
    await stop(await start(second));
    await stop(other);
  });

  test("what two hosts saw is enforced by a third, which after a restart needs no NATS", async () => {
    const hosts = [
      await stand.addHost("app-1", "rack-1", AUTH_LOG),
      await stand.addHost("app-2", "rack-2", AUTH_LOG),
      await stand.addHost("app-3", "rack-3"),
    ];
    const sidecars: Sidecar[] = [];
    for (const host of hosts) {
      writeFileSync(join(host.folder, "auth.log"), "");
      const sidecar = await start(host);
      sidecars.push(sidecar);
      await sidecar.whenReady;
    }
    const third = sidecars[2] as Sidecar;
    for (const host of hosts.slice(0, 2)) {
      appendFileSync(join(host.folder, "auth.log"), failures("192.0.2.66", 40));
    }
    const isEnforced = (sidecar: Sidecar) =>
      effectsOf(sidecar).some(
        (e) => e.type === "enforced" && e.held.subject.endsWith("192.0.2.66"),
      );
    await until(() => isEnforced(third), "the quorum's revocation is enforced");
    const denied = await ask(third, "192.0.2.66");
    expect(denied.status).toBe(403);
    expect(denied.body.reason).toBe(
      "address 192.0.2.66 was cut off by quorum rule seen-on-two-hosts (2 hosts)",
    );
    expect(denied.revocation).toMatch(/^[0-9a-f]{64}$/);
    const explained = await explain(third, denied.revocation as string);
    expect(explained.body).toMatchObject({
      revocation: { subject: "address:192.0.2.66", rule: "seen-on-two-hosts", hostCount: 2 },
      seenHere: null,
    });
    const seen = await explain(sidecars[0] as Sidecar, denied.revocation as string);
    expect(seen.body).toMatchObject({ seenHere: { reasons: expect.any(Array) } });
    for (const sidecar of sidecars) await stop(sidecar);

    await stand.nats.kill();
    const alone = await start(hosts[2] as JoinedHost);
    const still = await ask(alone, "192.0.2.66");
    expect(still).toMatchObject({ status: 403, revocation: denied.revocation });
    expect((await ask(alone, "192.0.2.67")).status).toBe(200);
    expect(alone.isConnected).toBe(false);

    await stand.nats.start();
    await until(() => alone.isConnected, "NATS is back");
    const kill = stand.commands.revoke(parseSubject("address:192.0.2.99") as SubjectText);
    await stand.submit(kill.envelope, [kill.part]);
    for (const name of ["ada", "sam"]) await stand.submit(stand.commands.approval(kill.id, name));
    await until(
      () => effectsOf(alone).some((e) => e.type === "enforced" && e.held.subject.endsWith(".99")),
      "a verdict comes through after the outage",
    );
    const killed = await ask(alone, "192.0.2.99");
    expect(killed.body.reason).toContain("with people's approval, rule kill-switch");
    await stop(alone);
  });
});

async function health(sidecar: Sidecar): Promise<number> {
  const { host, port } = sidecar.gate;
  return (await fetch(`http://${host}:${port}/healthz`)).status;
}

async function explain(sidecar: Sidecar, id: string) {
  const { host, port } = sidecar.explainEndpoint;
  const response = await fetch(`http://${host}:${port}/explain/${id}`);
  return { status: response.status, body: (await response.json()) as object };
}
