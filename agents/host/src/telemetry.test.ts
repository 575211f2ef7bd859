import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OstrakaError } from "@ostraka/proto";
import type { Level } from "pino";
import { afterAll, describe, expect, test } from "vitest";
import { type Log, openLog } from "./telemetry.ts";

const dir = mkdtempSync(join(tmpdir(), "ostraka-log-"));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;

/** The lines that `write` logs, parsed, and their text. */
function logged(level: Level, write: (log: Log) => void) {
  const file = join(dir, `${files++}.log`);
  write(openLog({ name: "test", level, file }));
  const text = readFileSync(file, "utf8");
  const lines = text.trim().split("\n").filter(Boolean);
  return { file, text, lines: lines.map((line) => JSON.parse(line)) };
}

describe("the log", () => {
  test("writes one line of JSON with ISO time, level and name, for its owner alone", () => {
    const { file, lines } = logged("info", (log) => log.info({ index: 3, at: 5n }, "sealed"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "info",
      name: "test",
      msg: "sealed",
      index: 3,
      at: "5",
    });
    expect(lines[0].time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test.each(["info", "debug", "trace"] as const)(
    "hides secrets at level %s, however deep",
    (level) => {
      const { text } = logged(level, (log) => {
        const hidden = "hunter2";
        log.info({ password: hidden, a: { Token: hidden, b: [{ join_secret: hidden }] } }, "x");
        log.warn({ headers: { Authorization: hidden, "set-cookie": hidden } }, "x");
        log
          .child({ seed: hidden })
          .child({ Secret: hidden })
          .error({ err: { creds: hidden, keyPem: hidden } }, "x");
      });
      expect(text).not.toContain("hunter2");
      expect(text).toContain("[redacted]");
    },
  );

  test("hides what is personal unless debugging was asked for", () => {
    const write = (log: Log) =>
      log.info({ verdict: { subject: "user:acme/alice", reasons: [{ seen: "alice" }] } }, "x");
    expect(logged("info", write).text).not.toContain("alice");
    expect(logged("debug", write).text).toContain("user:acme/alice");
  });

  test("shows the beginning of bytes and bounds texts, lists and depth", () => {
    const { lines, text } = logged("info", (log) =>
      log.info(
        {
          id: new Uint8Array(32).fill(0xab),
          long: "x".repeat(100_000),
          list: Array.from({ length: 1_000 }, (_, i) => i),
          deep: { a: { b: { c: { d: { e: { f: 1 } } } } } },
          line: "two\nlines",
        },
        "x",
      ),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0].id).toBe("abababababababab…");
    expect(lines[0].list).toHaveLength(32);
    expect(text.length).toBeLessThan(4_000);
    expect(text).toContain("[deeper]");
  });

  test("writes an error with its code and cause, and survives a circle", () => {
    const cause = new Error("disk");
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const { lines } = logged("info", (log) => {
      log.error({ err: new OstrakaError("OSTRAKA_STORE", "cannot write", { cause }) }, "x");
      log.error(new OstrakaError("OSTRAKA_STORE", "bare"));
      log.info({ circle }, "x");
    });
    expect(lines[0].err).toMatchObject({
      code: "OSTRAKA_STORE",
      message: "cannot write",
      cause: { message: "disk" },
    });
    expect(lines[1].err).toMatchObject({ code: "OSTRAKA_STORE", message: "bare" });
    expect(lines).toHaveLength(3);
  });
});
