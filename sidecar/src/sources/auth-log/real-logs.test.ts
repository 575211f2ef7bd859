// Real logs from ../shared/data, which is read where it lies and never copied here.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Event } from "@ostraka/agents/kernel";
import { addressSubject } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openAuthLog, type ParsedLine } from "./auth-log.ts";

const ELASTIC = sharedFile("linux-auth-elastic/auth.log");
const FAIL2BAN = sharedFile("fail2ban-logs/sshd");
const CROWDSEC = sharedFile("crowdsec-hub-tests/sshd-logs/sshd-logs.log");

function sharedFile(name: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, "shared", "data", name);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}

function linesOf(path: string | undefined): string[] {
  return readFileSync(path as string, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

describe.skipIf(ELASTIC === undefined)(
  "a real host's auth.log (skipped without ../shared/data/linux-auth-elastic)",
  () => {
    const parsed = ELASTIC === undefined ? [] : parseAll(linesOf(ELASTIC));
    const events = parsed.flatMap((line) => (line.outcome === "event" ? [line.event] : []));
    const of = (address: string, kind: Event["kind"]) =>
      events.filter((event) => event.address === `address:${address}` && event.kind === kind);
    const total = (some: Event[]) => some.reduce((sum, event) => sum + event.count, 0);

    test("every line of the programs we read is understood", () => {
      expect(parsed.filter((line) => line.outcome !== "event")).toEqual([]);
      expect(events).toHaveLength(7121);
    });

    test("the burst's address fails 157 times and gets in at 16:01", () => {
      expect(total(of("24.151.103.17", "login-failed"))).toBe(157);
      const accepted = of("24.151.103.17", "login-succeeded");
      expect(accepted).toHaveLength(47);
      expect(accepted.map((event) => new Date(event.timeMs).toISOString())).toContain(
        "2017-03-30T16:01:36.000Z",
      );
    });

    test("the operator's address logs in 174 times", () => {
      expect(of("85.245.107.41", "login-succeeded")).toHaveLength(174);
    });
  },
);

function parseAll(lines: string[]): ParsedLine[] {
  const parser = openAuthLog({ host: "web1", realm: "acme", year: 2017 });
  return lines.map((line, i) => parser.parse(line, `f:${i}`));
}

interface LabelledLine {
  readonly line: string;
  readonly match: boolean;
  readonly host?: string;
  readonly desc?: string;
}

function labelledLines(path: string): LabelledLine[] {
  const found: LabelledLine[] = [];
  let label: Omit<LabelledLine, "line"> | undefined;
  for (const line of linesOf(path)) {
    const json = /^# failJSON: (.*)$/.exec(line)?.[1];
    if (json !== undefined) label = JSON.parse(json) as Omit<LabelledLine, "line">;
    else if (!line.startsWith("#") && label !== undefined) {
      found.push({ ...label, line });
      label = undefined;
    }
  }
  return found;
}

describe.skipIf(FAIL2BAN === undefined)(
  "fail2ban's labelled sshd lines (skipped without ../shared/data/fail2ban-logs)",
  () => {
    const labelled = FAIL2BAN === undefined ? [] : labelledLines(FAIL2BAN);
    const matching = labelled.filter(({ match }) => match);
    const address = (line: ParsedLine | undefined) =>
      line?.outcome === "event" ? line.event.address : undefined;

    test.each(["alone", "in their order"])("read %s, none names another host", (how) => {
      const lines = matching.map(({ line }) => line);
      const parsed = how === "alone" ? lines.map((line) => parseAll([line])[0]) : parseAll(lines);
      for (const [i, { host, line }] of matching.entries()) {
        const named = address(parsed[i]);
        if (named !== undefined) expect([named, line]).toEqual([addressSubject(host ?? ""), line]);
      }
    });

    test("the lines that inject name the label's host and no other", () => {
      const injecting = matching.filter(({ desc }) => /inject/i.test(desc ?? ""));
      expect(injecting.length).toBeGreaterThan(8);
      for (const { line, host } of injecting) {
        expect([address(parseAll([line])[0]), line]).toEqual([addressSubject(host ?? ""), line]);
      }
    });

    test("recall does not fall: 89 of 109 lines name their host, each with a bet", () => {
      const isNamed = ({ line, host }: LabelledLine) => {
        const parsed = parseAll([line])[0];
        return address(parsed) !== undefined && address(parsed) === addressSubject(host ?? "");
      };
      expect(matching).toHaveLength(109);
      expect(matching.filter(isNamed).length).toBeGreaterThanOrEqual(89);
    });

    test("a line labelled as no failure is no failure here", () => {
      const parsed = parseAll(labelled.map(({ line }) => line));
      for (const [i, { match, line }] of labelled.entries()) {
        const outcome = parsed[i];
        const kind = outcome?.outcome === "event" ? outcome.event.kind : undefined;
        if (!match) expect([kind, line]).not.toEqual(["login-failed", line]);
      }
    });
  },
);

describe.skipIf(CROWDSEC === undefined)(
  "CrowdSec's sshd lines (skipped without ../shared/data/crowdsec-hub-tests)",
  () => {
    test("every line of a real form is an event", () => {
      const lines = CROWDSEC === undefined ? [] : linesOf(CROWDSEC);
      const made = parseAll(lines).map((line, i) => ({ outcome: line.outcome, line: lines[i] }));
      const unread = made.filter(({ outcome }) => outcome !== "event");
      // `totobad user` is upstream's own near miss: sshd prints no such word.
      expect(unread.filter(({ line }) => !line?.includes("totobad"))).toEqual([]);
    });
  },
);
