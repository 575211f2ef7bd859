// What was verified before is not asked for nor verified again; a coordinator that contradicts it
// is an alarm, and a damaged checkpoint is dropped and never believed.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AdminClient } from "@ostraka/coordinator";
import { openCrypto } from "@ostraka/host";
import {
  type Crypto,
  type EntryRecord,
  Ledger,
  OstrakaError,
  type SealedHead,
} from "@ostraka/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Checkpoint } from "./checkpoint.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { VerifiedMesh } from "./verified-mesh.ts";

let dir: string;
let mesh: SampleMesh;
let verified = 0;
let asked: number[] = [];

/** Counts signatures checked. */
const crypto: Crypto = (() => {
  const real = openCrypto();
  const sha256: Crypto["sha256"] = (...parts) => real.sha256(...parts);
  const verify: Crypto["verify"] = (...args) => {
    verified++;
    return real.verify(...args);
  };
  return { ...real, sha256, verify };
})();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-checkpoint-"));
  mesh = sampleMesh("acme");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Shown {
  readonly records: readonly EntryRecord[];
  readonly sealed: SealedHead;
}

const showNow = (ledger: 1 | 2): Shown => mesh.read(ledger);

/** One that shows what it is given. */
function coordinator(show: (ledger: 1 | 2) => Shown) {
  const ledger = {
    listEntries: async (request: { ledger?: number; fromIndex?: bigint }) => {
      const { records, sealed } = show(request.ledger as 1 | 2);
      asked.push(Number(request.fromIndex));
      return { head: sealed, records: records.slice(Number(request.fromIndex) - 1) };
    },
    getSealedHead: async (request: { ledger?: number }) => ({
      head: show(request.ledger as 1 | 2).sealed,
    }),
  };
  return { ledger };
}

async function gone(): Promise<never> {
  throw new OstrakaError("OSTRAKA_UNREACHABLE", "nobody answers");
}

/** A coordinator of this mesh; what it shows may be another state of it. */
function open(show = showNow, each?: readonly object[]): VerifiedMesh {
  verified = 0;
  asked = [];
  const { ledger } = coordinator(show);
  const client = { ledger, ...(each !== undefined && { each }) } as unknown as AdminClient;
  const patience = { tries: 4, pauseMs: 1, forMs: 60_000 };
  return new VerifiedMesh({ crypto, genesis: mesh.genesis, client, data: dir, patience });
}

const path = () => new Checkpoint(dir, mesh.genesis.mesh).path;

describe("a checkpoint", () => {
  it("spares the next command the walk: only what is new is asked for and verified", async () => {
    const first = open();
    const entries = await first.refresh();
    const all = verified;
    const again = open();
    expect(await again.refresh()).toEqual([]);
    expect([...again.walk.entries()]).toHaveLength(entries.length);
    expect(verified).toBeLessThan(all / 5);
    expect(Math.min(...asked)).toBeGreaterThan(2);
    mesh.propose("revoke", "user:acme/later", "olga");
    mesh.tick(Ledger.CONTROL);
    expect(await open().refresh()).toHaveLength(1);
    expect(await open().refresh()).toEqual([]);
  });

  it("leads to the very same walk", async () => {
    await open().refresh();
    mesh.approve(mesh.propose("revoke", "user:acme/later", "olga"), "ada", "sam");
    mesh.tick(Ledger.CONTROL);
    const again = open();
    await again.refresh();
    rmSync(path());
    const fresh = open();
    await fresh.refresh();
    expect([...again.walk.entries()]).toEqual([...fresh.walk.entries()]);
    expect(again.walk.headOf(Ledger.CONTROL)).toEqual(fresh.walk.headOf(Ledger.CONTROL));
  });

  it("is complete again when two commands have added the same at a time", async () => {
    const [one, two] = [open(), open()];
    await Promise.all([one.refresh(), two.refresh()]);
    mesh.propose("revoke", "user:acme/later", "olga");
    mesh.tick(Ledger.CONTROL);
    await Promise.all([one.refresh(), two.refresh()]);
    expect(await open().refresh()).toEqual([]);
  });

  it("that was damaged at any place is dropped or cut, and never believed", async () => {
    const whole = open();
    const entries = (await whole.refresh()).length;
    const kept = readFileSync(path());
    for (let at = 7; at < kept.length; at += Math.floor(kept.length / 23)) {
      const bytes = Buffer.from(kept);
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(path(), bytes);
      const mended = open();
      await mended.refresh();
      expect([...mended.walk.entries()]).toHaveLength(entries);
      expect([...mended.walk.entries()]).toEqual([...whole.walk.entries()]);
    }
  });

  it("holds nothing any more that was erased", async () => {
    mesh.machineVersion = 2;
    mesh.tick(Ledger.CONTROL);
    mesh.importControl();
    mesh.nowMs += 40 * 86_400_000;
    mesh.tick(Ledger.CONTROL);
    mesh.tick(Ledger.SIGNALS);
    await open().refresh();
    const subject = "user:acme/waiting";
    const isKept = () =>
      readFileSync(path(), "utf8")
        .split("\n")
        .some((line) => {
          const { privates = [] } = (line === "" ? {} : JSON.parse(line)) as {
            privates?: { content: string }[];
          };
          return privates.some(({ content }) => Buffer.from(content, "base64").includes(subject));
        });
    expect(isKept()).toBe(true);
    const record = mesh
      .read(Ledger.CONTROL)
      .records.find(({ privates }) =>
        privates.some(({ content }) => Buffer.from(content).includes(subject)),
      );
    const parts = record?.privates ?? [];
    mesh.erase(
      parts.map(({ salt, content }) => crypto.sha256(salt, content)),
      "olga",
      "omar",
    );
    mesh.tick(Ledger.CONTROL);
    await open().refresh();
    expect(mesh.refusals).toEqual([]);
    expect(isKept()).toBe(false);
    expect(await open().refresh()).toEqual([]);
  });
});

describe("a coordinator that contradicts it", () => {
  it("by less than was sealed, under a later head, is an alarm at once", async () => {
    const short = new Map([1, 2].map((l) => [l, mesh.read(l as 1 | 2)]));
    mesh.propose("revoke", "user:acme/later", "olga");
    mesh.tick(Ledger.CONTROL);
    await open().refresh();
    const lie = open((ledger) => short.get(ledger) as Shown);
    await expect(lie.refresh()).rejects.toThrow(/ALARM: ledger c .*it ends at index/);
  });

  it("by less, as one that starts does, is no alarm where another has what was sealed", async () => {
    const short = new Map([1, 2].map((l) => [l, mesh.read(l as 1 | 2)]));
    mesh.propose("revoke", "user:acme/later", "olga");
    mesh.tick(Ledger.CONTROL);
    await open().refresh();
    const old = (ledger: 1 | 2) => short.get(ledger) as Shown;
    const away = { ledger: { listEntries: gone, getSealedHead: gone } };
    expect(await open(old, [coordinator(old), away, coordinator(showNow)]).refresh()).toEqual([]);
    const none = open(old, [coordinator(old), away]);
    await expect(none.refresh()).rejects.toThrow(/ALARM: ledger c .*it ends at index/);
  });

  it("by another history is an alarm at once", async () => {
    await open().refresh();
    const { genesis } = mesh;
    const other = sampleMesh("acme");
    const lie = open((ledger) => other.read(ledger));
    expect(mesh.genesis).toBe(genesis);
    await expect(lie.refresh()).rejects.toThrow(/ALARM: .*two histories/);
  });

  it("by words that it withholds leaves nothing behind that the next one would trip over", async () => {
    const bare = (record: EntryRecord): EntryRecord => ({ ...record, privates: [] });
    const lie = open((ledger) => {
      const { records, sealed } = mesh.read(ledger);
      return { records: records.map(bare), sealed };
    });
    await expect(lie.refresh()).rejects.toThrow(/commitment-mismatch/);
    const honest = open();
    await honest.refresh();
    expect([...honest.walk.entries()].some(({ bySealsOnly }) => bySealsOnly)).toBe(false);
  });

  it("by what follows another root is found out at the first entry", async () => {
    await open().refresh();
    const { records, sealed } = mesh.read(Ledger.CONTROL);
    const extra = [...records, records.at(-1) as EntryRecord];
    mesh.tick(Ledger.CONTROL);
    mesh.propose("revoke", "user:acme/later", "olga");
    const later = mesh.read(Ledger.CONTROL).sealed;
    expect(later).not.toEqual(sealed);
    const lie = open((ledger) =>
      ledger === Ledger.CONTROL ? { records: extra, sealed: later } : mesh.read(ledger),
    );
    await expect(lie.refresh()).rejects.toThrow(/does not hold/);
  });
});
