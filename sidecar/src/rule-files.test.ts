import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Event } from "@ostraka/agents/kernel";
import type { RuleHit } from "@ostraka/agents/scorer";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadRules, readRuleSources, STARTER } from "./rule-files.ts";

const CASES = fileURLToPath(new URL("../testdata/rules", import.meta.url));

/** Record types of a folder of starter rules. */
const RECORD_TYPES: Readonly<Record<string, readonly string[]>> = {
  slack: ["slack.auditlogs"],
  box: ["box.event"],
  asana: ["asana.audit"],
  atlassian: ["atlassian.audit"],
  notion: ["notion.auditlogs"],
  tailscale: ["tailscale.audit"],
  gitlab: ["gitlab.audit"],
  cloudflare: ["cloudflare.audit"],
  zendesk: ["zendesk.audit"],
  dropbox: ["dropbox.teamevent"],
  salesforce: ["salesforce.login"],
  bitwarden: ["bitwarden.events"],
  "aws-guardduty": ["aws.guardduty"],
  thinkst: ["thinkst.incident"],
  wiz: ["wiz.audit"],
  tines: ["tines.audit"],
  "mongodb-atlas": ["mongodb.organizationevent"],
  "carbon-black": ["carbonblack.audit"],
  sublime: ["sublime.audit"],
  auth0: ["auth0.events"],
  "aws-cloudtrail": ["aws.cloudtrail"],
  azure: ["azure.audit", "azure.monitoractivity"],
  duo: ["duo.administrator", "duo.authentication"],
  "gcp-audit": ["gcp.auditlog"],
  github: ["github.audit", "github.webhook"],
  "google-workspace": ["gsuite.activityevent"],
  kubernetes: ["kubernetes.audit", "amazon.eks.audit"],
  microsoft365: ["microsoft365.audit", "microsoftgraph.securityalert"],
  okta: ["okta.systemlog"],
  onelogin: ["onelogin.events"],
  onepassword: ["onepassword.signinattempt"],
  "push-security": ["pushsecurity.entities"],
  snowflake: [
    ...["snowflake.loginhistory", "snowflake.queryhistory", "snowflake.grantstousers"],
    ...["snowflake.grantstoroles", "snowflake.datatransferhistory"],
  ],
  teleport: ["gravitational.teleportaudit"],
  web: ["web.access"],
  windows: ["windows.eventlogs"],
};

interface Case {
  readonly rule: string;
  readonly hits: Record<string, unknown>;
  readonly misses: Record<string, unknown>;
}

function casesOf(product: string): Case[] {
  const lines = readFileSync(join(CASES, `${product}.jsonl`), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Case);
}

const PRODUCTS = readdirSync(CASES).map((name) => name.replace(/\.jsonl$/, ""));
const starter = loadRules([STARTER]);

function idsHit(product: string, record: Record<string, unknown>): Set<string> {
  const hits: RuleHit[] = [];
  const base = { id: "e", timeMs: 1_700_000_000_000, count: 1 };
  const types = RECORD_TYPES[product];
  if (types === undefined) {
    // Linux rules look at the event itself.
    starter.observe({ ...base, kind: "activity", service: "sshd", ...record } as Event, hits);
  }
  for (const recordType of types ?? []) {
    const event: Event = { ...base, kind: "activity", service: product, record, recordType };
    starter.observe(event, hits);
  }
  return new Set(hits.map(({ id }) => id));
}

describe("the starter rules", () => {
  test.each(PRODUCTS)("of %s each hit their case and not the nearest other", (product) => {
    const wrong = casesOf(product).filter(
      ({ rule, hits, misses }) =>
        !idsHit(product, hits).has(rule) || idsHit(product, misses).has(rule),
    );
    expect(wrong.map(({ rule }) => rule)).toEqual([]);
  });

  test("all have a case, save the correlations, which are about rules that have one", () => {
    const tested = new Set(PRODUCTS.flatMap((product) => casesOf(product).map(({ rule }) => rule)));
    const rules = readRuleSources([STARTER]).flatMap(({ text }) =>
      parseAllDocuments(text).map((document) => document.toJS()),
    );
    const untested = rules.filter(({ id, correlation }) => !tested.has(id) && !correlation);
    expect(untested.map(({ id }) => id)).toEqual([]);
    expect(rules.length).toBe(starter.size);
    expect(rules.length).toBeGreaterThan(150);
  });

  test("name the technique, and never speak of an account for what failed in its name", () => {
    const rules = readRuleSources([STARTER]).flatMap(({ text }) =>
      parseAllDocuments(text).map((document) => document.toJS()),
    );
    const nameless = rules.filter(
      ({ tags }) => !tags?.some((tag: string) => /^attack\./.test(tag)),
    );
    expect(nameless.map(({ id }) => id)).toEqual([]);
    const failing = rules.filter(({ id }) =>
      /login-failed|password-spray|brute-force|locked/.test(id),
    );
    const misdirected = failing.filter(({ ostraka }) => ostraka?.subject !== "address");
    expect(misdirected.map(({ id }) => id)).toEqual([]);
  });
});

describe("rules of an operator", () => {
  const folder = mkdtempSync(join(tmpdir(), "ostraka-rules-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const good = (id: string) =>
    `title: ${id}\nid: ${id}\nlogsource: { product: aws }\ndetection: { s: { eventName: X }, condition: s }\n`;

  test("are read from files and from folders in folders, beside the starter set", () => {
    mkdirSync(join(folder, "inner"));
    writeFileSync(join(folder, "b.yml"), good("own-b"));
    writeFileSync(join(folder, "inner", "a.yaml"), good("own-a"));
    writeFileSync(join(folder, "notes.txt"), "not: [a rule");
    expect(loadRules([folder]).size).toBe(2);
    expect(loadRules([STARTER, join(folder, "b.yml")]).size).toBe(starter.size + 1);
  });

  test("are refused with file, line and what would do", () => {
    const path = join(folder, "bad.yml");
    writeFileSync(path, good("bad").replace("condition", "conditoin"));
    expect(() => loadRules([path])).toThrow(`${path}:4:`);
    expect(() => loadRules([path])).toThrow("detection has no condition");
    rmSync(path);
  });

  test("that are none are refused: a folder without rules, and a file without a word", () => {
    const bare = join(folder, "bare");
    mkdirSync(bare);
    expect(() => loadRules([bare])).toThrow(`${bare} holds no rule file`);
    writeFileSync(join(bare, "half.yml"), "\n");
    expect(() => loadRules([bare])).toThrow("half.yml is empty");
    rmSync(bare, { recursive: true });
  });

  test("that are not there are named", () => {
    expect(() => loadRules([join(folder, "gone")])).toThrow("cannot be read (ENOENT)");
  });
});
