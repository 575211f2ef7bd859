import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DEFAULT_SCORER_POLICY } from "@ostraka/agents/scorer";
import { afterAll, describe, expect, test } from "vitest";
import {
  type FileReplayOptions,
  openReplay,
  type ReplayRecord,
  type ReplaySummary,
  runReplay,
} from "./replay.ts";
import { openAuthLog } from "./sources/auth-log/auth-log.ts";

const ELASTIC = sharedFile("linux-auth-elastic/auth.log");
const folder = mkdtempSync(join(tmpdir(), "ostraka-replay-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of ../shared/data, looked for from here upwards. */
function sharedFile(name: string): string | undefined {
  for (let dir = import.meta.dirname; dir !== dirname(dir); dir = dirname(dir)) {
    const path = join(dir, "shared", "data", name);
    if (existsSync(path)) return path;
  }
  return undefined;
}

interface Run {
  readonly records: ReplayRecord[];
  readonly summary: ReplaySummary;
}

async function replay(path: string, rest: Partial<FileReplayOptions> = {}): Promise<Run> {
  const records: ReplayRecord[] = [];
  const onRecord = (record: ReplayRecord) => void records.push(record);
  const summary = await runReplay({ path, source: "auth-log", year: 2026, onRecord, ...rest });
  return { records, summary };
}

function logFile(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function clock(second: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const time = `${two(12 + Math.floor(second / 3_600))}:${two(Math.floor(second / 60) % 60)}`;
  return `Mar  3 ${time}:${two(second % 60)} web-1`;
}

/** `n` failed guesses three seconds apart from noon, each of its own connection. */
function failures(n: number, address: string): string[] {
  return Array.from({ length: n }, (_, i) => {
    return `${clock(i * 3)} sshd[${100 + i}]: Failed password for alice from ${address} port 4 ssh2`;
  });
}

function accepted(second: number, address: string): string {
  return `${clock(second)} sshd[9]: Accepted password for alice from ${address} port 5 ssh2`;
}

describe("replay of a log file", () => {
  test("tells the lease, the signal and the login that the lease would have stopped", async () => {
    const attacker = "203.0.113.7";
    const path = logFile("burst.log", [
      ...failures(12, attacker),
      accepted(60, "198.51.100.1"),
      accepted(61, attacker),
      accepted(2_000, attacker),
    ]);
    const { records, summary } = await replay(path);
    expect(records.map(({ kind, line }) => [kind, line])).toEqual([
      ["lease", 8],
      ["signal", 9],
      ["refused", 14],
    ]);
    expect(records[2]).toMatchObject({
      subject: `address:${attacker}`,
      time: "2026-03-03T12:01:01.000Z",
      until: "2026-03-03T12:10:21.000Z",
      levelMdb: records[0]?.levelMdb,
    });
    expect(summary).toMatchObject({
      kind: "summary",
      lines: 15,
      parsed: 15,
      events: 15,
      signals: 1,
      leases: 1,
      refused: 1,
    });
  });

  test("exempts loopback no more than any other address", async () => {
    const { summary } = await replay(logFile("loopback.log", failures(12, "127.0.0.1")));
    expect(summary.signals).toBe(1);
  });

  test("enforces nothing on an exempt subject, and shows its evidence", async () => {
    const path = logFile("exempt.log", [
      ...failures(12, "203.0.113.7"),
      accepted(61, "203.0.113.7"),
    ]);
    const isExempt = (subject: string) => subject === "address:203.0.113.7";
    const { records } = await replay(path, { isExempt });
    expect(records.map((record) => record.kind)).toEqual(["signal"]);
  });

  test("lists no refusal under a lease that only throttles", async () => {
    const path = logFile("throttle.log", [
      ...failures(12, "203.0.113.7"),
      accepted(61, "203.0.113.7"),
    ]);
    const policy = { ...DEFAULT_SCORER_POLICY, leaseStage: "throttle" as const };
    const { summary } = await replay(path, { policy });
    expect(summary).toMatchObject({ leases: 1, refused: 0 });
  });

  test("counts lines that it cannot read and goes on with the right line numbers", async () => {
    const path = logFile("broken.log", [
      "x".repeat(100_000),
      "not a log line",
      `${clock(0)} someprogram[1]: hello`,
      ...failures(12, "203.0.113.7"),
    ]);
    const { records, summary } = await replay(path);
    expect(summary).toMatchObject({ lines: 15, parsed: 12, events: 12, signals: 1 });
    expect(records.map((record) => record.line)).toEqual([11, 12]);
  });

  test("places a log without a year by the file's own time", async () => {
    const path = logFile("no-year.log", failures(12, "203.0.113.7"));
    const records: ReplayRecord[] = [];
    await runReplay({ path, source: "auth-log", onRecord: (record) => records.push(record) });
    expect(records).toHaveLength(2);
  });

  test("rejects a file that is not there with the system's error", async () => {
    await expect(replay(join(folder, "absent.log"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("puts no line, command or password into a record", async () => {
    const secret = "correct-horse";
    const lines = failures(12, "203.0.113.7").map((line) => line.replace("alice", secret));
    const { records } = await replay(logFile("secret.log", lines));
    expect(records.length).toBeGreaterThan(0);
    expect(JSON.stringify(records)).not.toContain(secret);
  });
});

describe("replay of lines from elsewhere", () => {
  test("a repeated position bets nothing, an equal line at its own position does", () => {
    const signalsOf = (position: (n: number) => string): number => {
      const parser = openAuthLog({ host: "h", realm: "r", year: 2026 });
      const one = openReplay({ parser, onRecord: () => undefined });
      const [line] = failures(1, "203.0.113.7") as [string];
      for (let n = 1; n <= 20; n++) one.take(line, position(n), n);
      return one.summary(1).signals;
    };
    expect(signalsOf(() => "log:0")).toBe(0);
    expect(signalsOf((n) => `log:${n}`)).toBe(1);
  });
});

describe.skipIf(ELASTIC === undefined)(
  "a real host's auth.log (skipped without ../shared/data/linux-auth-elastic)",
  () => {
    const run = () => replay(ELASTIC as string, { year: 2017 });
    const ATTACKER = "address:24.151.103.17";

    test("signals the burst before its tenth failure, and not before the burst", async () => {
      const { records } = await run();
      const times = records.filter((r) => r.subject === ATTACKER).map((r) => r.time);
      expect(times[0] ?? "").toMatch(/^2017-03-30T15:54:/);
      const signal = records.find((r) => r.subject === ATTACKER && r.kind === "signal");
      expect(signal?.time.localeCompare("2017-03-30T15:54:46.000Z")).toBe(-1);
    });

    test("still holds the lease when the attacker gets in at 16:01", async () => {
      const { records } = await run();
      const refused = records.filter((record) => record.kind === "refused");
      expect(refused.map((r) => [r.subject, r.time])).toEqual([
        [ATTACKER, "2017-03-30T16:01:36.000Z"],
      ]);
    });

    test("says nothing against the operator's own address", async () => {
      const { records, summary } = await run();
      expect(records.filter((r) => r.subject === "address:85.245.107.41")).toEqual([]);
      expect(summary).toMatchObject({ lines: 7121, parsed: 7121 });
    });
  },
);
