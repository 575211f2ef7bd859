// Each house rule on a sample that it accepts and on the nearest one that it refuses.

import { describe, expect, test } from "vitest";
import { dependencyReasons, exactVersions, lockfileHosts } from "./manifests.ts";
import { pureCode } from "./purity.ts";
import { fileLength, fileName, lineWidth, openingComment } from "./shape.ts";
import { type FileRule, parseManifest } from "./source-tree.ts";
import { agentIsolation, importDirection, undeclaredImports } from "./walls.ts";
import { emptyCatch, emptyNames, houseWords, openNotes, wordsOf } from "./words.ts";

type Sample = readonly [path: string, text: string];

function complaints(rule: FileRule, [path, text]: Sample): string[] {
  return rule({ path, text });
}

function importing(path: string, ...specifiers: string[]): Sample {
  return [path, specifiers.map((specifier) => `import "${specifier}";`).join("\n")];
}

const ROOT = parseManifest("", '{"name":"ostraka","devDependencies":{"vitest":"5.1.1"}}');
const AGENTS = parseManifest(
  "agents",
  '{"name":"@ostraka/agents","dependencies":{"@ostraka/proto":"0.1.0","yaml":"2.9.1"}}',
);

/** Rule, what it accepts, what it refuses. */
const SAMPLES: readonly (readonly [string, FileRule, Sample[], Sample[]])[] = [
  [
    "importDirection",
    importDirection,
    [
      importing("agents/src/quorum/tally.ts", "@ostraka/proto", "./rule.ts", "node:fs"),
      importing("agents/host/src/store.ts", "@ostraka/agents/kernel"),
      importing("sidecar/src/main.ts", "@ostraka/host"),
      importing("coordinator/cli/src/replay.ts", "@ostraka/sidecar/replay"),
      importing("test/sim/main.ts", "@ostraka/agents/node", "../../sidecar/src/gate.ts"),
    ],
    [
      importing("proto/src/envelope.ts", "@ostraka/agents/kernel"),
      importing("agents/src/quorum/tally.ts", "@ostraka/host"),
      importing("agents/src/quorum/tally.ts", "../../../proto/src/index.ts"),
      importing("agents/host/src/store.ts", "@ostraka/sidecar"),
      importing("sidecar/src/main.ts", "@ostraka/coordinator"),
      importing("sidecar/src/main.ts", "../../agents/host/src/clock.ts"),
      importing("coordinator/src/main.ts", "@ostraka/cli"),
      importing("coordinator/console/main.ts", "@ostraka/agents/kernel"),
      importing("coordinator/cli/src/up.ts", "@ostraka/test"),
      importing("sidecar/src/main.ts", "../../test/tidy/scan.ts"),
      importing("ostraka.mjs", "@ostraka/proto"),
    ],
  ],
  [
    "agentIsolation",
    agentIsolation,
    [
      importing("agents/src/quorum/tally.ts", "../kernel/index.ts", "./rule.ts"),
      importing("agents/src/quorum/tally.ts", "@ostraka/agents/kernel"),
      importing("agents/src/node/wiring.ts", "../quorum/index.ts", "../ledger/index.ts"),
      importing("agents/src/scorer/detectors/pace.ts", "../betting.ts"),
    ],
    [
      importing("agents/src/quorum/tally.ts", "../ledger/index.ts"),
      importing("agents/src/quorum/tally.ts", "@ostraka/agents/scorer"),
      importing("agents/src/kernel/step.ts", "../ledger/index.ts"),
      importing("agents/src/quorum/tally.ts", "../node/wiring.ts"),
    ],
  ],
  [
    "undeclaredImports",
    undeclaredImports([ROOT, AGENTS]),
    [
      importing("agents/src/policy/parse.ts", "yaml", "yaml/util", "@ostraka/proto", "node:fs"),
      importing("agents/src/policy/parse.ts", "@ostraka/agents/kernel", "./near.ts"),
      importing("agents/src/policy/parse.test.ts", "vitest"),
    ],
    [
      importing("agents/src/policy/parse.ts", "vitest"),
      importing("agents/src/policy/parse.ts", "@ostraka/host"),
      importing("agents/src/policy/parse.ts", "fs"),
      importing("proto/src/envelope.ts", "yaml"),
    ],
  ],
  [
    "pureCode",
    pureCode,
    [
      ["agents/src/kernel/a.ts", 'const dateNow = date.now; // Date.now\nf("Date.now()");'],
      ["agents/src/kernel/a.ts", "const at = Date.UTC(2026, 0, 1); entry.process.push(1);"],
      ["agents/src/kernel/a.ts", "class A { import(entry: Entry) { this.#import(entry); } }"],
      ["agents/src/kernel/a.test.ts", "const at = Date.now();"],
      ["agents/host/src/clock.ts", "const at = Date.now();"],
    ],
    [
      ["agents/src/kernel/a.ts", "const at = Date.now();"],
      ["agents/src/kernel/a.ts", "const at = new Date();"],
      ["agents/src/kernel/a.ts", "const at = new Date(timeMs);"],
      ["proto/src/a.ts", "const id = Math.random();"],
      ["proto/src/a.ts", "names.sort((a, b) => a.localeCompare(b));"],
      ["proto/src/a.ts", "n.toLocaleString();"],
      ["proto/src/a.ts", "new Intl.Collator();"],
      ["proto/src/a.ts", "if (process.env.X) f();"],
      ["proto/src/a.ts", "Buffer.from(text);"],
      ["proto/src/a.ts", "const fs = require(name);"],
      ["proto/src/a.ts", 'const m = await import("./a.ts");'],
      ["proto/src/a.ts", "setTimeout(f, 10);"],
      ["proto/src/a.ts", "setInterval(f, 10);"],
      ["proto/src/a.ts", "new TextEncoder().encode(text);"],
      ["proto/src/a.ts", "`${Date.now()}`;"],
      importing("agents/src/kernel/a.ts", "node:crypto"),
    ],
  ],
  ["fileLength", fileLength, [["a.ts", "x\n".repeat(700)]], [["a.ts", "x\n".repeat(701)]]],
  [
    "lineWidth",
    lineWidth,
    [
      ["a.ts", "x".repeat(100)],
      ["a.ts", "é".repeat(100)],
      ["a.test.ts", `const line = "${"x".repeat(200)}";`],
    ],
    [
      ["a.ts", "x".repeat(101)],
      ["a.ts", `const line = "${"x".repeat(200)}";`],
      ["a.test.ts", `${"x".repeat(99)}"y"`],
      ["a.test.ts", `// ${"x".repeat(99)}`],
    ],
  ],
  [
    "fileName",
    fileName,
    [
      ["a/merkle-tree.ts", ""],
      ["a/bus-nats.test.ts", ""],
      ["vitest.config.ts", ""],
      ["proto/ostraka/v1/signal_batch.proto", ""],
      ["a/sealer.ts", ""],
    ],
    [
      ["a/merkleTree.ts", ""],
      ["a/Merkle.ts", ""],
      ["a/merkle_tree.ts", ""],
      ["a/utils.ts", ""],
      ["a/types.ts", ""],
      ["a/store-helpers.ts", ""],
      ["a/common/merkle.ts", ""],
    ],
  ],
  [
    "openingComment",
    openingComment,
    [
      ["a/tally.ts", "// Counts.\n// Never guesses.\n\nexport {};"],
      ["a/tally.ts", "/**\n * Counts.\n */\nexport {};"],
      ["a/index.ts", "// The door.\nexport {};"],
      ["a/tally.test.ts", "export {};"],
      ["ostraka.mjs", "#!/usr/bin/env node\n// @ts-check\n// One.\n// Two.\nf();"],
    ],
    [
      ["a/tally.ts", "// Counts.\nexport {};"],
      ["a/tally.ts", "export {}; // Counts.\n// Never guesses."],
      ["a/index.ts", "export {};"],
      ["ostraka.mjs", "#!/usr/bin/env node\n// @ts-check\nf();"],
    ],
  ],
  [
    "houseWords",
    houseWords,
    [
      ["a.ts", "const urban = scorer.evidenceMdb; // a vote, as others call it"],
      ["a.ts", 'const FAIL2BAN = read("fail2ban.log");'],
    ],
    [
      ["a.ts", "const voteCount = 1;"],
      ["a.ts", "if (isBanned) unban(subject);"],
      ["a.proto", "  uint32 confidence = 1;"],
      ["a.ts", "const VOTES_MAX = 3;"],
    ],
  ],
  [
    "emptyNames",
    emptyNames,
    [
      ["a.ts", "const manager = await connection.jetstreamManager(); class LedgerStore {}"],
      ["a.ts", 'import { type JetStreamManager } from "nats";'],
    ],
    [
      ["a.ts", "class LedgerImpl {}"],
      ["a.ts", "interface StoreManager {}"],
      ["a.ts", "type StoreManager<T> = T;"],
      ["a.ts", "function mergeHelper() {}"],
    ],
  ],
  [
    "openNotes",
    openNotes,
    [
      ["a.ts", "// TODO: drop when 2.9 servers are gone"],
      ["a.ts", 'f("FIXME"); // fixed'],
      ["a.ts", "// --- is three dashes"],
    ],
    [
      ["a.ts", "// TODO"],
      ["a.ts", "// TODO: later"],
      ["a.ts", "/* FIXME: it leaks when the server is gone */"],
      ["a.ts", "// ---------- state ----------"],
    ],
  ],
  [
    "emptyCatch",
    emptyCatch,
    [
      ["a.ts", "try { f(); } catch { return undefined; }"],
      ["a.ts", "try { f(); } catch {\n  // absent is fine: it is made below\n}"],
      ["a.ts", "await f().catch((error) => log(error));"],
    ],
    [
      ["a.ts", "try { f(); } catch {}"],
      ["a.ts", "try { f(); } catch (error) {\n}"],
      ["a.ts", "await f().catch(() => {});"],
    ],
  ],
];

describe.each(SAMPLES)("%s", (_, rule, accepted, refused) => {
  test("accepts every good sample", () => {
    for (const sample of accepted) expect.soft(complaints(rule, sample)).toEqual([]);
  });

  test("refuses every bad sample", () => {
    for (const sample of refused) expect.soft(complaints(rule, sample), sample[1]).not.toEqual([]);
  });
});

test("a complaint names the file, the line and what to say instead", () => {
  const sample: Sample = ["a/b.ts", "\nconst voteCount = 1;"];
  expect(complaints(houseWords, sample)).toEqual([
    'a/b.ts:2: voteCount says "vote"; say signal, seal or approval',
  ]);
});

test("an identifier is taken apart at capitals and underscores", () => {
  expect(wordsOf("isVoteOpen")).toEqual(["is", "vote", "open"]);
  expect(wordsOf("VOTE_MAX")).toEqual(["vote", "max"]);
});

describe("exactVersions", () => {
  const other = (version: string) =>
    parseManifest("test", JSON.stringify({ name: "t", dependencies: { yaml: version } }));

  test("accepts the same exact version everywhere", () => {
    expect(exactVersions([AGENTS, other("2.9.1")])).toEqual([]);
  });

  test.each(["^2.9.1", "~2.9.1", "2.9", "*", "latest"])("refuses %s", (version) => {
    expect(exactVersions([other(version)])).toHaveLength(1);
  });

  test("refuses two versions of one dependency", () => {
    expect(exactVersions([AGENTS, other("2.9.0")])).toHaveLength(1);
  });
});

describe("dependencyReasons", () => {
  const page = "- `vitest`: runs every test.\n- `yaml`: reads policy documents.\n";
  const packages = [ROOT, AGENTS, parseManifest("proto", '{"name":"@ostraka/proto"}')];

  test("accepts a reason for each, and asks none for our own packages", () => {
    expect(dependencyReasons(packages, page)).toEqual([]);
  });

  test("refuses a missing reason, a short one, and one for what is gone", () => {
    expect(dependencyReasons(packages, "- `vitest`: runs every test.\n")).toHaveLength(1);
    expect(dependencyReasons(packages, page.replace("reads policy documents", "x"))).toHaveLength(
      1,
    );
    expect(dependencyReasons(packages, `${page}- \`left-pad\`: pads on the left.\n`)).toHaveLength(
      1,
    );
  });
});

test("lockfileHosts accepts links and integrity, and refuses where a package was fetched", () => {
  expect(lockfileHosts('"resolved": "agents",\n"integrity": "sha512-x"')).toEqual([]);
  expect(lockfileHosts('"resolved": "https://packages.example/yaml.tgz"')).toHaveLength(1);
});
