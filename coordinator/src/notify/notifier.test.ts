// Notices over a real store, a real HTTP receiver and a real program: at least once, signed, in
// order, not twice after a restart, and nothing personal in them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { openCrypto, openSqliteStore, type SqliteStore } from "@ostraka/host";
import { type Entry, EntrySchema, encodeNew, hex, Ledger, ProposalSchema } from "@ostraka/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Deliver, execDelivery, webhookDelivery, webhookSignature } from "./deliver.ts";
import type { Notice } from "./notice.ts";
import { Notifier, type NotifierParts } from "./notifier.ts";
import { NOTICES_MAX, NoticeOutbox } from "./outbox.ts";

const MESH = "ab".repeat(32);
const SECRET = new Uint8Array(24).fill(7);
const crypto = openCrypto();
const proposal = encodeNew(ProposalSchema, { format: 1, wish: { case: "revoke", value: {} } });

let folder: string;
let store: SqliteStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "notify-"));
  store = openSqliteStore(join(folder, "state.sqlite"));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function entry(index: number, effect: Entry["effect"] = refusals()): Entry {
  const fields = { index: BigInt(index), machineTimeMs: BigInt(1_000 * index) };
  return create(EntrySchema, { ...fields, effect });
}

function refusals(): Entry["effect"] {
  return create(EntrySchema, { effect: { case: "refusals", value: {} } }).effect;
}

function proposed(): Entry["effect"] {
  const value = { type: "", body: proposal };
  return create(EntrySchema, { effect: { case: "proposal", value } }).effect;
}

/** A notifier over entries of the control ledger, with a clock of its own. */
function stand(deliver: Deliver, more: Partial<NotifierParts> = {}) {
  const entries: Entry[] = [];
  const conditions: ReturnType<NotifierParts["conditions"]> = [];
  const state = { nowMs: 1_000_000, setBackMs: 0, conditions };
  const parts: NotifierParts = {
    mesh: MESH,
    outbox: new NoticeOutbox(store),
    deliver,
    sha256: (bytes) => crypto.sha256(bytes),
    sealedIndex: () => entries.length,
    entries: (_ledger, first, countMax) => entries.slice(first - 1, first - 1 + countMax),
    conditions: () => state.conditions,
    clock: { wallMs: () => state.nowMs - state.setBackMs, monotonicMs: () => state.nowMs },
    log: { warn: () => undefined, info: () => undefined },
    ...more,
  };
  let notifier = new Notifier(parts);
  return {
    entries,
    state,
    tick: () => notifier.tick([Ledger.CONTROL]),
    restart: () => {
      notifier = new Notifier(parts);
    },
  };
}

describe("a notice", () => {
  it("is sent for what comes after the first look, once, also over a restart", async () => {
    const sent: Notice[] = [];
    const { entries, tick, restart } = stand(async (notice) => void sent.push(notice));
    entries.push(entry(1, proposed()));
    await tick();
    expect(sent).toEqual([]);
    entries.push(entry(2), entry(3, proposed()));
    await tick();
    restart();
    await tick();
    expect(sent.map(({ id, kind }) => [id, kind])).toEqual([
      [`${MESH.slice(0, 16)}/c:3`, "proposal-waits"],
    ]);
    expect(sent[0]?.text).toContain(`ostraka approve ${hex(crypto.sha256(proposal))}`);
  });

  it("waits for a receiver that fails, longer each time, and comes in order", async () => {
    const sent: string[] = [];
    let isDown = true;
    let tries = 0;
    const { entries, state, tick, restart } = stand(async ({ at }) => {
      tries++;
      if (isDown) throw new Error("down");
      sent.push(String(at));
    });
    await tick();
    entries.push(entry(1, proposed()), entry(2, proposed()));
    await tick();
    await tick();
    expect(tries).toBe(1);
    state.nowMs += 1_000;
    await tick();
    state.nowMs += 1_000;
    await tick();
    expect(tries).toBe(2);
    isDown = false;
    restart();
    await tick();
    expect(sent).toEqual(["c:1", "c:2"]);
  });

  it("that waits is tried again on time though the clock was set back by an hour", async () => {
    let tries = 0;
    const { entries, state, tick } = stand(async () => {
      tries++;
      throw new Error("down");
    });
    await tick();
    entries.push(entry(1, proposed()));
    await tick();
    state.setBackMs = 3_600_000;
    state.nowMs += 999;
    await tick();
    expect(tries).toBe(1);
    state.nowMs += 1;
    await tick();
    expect(tries).toBe(2);
  });

  it("tells a condition when it begins, not while it lasts, and again when it returns", async () => {
    const sent: Notice[] = [];
    const { state, tick } = stand(async (notice) => void sent.push(notice));
    const damage = { id: "journal-damaged/c", kind: "journal-damaged" as const, text: "stopped" };
    for (const conditions of [[damage], [damage], [], [damage]]) {
      state.nowMs += 1_000;
      state.conditions = conditions;
      await tick();
    }
    expect(sent.map((notice) => notice.kind)).toEqual(["journal-damaged", "journal-damaged"]);
    expect(new Set(sent.map((notice) => notice.id)).size).toBe(2);
  });

  it("makes room when nobody takes them for long: the newest stay", async () => {
    const { entries, tick } = stand(async () => Promise.reject(new Error("down")));
    await tick();
    for (let i = 1; i <= NOTICES_MAX + 5; i++) entries.push(entry(i, proposed()));
    for (let i = 0; i < 6; i++) await tick();
    const outbox = new NoticeOutbox(store);
    outbox.trim();
    expect(outbox.pending().length).toBe(NOTICES_MAX);
    expect(outbox.pending().at(-1)?.at).toBe(`c:${NOTICES_MAX + 5}`);
  });
});

describe("a webhook", () => {
  interface Taken {
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
  }
  const taken: Taken[] = [];
  let status = 204;
  let server: Server;
  beforeEach(async () => {
    taken.length = 0;
    server = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      taken.push({ headers: request.headers, body: Buffer.concat(pieces).toString("utf8") });
      response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const notice: Notice = { id: "m/c:1", kind: "proposal-waits", mesh: MESH, timeMs: 5, text: "x" };
  const send = () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    return webhookDelivery(url, SECRET)(notice, 1_700_000_000_999);
  };

  it("carries a signature that its receiver can check", async () => {
    status = 204;
    await send();
    const [{ headers, body } = { headers: {}, body: "" }] = taken;
    expect(JSON.parse(body)).toEqual(notice);
    expect(headers["webhook-id"]).toBe("m/c:1");
    expect(headers["webhook-timestamp"]).toBe("1700000000");
    const expected = webhookSignature(SECRET, "m/c:1", "1700000000", body);
    expect(headers["webhook-signature"]).toBe(expected);
    expect(webhookSignature(SECRET, "m/c:2", "1700000000", body)).not.toBe(expected);
  });

  // The example of the specification: Standard Webhooks 1.0, "Verifying signatures".
  it("is signed as the specification's own example is", () => {
    const secret = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
    const body = '{"test": 2432232314}';
    const made = webhookSignature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
    expect(made).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  it.each([400, 500, 302])("answered %i is not delivered", async (answer) => {
    status = answer;
    await expect(send()).rejects.toThrow(/not delivered/);
  });

  it("whose receiver is gone is not delivered", async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(webhookDelivery("http://127.0.0.1:9/hook", SECRET)(notice, 0)).rejects.toThrow(
      /does not answer/,
    );
  });
});

describe("a program", () => {
  const notice: Notice = { id: "m/c:1", kind: "proposal-waits", mesh: MESH, timeMs: 5, text: "x" };
  const run = (source: string) => {
    const script = join(folder, "tell.mjs");
    writeFileSync(script, source);
    return execDelivery([process.execPath, script])(notice, 0);
  };

  it("gets the notice on its standard input, and its id without reading it", async () => {
    const told = join(folder, "told");
    await run(`
      import { readFileSync, writeFileSync } from "node:fs";
      writeFileSync(${JSON.stringify(told)}, process.env.OSTRAKA_NOTICE_ID + readFileSync(0, "utf8"));
    `);
    expect(readFileSync(told, "utf8")).toBe(`m/c:1${JSON.stringify(notice)}\n`);
  });

  it("that fails has not delivered, and what it said is passed on", async () => {
    await expect(run('console.error("no pager"); process.exit(3)')).rejects.toThrow(
      /ended with 3: no pager/,
    );
  });

  it("that is not there has not delivered", async () => {
    await expect(execDelivery(["/nowhere/page"])(notice, 0)).rejects.toThrow(/cannot be run/);
  });
});
