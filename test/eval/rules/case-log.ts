// One case of another's rule as an event for ours. Owns the reading of a rule file and the guess of
// a record's kind from its own shape, where it does not say. Nothing here reads what a case
// expects.

import type { Event } from "@ostraka/agents/kernel";
import { parse } from "yaml";

export interface OtherCase {
  readonly name: string;
  readonly log: unknown;
  /** The case needs state or enrichment of the other's engine. */
  readonly isMocked: boolean;
  /** Read only after our verdict. */
  readonly expected: boolean;
}

export interface OtherRule {
  readonly id: string;
  readonly name: string;
  readonly logTypes: readonly string[];
  readonly cases: readonly OtherCase[];
}

/** @returns nothing when the file is none of a rule on single events. */
export function readOtherRule(text: string): OtherRule | undefined {
  const file: unknown = parse(text);
  if (typeof file !== "object" || file === null) return undefined;
  const { RuleID: id, DisplayName: name, LogTypes: types, Tests: tests } = file as Fields;
  if (typeof id !== "string" || !Array.isArray(types) || !Array.isArray(tests)) return undefined;
  return {
    id,
    name: typeof name === "string" ? name : "",
    logTypes: types.map(String),
    cases: tests.map((test: Fields) => ({
      name: String(test["Name"]),
      log: typeof test["Log"] === "string" ? JSON.parse(test["Log"]) : test["Log"],
      isMocked: Array.isArray(test["Mocks"]) && test["Mocks"].length > 0,
      expected: test["ExpectedResult"] === true,
    })),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** The events that the case could be, one for each kind of record it may have. */
export function eventsOf({ log }: OtherCase, logTypes: readonly string[]): Event[] {
  const record = typeof log === "object" && log !== null ? (log as Fields) : {};
  return kindsOf(record, logTypes).map((recordType) => ({
    id: "case",
    timeMs: 1_700_000_000_000,
    kind: "activity",
    service: recordType,
    count: 1,
    record,
    recordType,
  }));
}

function kindsOf(record: Fields, logTypes: readonly string[]): string[] {
  const stated = record["p_log_type"];
  if (typeof stated === "string") return [stated.toLowerCase()];
  const types = logTypes.map((type) => type.toLowerCase());
  if (types.length === 1) return types;
  if ("protoPayload" in record) return types.filter((type) => type.startsWith("gcp."));
  if ("category" in record) return types.filter((type) => type.startsWith("azure."));
  return types;
}
