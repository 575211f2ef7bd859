// Everybody who asks, with real processes on a three-server NATS cluster: a watch and paged reads
// go on without gap or repeat while coordinators are killed under them, a read waits for the index
// that it names, the same signed bytes sent to every replica are entered once, an auditor reads all
// and changes nothing, and a stock gRPC client finds its way by reflection and health.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AdminClient, connectAdmin, readTlsFile } from "@ostraka/coordinator";
import { decode, EntrySchema, hex, Ledger, LIMITS } from "@ostraka/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pathsOf } from "../../../../coordinator/cli/src/mesh-dir.ts";
import { natsVersion } from "../../../integration/nats-server.ts";
import { hasProc } from "../../kit/processes.ts";
import { Three } from "../../kit/three.ts";
import { until } from "../../kit/up-run.ts";
import { Writer } from "../../kit/writer.ts";

const isAble = hasProc && natsVersion() !== undefined;
if (!isAble)
  process.stderr.write("skipped: needs /proc and nats-server (apt install nats-server)\n");
const WAIT_MS = 90_000;

describe.skipIf(!isAble)("three coordinators that are asked", () => {
  let three: Three;
  let writer: Writer;
  let client: AdminClient;
  beforeAll(async () => {
    three = await Three.start(2);
    writer = new Writer(three);
    client = three.client();
  }, 180_000);
  afterAll(async () => {
    await writer.stop();
    await three[Symbol.asyncDispose]();
  }, 60_000);

  it("give one watch every entry once, in order, while each of them is killed in turn", async () => {
    const indices: number[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      const options = { signal: stop.signal };
      for await (const { item } of client.ledger.watchEntries({ ledger: 1 }, options)) {
        if (item.case !== "record") continue;
        const entry = decode(EntrySchema, item.value.entry, LIMITS.entryBytesMax);
        indices.push(Number(entry?.index ?? 0n));
      }
    })();
    writer.start();
    for (const part of three.coordinators) {
      const seen = indices.length;
      await until(() => indices.length > seen + 2, WAIT_MS, "the watch goes on before a kill");
      await part.kill();
      const then = indices.length;
      await until(() => indices.length > then + 2, WAIT_MS, `it goes on without ${part.name}`);
      await part.start();
    }
    await writer.stop();
    await writer.settle();
    const written = Math.max(...writer.book.flatMap((one) => [...one.indices]));
    await until(() => (indices.at(-1) ?? 0) >= written, WAIT_MS, "the watch has all of it");
    stop.abort();
    await reading;
    expect(indices).toEqual(indices.map((_, i) => i + 1));
  }, 400_000);

  it("answer the same pages, whichever of them gives the next one", async () => {
    const done = writer.book.filter(({ kind, verdictId }) => kind === "approval" && verdictId);
    const last = Math.max(...writer.book.flatMap((one) => [...one.indices])) + 1;
    const minIndex = { control: BigInt(last), signals: 0n };
    const ids: string[] = [];
    let pageToken = "";
    for (let page = 0; page < 500; page++) {
      const one = three.each[page % 3] as AdminClient;
      const read = pageToken === "" ? { minIndex } : { pageToken, minIndex };
      const { verdicts, nextPageToken } = await one.verdict.list({ ...read, pageSize: 2 });
      ids.push(...verdicts.map(({ id }) => hex(id)));
      pageToken = nextPageToken;
      if (pageToken === "") break;
    }
    expect(new Set(ids).size).toBe(ids.length);
    const made = new Set(done.map(({ verdictId }) => verdictId));
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) expect(made).toContain(id);
  }, 120_000);

  it("enter the same signed bytes once, whoever of them they are sent to", async () => {
    const [written] = writer.book.filter(({ kind }) => kind === "proposal");
    if (written === undefined) throw new Error("nothing was written");
    const answers = await Promise.all(
      three.each.map((one) =>
        one.command.submit({
          command: written.envelope,
          privates: [...written.privates],
          waitMs: 10_000,
        }),
      ),
    );
    const indices = new Set(answers.map(({ index }) => Number(index)));
    expect(indices).toEqual(written.indices);
  }, 60_000);

  it("read everything to an auditor, and take nothing on the auditor's word", async () => {
    const { stand } = three;
    const issued = await stand.run("access", "issue", "--name", "vera", "--data", stand.data);
    expect(issued.code, issued.stdout + issued.stderr).toBe(0);
    const paths = pathsOf(stand.data);
    const ca = readFileSync(paths.caCertificate, "utf8");
    const addresses = three.file.coordinators.map(({ api }) => api);
    const vera = connectAdmin({ addresses, ca, ...readTlsFile(paths.tls("vera")) });
    try {
      const { verdicts } = await vera.verdict.list({});
      expect(verdicts.length).toBeGreaterThan(0);
      const forged = { payloadType: "", body: new Uint8Array(8), signatures: [] };
      const refused = vera.command.submit({ command: forged, privates: [], waitMs: 5_000 });
      await expect(refused).rejects.toMatchObject({
        code: expect.stringMatching(/^OSTRAKA_/),
      });
    } finally {
      vera.close();
    }
    const told = await stand.run("status", "--as", "vera", "--data", stand.data, "--json");
    expect(told.stdout).toContain("coordinator-3");
    const signs = await stand.run(
      ...["propose", "user:local/zed", "--stage", "suspend", "--ttl", "1h", "--reason", "x"],
      ...["--as", "vera", "--data", stand.data, "--unseen"],
    );
    expect(signs.code).not.toBe(0);
  }, 120_000);

  it("show the whole of it in one export that holds offline", async () => {
    const { stand } = three;
    const out = join(stand.dir, "asked.jsonl");
    const made = await stand.run("ledger", "export", "--out", out, "--data", stand.data);
    expect(made.code, made.stdout + made.stderr).toBe(0);
    const genesis = pathsOf(stand.data).genesis;
    const verified = await stand.run("ledger", "verify", out, "--genesis", genesis, "--json");
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    const proposals = writer.book.filter(({ kind }) => kind !== "approval");
    const text = readFileSync(out, "utf8");
    expect(text.split('"kind":"entry"').length).toBeGreaterThan(proposals.length);
    expect(Ledger.CONTROL).toBe(1);
  }, 120_000);
});
