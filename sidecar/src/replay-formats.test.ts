// A replay of a file in any format: records spread over lines, a text log of a service, and a
// format that nobody has.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OstrakaError } from "@ostraka/proto";
import { afterAll, expect, test } from "vitest";
import { type ReplayRecord, runReplay } from "./replay.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "ostraka-replay-formats-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const PEER = "203.0.113.9";
const ATTEMPTS = 40;

async function replay(name: string, text: string, source: string) {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  const records: ReplayRecord[] = [];
  const onRecord = (record: ReplayRecord) => void records.push(record);
  return { summary: await runReplay({ path, source, year: 2026, onRecord }), records };
}

const second = (i: number) => String(i % 60).padStart(2, "0");

test("an array of CloudTrail records, printed for people, leads to a signal about its source", async () => {
  const list = Array.from({ length: ATTEMPTS }, (_, i) => ({
    ...{ eventTime: `2026-03-03T04:05:${second(i)}Z`, eventSource: "signin.amazonaws.com" },
    ...{ eventName: "ConsoleLogin", sourceIPAddress: PEER, errorMessage: "Failed authentication" },
    userIdentity: { type: "IAMUser", accountId: "1", userName: "eve" },
    responseElements: { ConsoleLogin: "Failure" },
  }));
  const { summary, records } = await replay("a.json", JSON.stringify(list, null, 2), "auto");
  expect(summary).toMatchObject({ parsed: ATTEMPTS, events: ATTEMPTS, subjects: 1 });
  expect(records.map(({ subject }) => subject)).toContain(`address:${PEER}`);
  expect(summary.signals).toBeGreaterThan(0);
});

test("a mail log is read in its own format and in the one that tells lines apart, alike", async () => {
  const lines = Array.from(
    { length: ATTEMPTS },
    (_, i) =>
      `Mar  3 04:05:${second(i)} mx dovecot: imap-login: Disconnected (auth failed, 1 attempts): ` +
      `user=<eve>, method=PLAIN, rip=${PEER}, lip=192.0.2.1`,
  ).join("\n");
  const own = await replay("a.log", lines, "dovecot");
  const told = await replay("a.log", lines, "auto");
  expect(own.summary.signals).toBeGreaterThan(0);
  expect(told.records).toEqual(own.records);
});

test("a format that nobody has is refused with the list of those that somebody has", async () => {
  const refusal = await replay("b.log", "x\n", "dovecott").catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(OstrakaError);
  expect((refusal as OstrakaError).message).toContain(
    'no log format "dovecott": did you mean dovecot? Give auto, or one',
  );
  expect((refusal as OstrakaError).message).toContain("dovecot, ");
});

test("a line dated past the file's own last change is left out and does not hide what follows", async () => {
  const failure = (time: string) =>
    `${time} a sshd[7]: Failed password for root from ${PEER} port 4 ssh2`;
  const lines = Array.from({ length: ATTEMPTS }, (_, i) =>
    failure(`2026-03-03T04:05:${second(i)}Z`),
  );
  const honest = await replay("c.log", lines.join("\n"), "auth-log");
  const ahead = [failure("2199-03-03T04:05:06Z"), ...lines].join("\n");
  const forged = await replay("c.log", ahead, "auth-log");
  expect(honest.summary).toMatchObject({ ahead: 0, events: ATTEMPTS });
  expect(honest.summary.signals).toBeGreaterThan(0);
  expect(forged.summary).toMatchObject({ ahead: 1, signals: honest.summary.signals });
});
