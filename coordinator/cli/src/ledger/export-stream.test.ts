// A streaming export against a real receiver that fails, hangs, is killed and comes back:
// everything arrives in order, at least once, and the cursor never runs ahead of what was taken.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCrypto } from "@ostraka/host";
import { Ledger } from "@ostraka/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodeOf } from "../failure.ts";
import { deliverNew } from "./deliver.ts";
import { type Cursor, checkCursor, readCursor, writeCursor } from "./export-cursor.ts";
import { fileReceiver, headerIn, httpReceiver, type Receiver, urlOf } from "./export-receiver.ts";
import type { LedgerWalk } from "./ledger-walk.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { walkOf } from "./walk-sample.ts";

const crypto = openCrypto();

interface Taken {
  readonly key: string;
  readonly authorization: string | undefined;
  readonly ids: readonly string[];
}

/** A receiver in this process: what it has taken, and what it answers next. */
class HttpStand {
  readonly taken: Taken[] = [];
  /** Answers to come, 200 after them; `hang` answers nothing, `drop` hangs up. */
  readonly answers: (number | "hang" | "drop" | "take-and-drop")[] = [];
  #server: Server | undefined;
  port = 0;

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece) => pieces.push(piece));
      request.on("end", () => {
        const answer = this.answers.shift() ?? 200;
        if (answer === "hang") return;
        if (answer === 200 || answer === "take-and-drop") {
          const text = Buffer.concat(pieces).toString("utf8");
          const ids = text.trimEnd().split("\n");
          this.taken.push({
            key: String(request.headers["idempotency-key"]),
            authorization: request.headers.authorization,
            ids: ids.map((line) => (JSON.parse(line) as { id: string }).id),
          });
        }
        if (typeof answer !== "number") response.destroy();
        else response.writeHead(answer).end("so be it");
      });
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(this.port, "127.0.0.1", done));
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((done) => this.#server?.close(done) ?? done(undefined));
  }

  receiver(authorization?: string, timeoutMs = 150): Receiver {
    const url = new URL(`http://127.0.0.1:${this.port}/siem`);
    const auth = authorization === undefined ? {} : { authorization };
    return httpReceiver({ url, timeoutMs, ...auth });
  }

  get ids(): string[] {
    return this.taken.flatMap(({ ids }) => ids);
  }
}

let dir: string;
let stand: HttpStand;
let mesh: SampleMesh;
let walk: LedgerWalk;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-stream-"));
  stand = new HttpStand();
  await stand.listen();
  mesh = sampleMesh("acme");
  walk = walkOf(mesh);
});
afterEach(async () => {
  await stand.close();
  rmSync(dir, { recursive: true, force: true });
});

function send(receiver: Receiver, deadlineMs = performance.now() + 20_000, waits: string[] = []) {
  const cursorPath = join(dir, "cursor.json");
  const wanted = { mesh: mesh.genesis.mesh, format: "jsonl" as const, to: receiver.name };
  const cursor = readCursor(cursorPath, wanted);
  checkCursor(walk, cursor);
  const onWait = (why: string) => waits.push(why);
  const shared = { crypto, walk, receiver, format: "jsonl" as const, cursorPath, deadlineMs };
  return deliverNew({ ...shared, onWait }, cursor);
}

const cursorNow = () => JSON.parse(readFileSync(join(dir, "cursor.json"), "utf8")) as Cursor;
const entries = () => walk.indexOf(Ledger.CONTROL) + walk.indexOf(Ledger.SIGNALS);

describe("an HTTP receiver", () => {
  it("gets every entry once, in order, and then only what is new", async () => {
    const { lines } = await send(stand.receiver("Bearer secret"));
    expect(lines).toBe(entries());
    expect(new Set(stand.ids).size).toBe(entries());
    const ofControl = stand.ids.filter((id) => id.includes("/c:"));
    expect(ofControl.map((id) => Number(id.split(":")[1]))).toEqual(
      Array.from({ length: walk.indexOf(Ledger.CONTROL) }, (_, i) => i + 1),
    );
    expect(stand.taken[0]?.authorization).toBe("Bearer secret");
    expect((await send(stand.receiver())).lines).toBe(0);
    mesh.propose("revoke", "user:acme/later", "olga");
    mesh.tick(Ledger.CONTROL);
    walk = walkOf(mesh);
    expect((await send(stand.receiver())).lines).toBe(1);
    expect(stand.ids).toHaveLength(entries());
  });

  it("that fails, hangs and hangs up gets the same batch until it takes it", async () => {
    stand.answers.push(503, "hang", "drop", 429);
    const waits: string[] = [];
    await send(stand.receiver(), undefined, waits);
    expect(stand.ids).toHaveLength(entries());
    expect(waits).toHaveLength(4);
    expect(waits[0]).toMatch(/it answers 503; the same batch goes again in 0.25 s/);
    expect(waits[1]).toMatch(/no answer within 0.15 s/);
  });

  it("that is away is waited for, and gets everything when it comes back", async () => {
    await stand.close();
    const sending = send(stand.receiver());
    await stand.listen();
    await sending;
    expect(stand.ids).toHaveLength(entries());
  });

  it("that took a batch and said nothing gets it again with the same key and ids", async () => {
    stand.answers.push("take-and-drop");
    await send(stand.receiver());
    const [first, second] = stand.taken;
    expect(second).toEqual(first);
    expect(new Set(stand.ids).size).toBe(entries());
  });

  it("that refuses ends the export, and the cursor stays", async () => {
    stand.answers.push(400);
    const failed = await send(stand.receiver()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "OSTRAKA_REFUSED" });
    expect(exitCodeOf(failed)).toBe(1);
    expect(cursorNow().done).toEqual({ c: 0, s: 0 });
    await send(stand.receiver());
    expect(stand.ids).toHaveLength(entries());
  });

  it("that never answers ends the export at its deadline, and the cursor stays", async () => {
    stand.answers.push("hang", "hang", "hang", "hang", "hang", "hang");
    const failed = await send(stand.receiver(), performance.now() + 100).catch((e: unknown) => e);
    expect(failed).toMatchObject({ code: "OSTRAKA_DEADLINE" });
    expect(cursorNow().done).toEqual({ c: 0, s: 0 });
  });

  it("that hangs is waited for no longer than the export's own deadline", async () => {
    stand.answers.push("hang", "hang");
    const patient = stand.receiver(undefined, 3_600_000);
    const failed = await send(patient, performance.now() + 300).catch((e: unknown) => e);
    expect(failed).toMatchObject({ code: "OSTRAKA_DEADLINE" });
  });

  it("that redirects is refused: a secret goes only where it was meant to go", async () => {
    stand.answers.push(302);
    const failed = await send(stand.receiver("Bearer secret")).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "OSTRAKA_REFUSED" });
  });
});

describe("a cursor", () => {
  it("of a batch that was on its way sends that one again, though more has come", async () => {
    const receiver = stand.receiver();
    const done = { c: 0, s: 0 };
    const pending = { c: 3, s: 0 };
    const shared = {
      mesh: mesh.genesis.mesh,
      format: "jsonl" as const,
      to: receiver.name,
      heads: [],
    };
    writeCursor(join(dir, "cursor.json"), { ...shared, done, pending });
    await send(receiver);
    expect(stand.taken[0]?.ids).toHaveLength(3);
    expect(stand.ids).toHaveLength(entries());
  });

  it("past the ledger's end is an alarm", async () => {
    await send(stand.receiver());
    const young = sampleMesh("acme");
    walk = walkOf(young);
    const cursor = cursorNow();
    const longer = cursor.heads.map((head) => head.replace(/^c:\d+/, "c:999"));
    writeCursor(join(dir, "cursor.json"), { ...cursor, heads: longer });
    expect(() => send(stand.receiver())).toThrow(/was sealed: entries were cut off its end/);
  });

  it("of another root is an alarm", async () => {
    await send(stand.receiver());
    const cursor = cursorNow();
    const other = cursor.heads.map((head) => head.replace(/[0-9a-f]{64}$/, "0".repeat(64)));
    writeCursor(join(dir, "cursor.json"), { ...cursor, heads: other });
    expect(() => send(stand.receiver())).toThrow(/have sealed two histories/);
  });

  it("of another destination, and a damaged one, are refused in words", async () => {
    await send(stand.receiver());
    expect(() => send(fileReceiver(join(dir, "out.jsonl")))).toThrow(/cursor of another export/);
    writeFileSync(join(dir, "cursor.json"), '{"kind":"cursor"}');
    expect(() => send(stand.receiver())).toThrow(/is no cursor of/);
  });
});

describe("a file", () => {
  it("grows by what is new, and what a killed process left half written is cut off", async () => {
    const path = join(dir, "out.jsonl");
    const receiver = fileReceiver(path);
    await send(receiver);
    const whole = readFileSync(path, "utf8");
    expect(whole.trimEnd().split("\n")).toHaveLength(entries());
    appendFileSync(path, '{"id":"half');
    mesh.propose("revoke", "user:acme/later", "olga");
    mesh.tick(Ledger.CONTROL);
    walk = walkOf(mesh);
    await send(receiver);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(entries());
    expect(lines.every((line) => JSON.parse(line).id !== undefined)).toBe(true);
  });
});

describe("destinations", () => {
  it("are files, or addresses without a password that encrypt what is secret", () => {
    expect(urlOf("/var/log/ledger.jsonl")).toBeUndefined();
    expect(urlOf("https://siem.example/in")?.host).toBe("siem.example");
    expect(() => urlOf("ftp://siem.example/")).toThrow(/cannot be sent to/);
    expect(() => urlOf("https://me:pass@siem.example/")).toThrow(/holds a password/);
    const clear = { url: new URL("http://siem.example/"), authorization: "Bearer x" };
    expect(() => httpReceiver(clear)).toThrow(/would be read on the way/);
    expect(() => headerIn("auth", "Bearer x\nX-Other: y")).toThrow(/no Authorization header/);
    expect(headerIn("auth", "Bearer x\n")).toBe("Bearer x");
  });
});
