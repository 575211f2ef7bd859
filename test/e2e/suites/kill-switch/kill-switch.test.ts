// A kill switch from its preview to full coverage and back, with real processes: shown before it is
// signed, approved by a key without a network, counted by whoever asks, certified, lifted; and
// every nearest step that must not work.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { type CliRun, Stand } from "../../kit/up-run.ts";

const STAYS_UP = /The mesh stays up/;
const SUBJECT = "user:local/mallory";

describe.skipIf(!hasProc)("a kill switch (needs /proc)", () => {
  const stand = new Stand();
  let up: CliRun;
  const ask = (...args: readonly string[]) => stand.ask(...args);
  const propose = (...more: readonly string[]) =>
    ask("propose", "--stage", "suspend", "--ttl", "30m", "--reason", "stolen", ...more);
  const path = (name: string) => join(stand.dir, name);

  beforeAll(async () => {
    up = stand.start(["up", "--data", stand.data, "--no-replay"]);
    await up.says(STAYS_UP);
  }, 120_000);
  afterAll(async () => {
    up.signal("SIGTERM");
    await up.ended;
    stand[Symbol.dispose]();
  }, 30_000);

  it("shows what it would do and signs nothing", async () => {
    const shown = await propose(SUBJECT, "--as", "olga", "--preview", "--canary", "50%");
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.lines).toEqual([
      expect.objectContaining({
        kind: "preview",
        hosts: ["host-1", "host-2", "host-3"],
        isKnown: false,
        steps: [
          { afterMs: 0, permille: 500 },
          { afterMs: 600_000, permille: 1_000 },
        ],
      }),
    ]);
    const open = await ask("proposal", "list", "--as", "ada");
    expect(open.lines).toEqual([]);
  });

  it("refuses a scope that reaches nothing, and a stage or a time that the policy does not allow", async () => {
    const nowhere = await propose(SUBJECT, "--as", "olga", "--scope", "host=host-9");
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain("it would reach nothing");
    const long = await ask(
      ...["propose", SUBJECT, "--stage", "suspend", "--ttl", "720h", "--reason", "x"],
      ...["--as", "olga"],
    );
    expect(long.code).toBe(1);
    expect(long.stderr).toContain("ttl-too-long");
  });

  let proposal = "";
  let verdict = "";
  it("is proposed by one, approved offline by a second and online by a third", async () => {
    const proposed = await propose(SUBJECT, "--as", "olga");
    expect(proposed.code, proposed.stderr).toBe(0);
    proposal = String(proposed.lines[0]?.["id"]);

    // Whoever proposes cannot approve; an operator is no approver.
    const self = await ask("approve", proposal, "--as", "olga", "--yes");
    expect(self.code).toBe(2);
    expect(self.stderr).toContain("no approver");

    const file = path("proposal.jsonl");
    const exported = await ask(
      "proposal",
      "export",
      proposal.slice(0, 12),
      "--as",
      "ada",
      "--out",
      file,
    );
    expect(exported.code, exported.stderr).toBe(0);
    const offline = ["approve", proposal, "--offline", file, "--as", "ada", "--yes"];
    const signed = await ask(...offline, "--out", path("ada.json"));
    expect(signed.code, signed.stderr).toBe(0);

    // A byte of the export changed on the way: nothing is signed out of it.
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 2)] = 0x41;
    writeFileSync(path("bent.jsonl"), bytes);
    const bent = ["approve", proposal, "--offline", path("bent.jsonl"), "--as", "ada", "--yes"];
    const refused = await ask(...bent, "--out", path("bent.json"));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("Approve nothing out of it");

    const carried = await ask("proposal", "import", path("ada.json"), "--as", "olga");
    expect(carried.code, carried.stderr).toBe(0);
    expect(carried.lines[0]).toMatchObject({ approver: "ada", verdict: null });
    // The same consent twice is one consent.
    const again = await ask("proposal", "import", path("ada.json"), "--as", "olga");
    expect(again.lines[0]).toMatchObject({ approver: "ada", verdict: null });

    const decided = await ask("approve", proposal, "--as", "sam", "--yes", "--wait");
    expect(decided.code, decided.stderr).toBe(0);
    verdict = String(decided.lines[0]?.["verdict"]);
    expect(verdict).toMatch(/^[0-9a-f]{64}$/);
    expect(decided.lines.at(-1)).toMatchObject({ coverage: { expected: 3, got: 3 } });
  }, 60_000);

  it("stands in the verdicts and in the ledger, and is explained", async () => {
    const verdicts = await ask("verdicts", "--as", "ada");
    expect(verdicts.lines.map((v) => v["id"])).toContain(verdict);
    const explained = await ask("explain", verdict, "--as", "ada");
    expect(explained.code, explained.stderr).toBe(0);
    const text = JSON.stringify(explained.lines);
    for (const name of ["olga", "ada", "sam", SUBJECT]) expect(text).toContain(name);
  });

  it("knows a slip of the hand", async () => {
    const slip = await propose("user:local/malory", "--as", "olga");
    expect(slip.code).toBe(1);
    expect(slip.stderr).toContain(SUBJECT);
    expect(slip.stderr).toContain("unknown-subject");
    const meant = await propose("user:local/malory", "--as", "olga", "--unseen");
    expect(meant.code, meant.stderr).toBe(0);
  });

  it("is lifted by the consent that a lift needs, once", async () => {
    const lift = await ask("lift", verdict.slice(0, 12), "--as", "olga", "--reason", "found");
    expect(lift.code, lift.stderr).toBe(0);
    const id = String(lift.lines[0]?.["id"]);
    const one = await ask("approve", id, "--as", "ada", "--yes");
    expect(one.lines[0]).toMatchObject({ verdict: null });
    const two = await ask("approve", id, "--as", "sam", "--yes", "--wait");
    expect(two.code, two.stderr).toBe(0);
    expect((await ask("verdicts", "--as", "ada")).lines.map((v) => v["id"])).not.toContain(verdict);
    const twice = await ask("lift", verdict, "--as", "olga", "--reason", "again");
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain("nothing to lift");
  }, 60_000);

  it("of a host that the roster expels waits for it no more", async () => {
    const draft = path("roster.json");
    const drafted = await ask(
      "roster",
      "draft",
      "--expel",
      "host-3",
      "--out",
      draft,
      "--as",
      "omar",
    );
    expect(drafted.code, drafted.stderr).toBe(0);
    expect((await ask("roster", "sign", draft, "--as", "root-1", "--yes")).code).toBe(0);
    const early = await ask("roster", "publish", draft, "--as", "omar");
    expect(early.code).toBe(1);
    expect(early.stderr).toContain("threshold-short");
    expect((await ask("roster", "sign", draft, "--as", "root-2", "--yes")).code).toBe(0);
    const published = await ask("roster", "publish", draft, "--as", "omar");
    expect(published.code, published.stderr).toBe(0);
    expect((await ask("roster", "show", "--as", "omar")).lines[0]).toMatchObject({
      version: 2,
      expelled: ["host-3"],
    });
    const proposed = await propose("user:local/eve", "--as", "olga");
    const id = String(proposed.lines[0]?.["id"]);
    await ask("approve", id, "--as", "ada", "--yes");
    const decided = await ask("approve", id, "--as", "sam", "--yes", "--wait");
    expect(decided.code, decided.stderr).toBe(0);
    expect(decided.lines.at(-1)).toMatchObject({ coverage: { expected: 2, got: 2 } });
  }, 60_000);
});
