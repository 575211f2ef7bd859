import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SidecarInput } from "@ostraka/agents/node";
import { openClock, openLog } from "@ostraka/host";
import { utf8 } from "@ostraka/proto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readCursor, SourceFeed, sourceName } from "./source-feed.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ostraka-feed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NOW_MS = Date.UTC(2026, 10, 24, 10, 1);
const clockAt = (nowMs: number) => ({ ...openClock(), wallMs: () => nowMs });

function feedOf(saved = new Map<string, Uint8Array>(), isTaking = true, clock = clockAt(NOW_MS)) {
  const inputs: SidecarInput[] = [];
  const faults: unknown[] = [];
  const feed = new SourceFeed({
    hostName: "web-1",
    realm: "demo",
    clock,
    log: openLog({ name: "test", file: join(folder, "feed.log") }),
    cursorOf: (source) => saved.get(source),
    push: (...more) => inputs.push(...more),
    flush: () => isTaking,
    onFault: (error) => faults.push(error),
  });
  return { feed, inputs, faults };
}

const line = (n: number) =>
  `2026-11-24T10:00:0${n}Z web-1 sshd[7]: Failed password for alice from 203.0.113.${n} port 4 ssh2\n`;
const authLog = () => {
  const path = join(folder, "auth.log");
  return { type: "auth-log", format: "auth-log", writtenPath: "auth.log", path } as const;
};
const eventsOf = (inputs: readonly SidecarInput[]) => inputs.filter((i) => i.type === "event");

test("the cursor comes behind the events of its lines, and a later run goes on from it", async () => {
  writeFileSync(authLog().path, line(1) + line(2));
  const first = feedOf();
  await first.feed.start([authLog()]);
  await vi.waitUntil(() => eventsOf(first.inputs).length === 2, { timeout: 10_000 });
  first.feed.pushCursors();
  expect(first.inputs.map((i) => i.type)).toEqual(["event", "event", "cursor"]);
  await first.feed.close();
  expect(first.inputs).toHaveLength(3);
  const cursor = first.inputs[2] as SidecarInput & { type: "cursor" };
  expect(cursor.source).toBe("auth-log/auth.log");

  appendFileSync(authLog().path, line(3));
  const second = feedOf(new Map([[cursor.source, cursor.cursor]]));
  await second.feed.start([authLog()]);
  await vi.waitUntil(() => eventsOf(second.inputs).length > 0, { timeout: 10_000 });
  await second.feed.close();
  expect(eventsOf(second.inputs)).toMatchObject([{ event: { address: "address:203.0.113.3" } }]);
});

test("lines that are no log lines are counted, and the cursor passes them", async () => {
  writeFileSync(authLog().path, `no time here\n${line(1)}`);
  const { feed, inputs } = feedOf();
  await feed.start([authLog()]);
  await vi.waitUntil(() => eventsOf(inputs).length === 1, { timeout: 10_000 });
  await feed.close();
  expect(feed.counts()).toMatchObject([{ lines: 2, events: 1, refused: 1, unparsed: 0 }]);
  expect(inputs.at(-1)?.type).toBe("cursor");
});

test("a line from a time to come is refused and told once: it would make all later ones late", async () => {
  writeFileSync(authLog().path, line(1).replace("2026", "2099") + line(2).replace("-24T", "-26T"));
  const { feed, inputs } = feedOf();
  await feed.start([authLog()]);
  appendFileSync(authLog().path, line(3).replace("-24T", "-25T"));
  await vi.waitUntil(() => eventsOf(inputs).length === 1, { timeout: 10_000 });
  await feed.close();
  expect(feed.counts()).toMatchObject([{ lines: 3, events: 1, refused: 2 }]);
  expect(eventsOf(inputs)).toMatchObject([{ event: { address: "address:203.0.113.3" } }]);
  const told = readFileSync(join(folder, "feed.log"), "utf8").split("ahead of this host's clock");
  expect(told).toHaveLength(2);
});

test("a batch is accepted only when the node has taken it", async () => {
  const event = { id: "1", time: NOW_MS, kind: "login-failed", service: "shop" };
  const statusOf = async (isTaking: boolean) => {
    const { feed, inputs } = feedOf(new Map(), isTaking);
    await feed.start([{ type: "http", listen: { host: "127.0.0.1", port: 0 } }]);
    const response = await fetch(`http://127.0.0.1:${feed.ports[0]}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([event]),
    });
    await feed.close();
    expect(inputs).toMatchObject([{ type: "event", event: { id: "http/shop/1" } }]);
    return response.status;
  };
  expect(await statusOf(true)).toBe(202);
  expect(await statusOf(false)).toBe(503);
});

test("a source is named in ASCII, whatever its path", () => {
  expect(sourceName({ ...authLog(), writtenPath: "/größe/a b" })).toMatch(/^[\x21-\x7e]+$/);
});

test.each([
  ["nothing", undefined],
  ["no JSON", "{"],
  ["null", "null"],
  ["no place", '{"identity":"x"}'],
  ["a negative offset", '{"identity":"x","offset":-1}'],
  ["a broken former self", '{"identity":"x","offset":1,"previous":{"identity":3,"offset":1}}'],
])("a cursor that is %s is none", (_what, text) => {
  expect(readCursor(text === undefined ? undefined : utf8(text))).toBeUndefined();
});

test("a cursor reads back with its former self", () => {
  const cursor = { identity: "x", offset: 7, previous: { identity: "y", offset: 3 } };
  expect(readCursor(utf8(JSON.stringify(cursor)))).toEqual(cursor);
});

test("trouble with a log is told once, and again when it comes back after it had ended", async () => {
  mkdirSync(authLog().path);
  let looks = 0;
  let beforeMs = 0;
  const monotonicMs = () => {
    looks++;
    return beforeMs + looks;
  };
  const { feed } = feedOf(new Map(), true, { ...clockAt(NOW_MS), monotonicMs });
  const warnings = () =>
    readFileSync(join(folder, "feed.log"), "utf8").split("a log cannot be read").length - 1;
  await feed.start([authLog()]);
  await vi.waitUntil(() => looks >= 3, { timeout: 10_000 });
  expect(warnings()).toBe(1);
  beforeMs = 60_000;
  const seen = looks;
  await vi.waitUntil(() => looks >= seen + 3, { timeout: 10_000 });
  expect(warnings()).toBe(2);
  await feed.close();
});

test("a login that stands in two logs of this host is one event", async () => {
  writeFileSync(authLog().path, line(1) + line(2));
  const path = join(folder, "copy.log");
  writeFileSync(path, line(2) + line(3));
  const copy = { ...authLog(), writtenPath: "copy.log", path };
  const { feed, inputs } = feedOf();
  await feed.start([authLog(), copy]);
  await vi.waitUntil(() => feed.counts().every(({ lines }) => lines === 2), { timeout: 10_000 });
  const peers = eventsOf(inputs).map((input) => input.type === "event" && input.event.address);
  expect(peers.sort()).toEqual([1, 2, 3].map((n) => `address:203.0.113.${n}`));
  expect(feed.counts().map(({ events }) => events)).toEqual([2, 2]);
  await feed.close();
});
