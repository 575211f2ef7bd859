import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSubject, type SubjectText } from "@ostraka/proto";
import { checkSidecarConfig } from "@ostraka/sidecar";
import type { JoinedHost } from "@ostraka/sidecar/join";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { natsVersion, until } from "./nats-server.ts";
import { type SidecarStand, startStand } from "./sidecar-stand.ts";

const version = natsVersion();
if (version === undefined) {
  console.warn("skipped: no nats-server on the PATH (Debian: apt-get install nats-server)");
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
const RUN = `import { runSidecar } from "@ostraka/sidecar";
process.exitCode = await runSidecar(process.argv[1]);`;

let stand: SidecarStand;
const children: ChildProcess[] = [];

function startChild(host: JoinedHost, env: Record<string, string> = {}) {
  const args = ["--input-type=module", "--eval", RUN, host.configPath];
  const child = spawn(process.execPath, args, {
    cwd: HERE,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.out += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.err += chunk.toString("utf8");
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return { child, said, ended };
}

const linesOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const wasLeased = (err: string) => linesOf(err).some((line) => line["what"] === "leased");

function failures(address: string, count: number): string {
  const endMs = Date.now();
  return Array.from({ length: count }, (_, i) => {
    const time = new Date(endMs - (count - i) * 200).toISOString();
    const what = `Failed password for invalid user admin${i} from ${address} port ${i + 1} ssh2`;
    return `${time} web-1 sshd[${5_000 + i}]: ${what}\n`;
  }).join("");
}

describe.skipIf(version === undefined)("the sidecar's process", () => {
  let host: JoinedHost;
  beforeAll(async () => {
    stand = await startStand();
    host = await stand.addHost("web-1", "rack-1", [{ type: "auth-log", path: "auth.log" }]);
    writeFileSync(join(host.folder, "auth.log"), "");
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await stand[Symbol.asyncDispose]();
  });

  test("says once that it is ready, shows no subject, and ends with 0 when told to", async () => {
    const { child, said, ended } = startChild(host);
    await until(() => said.out !== "", "it is ready");
    appendFileSync(join(host.folder, "auth.log"), failures("203.0.113.7", 40));
    await until(() => wasLeased(said.err), "it leases");
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    const [ready, ...more] = said.out.trimEnd().split("\n");
    expect(more).toEqual([]);
    expect(JSON.parse(ready as string)).toMatchObject({
      ready: true,
      host: "web-1",
      gate: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      explain: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    expect(said.err).not.toContain("203.0.113.7");
    const leased = linesOf(said.err).find((line) => line["what"] === "leased");
    expect(leased?.["at"]).toBeTypeOf("number");
  });

  test("shows subjects where the demonstration asks for them, and no debugging", async () => {
    const { child, said, ended } = startChild(host, { OSTRAKA_TRACE_SUBJECTS: "1" });
    await until(() => said.out !== "", "it is ready");
    appendFileSync(join(host.folder, "auth.log"), failures("203.0.113.8", 40));
    await until(() => wasLeased(said.err), "it leases");
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    const leased = linesOf(said.err).find((line) => line["what"] === "leased");
    expect(leased?.["subject"]).toBe("address:203.0.113.8");
    expect(linesOf(said.err).filter((line) => line["level"] === "debug")).toEqual([]);
  });

  test("ends when the process that started it is gone", async () => {
    const parent = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"]);
    children.push(parent);
    const { said, ended } = startChild(host, { OSTRAKA_PARENT_PID: String(parent.pid) });
    await until(() => said.out !== "", "it is ready");
    parent.kill("SIGKILL");
    expect(await ended).toBe(0);
    expect(said.err).toContain("the parent process is gone");
  });

  test("after kill -9 it denies from its store whom it denied, and reads the log on", async () => {
    const first = startChild(host);
    await until(() => first.said.out !== "", "it is ready");
    const kill = stand.commands.revoke(parseSubject("address:192.0.2.99") as SubjectText);
    await stand.submit(kill.envelope, [kill.part]);
    for (const name of ["ada", "sam"]) await stand.submit(stand.commands.approval(kill.id, name));
    const isEnforced = () => linesOf(first.said.err).some((line) => line["what"] === "enforced");
    await until(isEnforced, "the kill switch is enforced");
    first.child.kill("SIGKILL");
    expect(await first.ended).toBeNull();

    await stand.nats.kill();
    appendFileSync(join(host.folder, "auth.log"), failures("203.0.113.9", 40));
    const second = startChild(host, { OSTRAKA_TRACE_SUBJECTS: "1" });
    await until(() => second.said.out !== "", "it is ready without any network");
    const { gate } = JSON.parse(second.said.out) as { gate: string };
    const headers = { "x-forwarded-for": "192.0.2.99" };
    expect((await fetch(`http://${gate}/auth`, { headers })).status).toBe(403);
    const leased = () => linesOf(second.said.err).filter((line) => line["what"] === "leased");
    const isThere = () => leased().some((line) => line["subject"] === "address:203.0.113.9");
    await until(isThere, "what was written meanwhile is read");
    await stand.nats.start();
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });

  test("told to stop before it is ready it ends with 0 and has said nothing", async () => {
    const fresh = await stand.addHost("web-2", "rack-2");
    await stand.nats.kill();
    const { child, said, ended } = startChild(fresh);
    await until(() => said.err.includes("not connected to NATS"), "it looks for NATS");
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(said.out).toBe("");
    await stand.nats.start();
  });

  test("its configuration is checked with every file it names, and shows no secret", () => {
    const shown = checkSidecarConfig(host.configPath);
    expect(shown).toContain("realm: test");
    expect(shown).not.toContain("PRIVATE KEY");
    chmodSync(join(host.folder, "signing.pem"), 0o644);
    expect(() => checkSidecarConfig(host.configPath)).toThrow("can be read by others");
    chmodSync(join(host.folder, "signing.pem"), 0o600);
    expect(() => checkSidecarConfig(join(host.folder, "nothing.yaml"))).toThrow("cannot be read");
  });
});
