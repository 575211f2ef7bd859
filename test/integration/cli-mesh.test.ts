// The command line on a real mesh: real nats-server, coordinator, sidecars, each command a process
// of its own, as a person types it. Flags, exit codes, and what is said when something is not as it
// should be.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { natsVersion } from "./nats-server.ts";

const MAIN = new URL("../../coordinator/cli/src/main.mjs", import.meta.url).pathname;
const PATH = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`;
const ENV = { ...process.env, PATH, NO_COLOR: "1", OSTRAKA_DATA: undefined };
const READY_MS = 30_000;
const SUBJECT = "user:local/mallory";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line, to its end. */
function ostraka(...args: readonly string[]): Promise<Ran> {
  return ostrakaTelling(() => undefined, ...args);
}

/** As `ostraka`; what it says on standard error is told as it comes. */
function ostrakaTelling(tell: (err: string) => void, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env: ENV }, (error, out, err) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
      resolve({ code, out, err });
    });
    child.stderr?.on("data", (chunk) => tell(String(chunk)));
    child.stdin?.end();
  });
}

/** Waits for a condition until a deadline, without a fixed sleep. */
async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined) {
  const deadlineMs = performance.now() + READY_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${READY_MS} ms`);
    await delay(50);
  }
}

class RunningMesh {
  readonly dir = mkdtempSync(join(tmpdir(), "ostraka-cli-"));
  readonly #children = new Map<string, ChildProcess>();

  get data(): readonly string[] {
    return ["--data", this.dir];
  }

  run(name: string, program: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.dir, `${name}.log`), "a");
    const child = spawn(program, args, { env: ENV, stdio: ["ignore", "pipe", log] });
    this.#children.set(name, child);
    return child;
  }

  /** Starts one of ours and waits for its line on standard output. */
  async runOurs(name: string, ...args: readonly string[]): Promise<object> {
    const child = this.run(name, process.execPath, [MAIN, ...args]);
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += String(chunk);
    });
    return await until(`${name} is ready`, () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${this.log(name)}`);
      return text.includes("\n") ? JSON.parse(text) : undefined;
    });
  }

  log(name: string): string {
    return readFileSync(join(this.dir, `${name}.log`), "utf8");
  }

  startNats(): void {
    this.run("nats", "nats-server", ["-c", join(this.dir, "nats", "server.conf")]);
  }

  async startCoordinator(): Promise<void> {
    const config = join(this.dir, "coordinators", "coordinator-1", "config.yaml");
    await this.runOurs("coordinator-1", "coordinator", "--config", config);
  }

  async startHost(name: string): Promise<void> {
    const grants = join(this.dir, "grants");
    const grant = join(grants, `${name}.grant.json`);
    const as = (who: string) => [...this.data, "--as", who];
    const steps = [
      ["host", "grant", name, "--domain", name, "--out", grants, ...as("olga")],
      ["host", "grant", "--cosign", grant, ...as("omar")],
      ["host", "grant", "--send", grant, ...as("omar")],
      ["host", "join", "--token", join(grants, `${name}.token`), ...this.data].concat(
        "--auth-log",
        this.authLog(name),
        "--gate",
        "127.0.0.1:0",
      ),
    ];
    writeFileSync(this.authLog(name), "");
    for (const step of steps) {
      const { code, err } = await ostraka(...step);
      if (code !== 0) throw new Error(`${step.slice(0, 2).join(" ")}: ${err}`);
    }
    const config = join(this.dir, "hosts", name, "config.yaml");
    const ready = await this.runOurs(name, "sidecar", "--config", config);
    this.gates.set(name, (ready as { gate: string }).gate);
  }

  readonly gates = new Map<string, string>();

  authLog(name: string): string {
    return join(this.dir, `${name}.auth.log`);
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#children.get(name)?.kill(signal);
  }

  async stop(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async dispose(): Promise<void> {
    for (const name of this.#children.keys()) await this.stop(name);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const nats = natsVersion();
const title = "the command line on a real mesh";
const suite = nats === undefined ? `${title} (skipped: install nats-server)` : title;

describe.skipIf(nats === undefined)(suite, () => {
  let mesh: RunningMesh;
  const data = () => mesh.data;
  const json = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  const propose = async (subject: string, ...more: readonly string[]) => {
    const asked = ["--stage", "suspend", "--ttl", "30m", "--reason", "laptop stolen"];
    const ran = await ostraka("propose", subject, ...asked, "--as", "olga", ...data(), ...more);
    expect(ran.code, ran.err).toBe(0);
    return ran.out.trim();
  };
  const approve = (id: string, who: string, ...more: readonly string[]) =>
    ostraka("approve", id, "--as", who, "--yes", ...data(), ...more);
  const verdicts = async (...more: readonly string[]) => {
    const { out } = await ostraka("verdicts", "--json", ...data(), ...more);
    return out === "" ? [] : json(out);
  };

  beforeAll(async () => {
    mesh = new RunningMesh();
    // init wants an empty directory, and the logs of the processes lie in it afterwards.
    const made = await ostraka("init", "--sidecars", "2", ...data());
    if (made.code !== 0) throw new Error(made.err);
    mesh.startNats();
    await mesh.startCoordinator();
    await until("a policy is active", async () => {
      const { code, out } = await ostraka("status", "--json", ...data());
      return code === 0 && JSON.parse(out).epoch === 1 ? true : undefined;
    });
    await mesh.startHost("host-1");
    await mesh.startHost("host-2");
  }, 120_000);

  afterAll(async () => {
    await mesh?.dispose();
  });

  it("lists hosts with receipts that it has verified", async () => {
    const hosts = await until("both hosts are fresh", async () => {
      const listed = json((await ostraka("host", "list", "--json", ...data())).out);
      return listed.every((h) => h.receipt?.isFresh === true) ? listed : undefined;
    });
    expect(hosts.map((h) => [h.name, h.domain, h.isWitness])).toEqual([
      ["host-1", "host-1", true],
      ["host-2", "host-2", true],
    ]);
  });

  it("cuts a user off everywhere with two approvals, and names whose receipt proves it", async () => {
    const id = await propose(SUBJECT);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const first = await approve(id, "ada");
    expect(first.out).toMatch(/asked by +olga \(signature verified\)/);
    expect(first.out).toMatch(/needs +1 of responders and 1 of security, never the proposer/);
    expect(first.out).toMatch(/more approvals are needed/);
    const second = await approve(id, "sam", "--wait", "--json");
    expect(second.code, second.err).toBe(0);
    const [approval, verdict] = json(second.out);
    expect(approval).toMatchObject({ kind: "approval", proposal: id, approver: "sam" });
    expect(verdict).toMatchObject({ kind: "revocation", id: approval.verdict, subject: SUBJECT });
    expect(verdict.coverage).toMatchObject({ expected: 2, got: 2 });
    expect(await verdicts()).toMatchObject([{ id: approval.verdict, state: "in force" }]);
  });

  it("explains a denied request by the id that the denied person reads", async () => {
    const denied = await fetch(`http://${mesh.gates.get("host-2")}/auth`, {
      headers: { "x-remote-user": "mallory" },
    });
    expect(denied.status).toBe(403);
    const decision = denied.headers.get("x-ostraka-decision") as string;
    const told = await ostraka("explain", decision, ...data());
    expect(told.code, told.err).toBe(0);
    expect(told.out).toContain(`decision ${decision} of host-2`);
    expect(told.out).toContain("olga proposed it");
    expect(told.out).toContain("laptop stolen");
    expect(told.out).toContain("sam (security) approved");
    expect(told.out).toContain("inclusion proof verified");
    const revocation = denied.headers.get("x-ostraka-revocation") as string;
    const all = JSON.parse((await ostraka("explain", revocation, "--json", ...data())).out);
    expect(all).toMatchObject({ proof: { inclusionVerified: true }, people: { proposer: "olga" } });
  });

  it("explains a machine's verdict host by host, with what moved the evidence", async () => {
    for (const host of ["host-1", "host-2"]) {
      for (let i = 0; i < 25; i++) {
        const time = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) \d+ (\S+).*$/, "$2 $1 $3");
        const line = `Failed password for root from 203.0.113.7 port ${40_000 + i} ssh2`;
        const day = time.replace(/^(\w+) 0/, "$1  ");
        appendFileSync(mesh.authLog(host), `${day} ${host} sshd[${1_000 + i}]: ${line}\n`);
      }
    }
    const verdict = await until("the quorum decides", async () => {
      return (await verdicts()).find((v) => v.subject === "address:203.0.113.7");
    });
    expect(verdict).toMatchObject({ hosts: 2, rule: "seen-on-two-hosts" });
    const { out } = await ostraka("explain", verdict.id, ...data());
    expect(out).toMatch(/host-1 \(host-1\) signalled \d+\.\d dB at .*:\n +\d+\.\d dB {2}\S+: saw /);
    expect(out).toMatch(/host-2 \(host-2\) signalled/);
  });

  it("lifts a machine's verdict by the start of its id, and will not lift it twice", async () => {
    const all = await verdicts();
    const { id } = all.find((v) => v.subject === "address:203.0.113.7");
    const asked = await ostraka("lift", id.slice(0, 10), "--as", "rui", "--pardon", ...data());
    expect(asked.code, asked.err).toBe(0);
    await approve(asked.out.trim(), "ada");
    const done = await approve(asked.out.trim(), "sam", "--wait");
    expect(done.out).toContain("lifted on 2 of 2 hosts");
    const again = await ostraka("lift", id.slice(0, 10), "--as", "rui", ...data());
    expect([again.code, again.err]).toEqual([1, expect.stringContaining("has been lifted at c:")]);
    const lifted = (await verdicts("--all")).find((v) => v.id === id);
    expect(lifted.state).toBe("lifted");
  });

  it("refuses with exit 1 and says why", async () => {
    const id = await propose("user:local/eve");
    await approve(id, "ada");
    const twice = await approve(id, "ada");
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining("already-approved")]);
    const ask = (subject: string, ttl: string) => {
      const asked = ["--stage", "suspend", "--ttl", ttl, "--reason", "x", "--as", "ada"];
      return ostraka("propose", subject, ...asked, ...data());
    };
    const long = await ask("user:local/bob", "48h");
    expect([long.code, long.err]).toEqual([1, expect.stringContaining("ttl-too-long")]);
    const exempt = await ask("address:127.0.0.1", "1h");
    expect([exempt.code, exempt.err]).toEqual([1, expect.stringContaining("exempt")]);
    const self = await approve((await ask("user:local/own", "1h")).out.trim(), "ada");
    expect([self.code, self.err]).toEqual([1, expect.stringContaining("cannot approve")]);
    const unknown = await ostraka("lift", "deadbeef00", "--as", "rui", ...data());
    expect([unknown.code, unknown.err]).toEqual([
      1,
      expect.stringContaining("no revocation has id"),
    ]);
  });

  it.each([
    [["approve", "zz", "--as", "ada", "--yes"], /no proposal id/],
    [["approve", "a".repeat(64), "--as", "ada"], /--yes/],
    [["approve", "a".repeat(64), "--as", "olga", "--yes"], /olga is no approver/],
    [["approve", "a".repeat(64), "--as", "../x", "--yes"], /is no name/],
    [["propose", "mallory", "--stage", "suspend", "--ttl", "1h", "--reason", "x"], /is no subject/],
    [["propose", SUBJECT, "--stage", "banish", "--ttl", "1h", "--reason", "x"], /--stage banish/],
    [["propose", SUBJECT, "--stage", "suspend", "--ttl", "soon", "--reason", "x"], /--ttl soon/],
    [["propose", SUBJECT, "--stage", "suspend", "--ttl", "1h"], /--reason/],
    [["lift", "1234", "--as", "rui"], /is no id/],
    [["host", "grant", "host-3", "--domain", "moon", "--as", "olga"], /--domain moon/],
    [["status", "--dta", "x"], /unknown option '--dta'/],
  ])("takes %j for a mistake: exit 2", async (args, why) => {
    const withData = args[0] === "status" ? args : [...args, ...data()];
    const { code, err } = await ostraka(...withData);
    expect([code, err]).toEqual([2, expect.stringMatching(why)]);
    expect(err).not.toMatch(/\n +at /);
  });

  it("sends the same approval again while the outcome is unknown, and it is entered once", async () => {
    const id = await propose("user:local/frozen");
    mesh.signal("nats", "SIGSTOP");
    const args = ["approve", id, "--as", "ada", "--yes", "--timeout", "40s", ...data()];
    const ran = await ostrakaTelling(
      (err) => {
        if (err.includes("the same bytes are sent again")) mesh.signal("nats", "SIGCONT");
      },
      ...args,
    );
    expect(ran.code, ran.err).toBe(0);
    const { out } = await ostraka("ledger", "tail", "-n", "1000", ...data());
    expect(out.split(`of ${id.slice(0, 16)} by ada`).length - 1).toBe(1);
  }, 90_000);

  it("ends with exit 4 and the id when the deadline passes first", async () => {
    const id = await propose("user:local/late");
    mesh.signal("nats", "SIGSTOP");
    const ran = await approve(id, "ada", "--timeout", "2s");
    mesh.signal("nats", "SIGCONT");
    expect(ran.code).toBe(4);
    expect(ran.err).toMatch(/not known whether the approval [0-9a-f]{64} was entered/);
  }, 90_000);

  it("names who lags when coverage does not come, with exit 4", async () => {
    const id = await propose("user:local/partly");
    mesh.signal("host-2", "SIGSTOP");
    await approve(id, "ada");
    const ran = await approve(id, "sam", "--wait", "--timeout", "8s");
    mesh.signal("host-2", "SIGCONT");
    expect([ran.code, ran.err]).toEqual([
      4,
      expect.stringContaining("1 of 2 hosts have not proven it: host-2"),
    ]);
  }, 90_000);

  it("exports a running mesh and the same mesh stopped, both verified offline", async () => {
    const live = join(mesh.dir, "live.jsonl");
    const made = await ostraka("ledger", "export", "--out", live, ...data());
    expect(made.code, made.err).toBe(0);
    await mesh.stop("coordinator-1");
    const status = await ostraka("status", ...data());
    expect([status.code, status.err]).toEqual([3, expect.stringContaining("no coordinator of")]);
    const stopped = join(mesh.dir, "stopped.jsonl");
    const offline = await ostraka("ledger", "export", "--out", stopped, ...data());
    expect(offline.out, offline.err).toContain("state.sqlite");
    const genesis = join(mesh.dir, "genesis.json");
    for (const file of [live, stopped]) {
      const { code, out } = await ostraka("ledger", "verify", file, "--genesis", genesis, "--json");
      expect([code, JSON.parse(out).verified]).toEqual([0, true]);
    }
    writeFileSync(stopped, readFileSync(stopped, "utf8").replace('"index":3', '"index":4'));
    const bad = await ostraka("ledger", "verify", stopped, "--genesis", genesis);
    expect([bad.code, bad.out]).toEqual([1, expect.stringContaining("c:3 (line 4)")]);
    expect(existsSync(`${stopped}.new`)).toBe(false);
  }, 90_000);
});
