// Scripts: inputs (`> …`) and the exact trace beneath each, in agents/testdata/scorer-*.txt.
// Between any two inputs `> restart` goes through a snapshot, so a script also proves that
// restoring is exact. UPDATE=1 writes the traces anew; read the difference before it is committed.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Event, EventKind } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_SCORER_POLICY,
  openScorer,
  type Reason,
  restoreScorer,
  type Scorer,
  type ScorerOutput,
} from "./index.ts";

const TESTDATA = fileURLToPath(new URL("../../testdata/", import.meta.url));

class Script implements ScorerOutput {
  #scorer: Scorer = openScorer({ policy: DEFAULT_SCORER_POLICY });
  #policy = DEFAULT_SCORER_POLICY;
  #timeMs = 0;
  #serial = 0;
  readonly trace: string[] = [];

  run(input: string): void {
    this.trace.push(input);
    const [verb, ...rest] = input.slice(2).split(" ");
    const fields = new Map(rest.map((pair) => pair.split("=") as [string, string]));
    if (verb === "policy") this.#onPolicy(fields);
    else if (verb === "pardon") this.#onPardon(fields);
    else if (verb === "standing") this.#onStanding(fields);
    else if (verb === "restart") this.#onRestart();
    else this.#onEvents(verb as EventKind, fields);
  }

  lease(lease: Parameters<ScorerOutput["lease"]>[0]): void {
    const { fromMs, untilMs, stage, levelMdb, isRenewal, reasons } = lease;
    const kind = isRenewal ? "renewed" : "new";
    this.#say(`lease ${lease.subject} ${kind} ${stage} ${fromMs}..${untilMs} level=${levelMdb}`);
    if (!isRenewal) this.#sayReasons(reasons);
  }

  signal(signal: Parameters<ScorerOutput["signal"]>[0]): void {
    const { timeMs, day, evidenceMdb, levelMdb, evidenceFromMs, recommendedStage, epoch } = signal;
    const when = `at=${timeMs} day=${day} from=${evidenceFromMs}`;
    const worth = `evidence=${evidenceMdb} level=${levelMdb}`;
    this.#say(`signal ${signal.subject} ${when} ${worth} ${recommendedStage} epoch=${epoch}`);
    this.#sayReasons(signal.reasons);
  }

  #onEvents(kind: EventKind, fields: Map<string, string>): void {
    const times = Number(fields.get("times") ?? 1);
    for (let n = 0; n < times; n++) this.#onEvent(kind, fields);
  }

  #onEvent(kind: EventKind, fields: Map<string, string>): void {
    this.#timeMs = fields.has("at")
      ? Number(fields.get("at"))
      : this.#timeMs + Number(fields.get("after") ?? 0);
    const address = fields.get("address");
    const account = fields.get("account");
    const method = fields.get("method");
    const event: Event = {
      id: fields.get("id") ?? `line:${++this.#serial}`,
      timeMs: this.#timeMs,
      kind,
      service: "sshd",
      count: Number(fields.get("count") ?? 1),
      ...(address === undefined ? {} : { address: `address:${address}` as SubjectText }),
      ...(account === undefined ? {} : { account: `user:${account}` as SubjectText }),
      ...(fields.has("known") ? { isAccountKnown: fields.get("known") === "yes" } : {}),
      ...(fields.has("root") ? { isRoot: true } : {}),
      ...(method === undefined ? {} : { method }),
    };
    this.#scorer.step({ type: "event", event }, this);
  }

  #onPolicy(fields: Map<string, string>): void {
    this.#policy = { ...this.#policy, epoch: Number(fields.get("epoch") ?? 1) };
    this.#scorer.step({ type: "policy", policy: this.#policy }, this);
  }

  #onPardon(fields: Map<string, string>): void {
    const subject = `address:${fields.get("address")}` as SubjectText;
    const beforeMs = Number(fields.get("before"));
    this.#scorer.step({ type: "pardon", subject, beforeMs }, this);
  }

  #onStanding(fields: Map<string, string>): void {
    const subject = `address:${fields.get("address")}` as SubjectText;
    const found = this.#scorer.standing(subject);
    const worth =
      found === undefined
        ? "none"
        : `evidence=${found.evidenceMdb} level=${found.levelMdb} lease=${found.leaseUntilMs}`;
    this.#say(`standing ${subject} ${worth}`);
  }

  #onRestart(): void {
    const restored = restoreScorer(this.#scorer.snapshot(), { policy: this.#policy });
    if (restored === undefined) throw new Error("the scorer refused its own snapshot");
    this.#scorer = restored;
  }

  #sayReasons(reasons: readonly Reason[]): void {
    for (const one of reasons) {
      const worth = `bets=${one.betsMdb} without=${one.levelWithoutMdb}`;
      this.#say(`  ${one.kind} ${one.detector} ${worth} count=${one.count} ${one.seen}`);
    }
  }

  #say(line: string): void {
    this.trace.push(`  ${line}`);
  }
}

function traceOf(text: string, isRestarting: boolean): string {
  const script = new Script();
  for (const line of text.split("\n")) {
    if (line.startsWith("#") || line === "") script.trace.push(line);
    if (!line.startsWith("> ")) continue;
    script.run(line);
    if (isRestarting) {
      const length = script.trace.length;
      script.run("> restart");
      script.trace.length = length;
    }
  }
  return script.trace.join("\n");
}

describe("scripts of the scorer", () => {
  const names = readdirSync(TESTDATA).filter((name) => /^scorer-.*\.txt$/.test(name));

  test("exist", () => expect(names.length).toBeGreaterThan(1));

  test.each(names)("%s gives exactly its trace", (name) => {
    const text = readFileSync(TESTDATA + name, "utf8");
    const made = traceOf(text, false);
    if (process.env["UPDATE"] === "1") writeFileSync(TESTDATA + name, made);
    else expect(made).toBe(text);
  });

  test.each(names)("%s gives the same trace through a snapshot after every input", (name) => {
    const text = readFileSync(TESTDATA + name, "utf8");
    expect(traceOf(text, true)).toBe(text);
  });
});
