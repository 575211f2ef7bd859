// The ledger of a real mesh, as an auditor and a security team use it: exported, verified and
// proven offline, streamed to a receiver over a kill -9, and with personal content erased from it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { effectsOf } from "../../kit/exported.ts";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, type Ended, kill, Stand, until } from "../../kit/up-run.ts";
import { LogReceiver } from "./receiver.ts";

const STAYS_UP = /The mesh stays up/;

describe.skipIf(!hasProc)("the ledger of a real mesh (needs /proc)", () => {
  let stand: Stand;
  let up: CliRun;
  beforeAll(async () => {
    stand = new Stand();
    up = stand.start(["up", "--data", stand.data]);
    await up.says(STAYS_UP);
  }, 120_000);
  afterAll(async () => {
    up?.signal("SIGINT");
    await up?.ended;
    stand?.[Symbol.dispose]();
  });

  const run = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await stand.run(...args, "--data", stand.data);
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    return ended;
  };
  const objects = ({ stdout }: Ended) =>
    stdout
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  const file = (name: string) => join(stand.dir, name);
  const verify = (path: string, ...more: readonly string[]) =>
    stand.run("ledger", "verify", path, "--data", stand.data, "--json", ...more);

  it("is exported and verified; a flipped byte and a cut-off end are found", async () => {
    const [short, long] = [file("short.jsonl"), file("long.jsonl")];
    await run("ledger", "export", "--out", short);
    const [verified] = objects(await verify(short));
    expect(verified).toMatchObject({ verified: true, bySealsOnly: [], erased: 0, pruned: 0 });
    const [head] = verified.heads as { head: string; seals: number; coordinators: number }[];
    expect(head).toMatchObject({ seals: 1, coordinators: 1 });

    const text = readFileSync(short, "utf8");
    const at = Math.floor(text.length / 2);
    const flipped = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    writeFileSync(file("flipped.jsonl"), flipped);
    const refused = await verify(file("flipped.jsonl"));
    expect(refused.code).toBe(1);
    expect(objects(refused)).toMatchObject([{ verified: false }]);

    await run("propose", "user:local/zoe", ...WISH, "--as", "olga");
    await run("ledger", "export", "--out", long);
    const [after] = objects(await verify(long, "--expect", head?.head as string));
    const newest = (after.heads as { head: string }[])[0]?.head as string;
    const cut = await verify(short, "--expect", newest);
    expect(cut.code).toBe(1);
    expect(objects(cut)).toMatchObject([{ verified: false, code: "cut-off" }]);
  }, 60_000);

  it("is queried by subject, host, kind and time, from what was verified before", async () => {
    const verdicts = objects(await run("ledger", "query", "--kind", "verdict", "--json"));
    expect(verdicts.map(({ effect }) => effect).sort()).toEqual(
      ["lift", "revocation", "revocation"].sort(),
    );
    const about = objects(
      await run("ledger", "query", "--subject", "address:203.0.113.7", "--json"),
    );
    expect(about.some(({ at }) => at === "s:1")).toBe(true);
    const ofHost = objects(await run("ledger", "query", "--host", "host-1", "--json"));
    expect(ofHost.map(({ effect }) => effect)).toContain("member");
    expect(objects(await run("ledger", "query", "--until", "1d", "--json"))).toEqual([]);
    expect(existsSync(join(stand.data, "cache"))).toBe(true);
  }, 60_000);

  it("proves a verdict to somebody who has a file and the mesh's id alone", async () => {
    const proof = file("verdict.proof.jsonl");
    await run("ledger", "prove", "s:1", "--out", proof);
    const { mesh } = JSON.parse(readFileSync(join(stand.data, "genesis.json"), "utf8"));
    const nowhere = mkdtempSync(join(tmpdir(), "ostraka-auditor-"));
    try {
      const check = (...args: readonly string[]) =>
        stand.run("ledger", "prove", "--check", proof, "--data", nowhere, "--json", ...args);
      const checked = await check("--mesh", mesh);
      expect(checked.code, checked.stdout + checked.stderr).toBe(0);
      expect(objects(checked)).toMatchObject([
        {
          verified: true,
          at: "s:1",
          kind: "revocation",
          judged: "re-derived",
          isMeshKnown: true,
          // Every host's own signature, under the certificate's root.
          coverage: { receipts: 3, missing: [] },
        },
      ]);
      const other = await check("--mesh", "0".repeat(64));
      expect(other.code).toBe(1);
      expect(objects(other)).toMatchObject([{ verified: false, code: "wrong-mesh" }]);
      const lines = readFileSync(proof, "utf8").replace(/"kind":"proven"/, '"kind":"basis"');
      writeFileSync(proof, lines);
      expect((await check("--mesh", mesh)).code).toBe(1);
    } finally {
      rmSync(nowhere, { recursive: true, force: true });
    }
  }, 60_000);

  it("streams OCSF to a receiver that fails, and doubles one batch over a kill -9", async () => {
    const receiver = new LogReceiver();
    const to = await receiver.listen();
    const [cursor, auth] = [file("cursor.json"), file("token")];
    writeFileSync(auth, "Bearer of-the-siem\n", { mode: 0o600 });
    const args = ["ledger", "export", "--format", "ocsf", "--to", to, "--cursor", cursor];
    const all = [...args, "--auth", auth, "--data", stand.data];
    receiver.answers.push("fail", "take-and-hang");
    const killed = stand.start(all);
    // 1. It has the batch and has not said so: the sender dies in between.
    await until(() => receiver.taken.length === 1, 30_000, "the receiver has a batch");
    kill(killed.pid);
    await killed.ended;
    expect(JSON.parse(readFileSync(cursor, "utf8")).done).toEqual({ c: 0, s: 0 });
    // 2. The same batch comes again, with the same key, and then the rest.
    await run(...all.slice(0, -2));
    const [first, second] = receiver.taken;
    expect(second).toEqual(first);
    expect(first?.authorization).toBe("Bearer of-the-siem");
    expect(new Set(receiver.ids).size).toBe(receiver.ids.length - (first?.ids.length ?? 0));
    // 3. Nothing new, nothing sent; then what is new alone.
    const before = receiver.ids.length;
    const idle = objects(await run(...all.slice(0, -2), "--json"));
    expect(idle[0].lines).toBeLessThanOrEqual(receiver.ids.length - before);
    await receiver.close();
  }, 90_000);

  it("forgets a person by order of two operators, and still verifies", async () => {
    const subject = "user:local/forget-me";
    const [before, after, order] = [file("before.jsonl"), file("after.jsonl"), file("order.json")];
    await run("propose", subject, ...WISH, "--valid", "2s", "--as", "olga");
    await run("ledger", "export", "--out", before);
    const erase = (...args: readonly string[]) =>
      stand.run("erase", ...args, "--yes", "--json", "--data", stand.data);
    // 1. Refused while the proposal is open, then signed by one operator, then sent by the other.
    let signed = await erase("--subject", subject, "--sign-only", "--out", order, "--as", "olga");
    for (let tries = 0; signed.code !== 0 && tries < 20; tries++) {
      expect(signed.code).toBe(1);
      signed = await erase("--subject", subject, "--sign-only", "--out", order, "--as", "olga");
    }
    expect(objects(signed)).toMatchObject([{ kind: "erasure", signatures: 1 }]);
    const sent = await erase("--add-signature", order, "--as", "omar");
    expect(sent.code, sent.stdout + sent.stderr).toBe(0);
    expect(objects(sent).at(-1)).toMatchObject({ erased: 1, coordinators: ["coordinator-1"] });
    // 2. Nobody reads it any more, here neither; both exports hold.
    await run("ledger", "export", "--out", after);
    expect(effectsOf(after)).toContain("erasure");
    const holds = (path: string) =>
      readFileSync(path, "utf8").includes(partsOf(before, "forget-me"));
    expect([holds(before), holds(after)]).toEqual([true, false]);
    expect((await verify(before)).code).toBe(0);
    expect(objects(await verify(after))).toMatchObject([{ verified: true, erased: 1 }]);
    expect(objects(await run("ledger", "query", "--subject", subject, "--json"))).toEqual([]);
  }, 90_000);
});

const WISH = ["--stage", "suspend", "--ttl", "10m", "--reason", "test", "--yes", "--unseen"];

/** The private part about somebody, as an export holds it. */
function partsOf(path: string, name: string): string {
  for (const line of readFileSync(path, "utf8").trimEnd().split("\n")) {
    const { privates = [] } = JSON.parse(line) as { privates?: { content: string }[] };
    const part = privates.find(({ content }) => Buffer.from(content, "base64").includes(name));
    if (part !== undefined) return part.content;
  }
  throw new Error(`${path} holds nothing about ${name}`);
}
