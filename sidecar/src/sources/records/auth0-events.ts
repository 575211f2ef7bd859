// Auth0 tenant logs (auth0.com, "Log event type codes"), plain or under `data`.
// Owns which codes are logins.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import {
  at,
  isRecord,
  type JsonRecord,
  number,
  type RecordFormat,
  text,
  timeOf,
} from "./record-format.ts";

const FAILED: ReadonlyMap<string, boolean> = new Map([
  ["f", false],
  ["fp", false],
  ["fu", true], // no such user
  ["fc", false],
  ["fco", false],
  ["gd_auth_failed", false],
  ["gd_auth_rejected", false],
  ["mfar", false],
]);
const SUCCEEDED: ReadonlySet<string> = new Set([
  "s",
  "ss",
  "sepft",
  "seacft",
  "gd_auth_succeed",
  "slo",
]);
/** What anybody who knows a name can bring about: blocks, requests of passwords and codes. */
const BEFORE_LOGIN: ReadonlySet<string> = new Set([
  ...["limit_wc", "limit_mu", "limit_sul", "pla", "pwd_leak", "signup_pwd_leak", "reset_pwd_leak"],
  ...["scpr", "fcpr", "cls", "cs", "fcoa"],
]);

export const AUTH0_EVENTS: RecordFormat = {
  type: "auth0.events",
  aliases: ["auth0"],
  recognises: (record) => {
    const data = dataOf(record);
    return typeof data["type"] === "string" && "log_id" in data && "client_id" in data;
  },
  read,
};

const dataOf = (record: JsonRecord): JsonRecord => {
  const { data } = record;
  return isRecord(data) ? data : record;
};

function read(record: JsonRecord): Facts | undefined {
  const data = dataOf(record);
  const timeMs = timeOf(data["date"]);
  const action = text(data, "type");
  if (timeMs === undefined || action === undefined) return undefined;
  const place = at(data, "location_info");
  return {
    kind: kindOf(action),
    timeMs,
    ip: text(data, "ip"),
    user: text(data, "user_name") ?? text(data, "user_id"),
    isDirectoryUser: true,
    isUnknown: FAILED.get(action) === true ? true : undefined,
    target: text(data, "client_name") ?? text(data, "client_id"),
    action,
    agent: text(data, "user_agent"),
    country: text(place, "country_code"),
    latitude: number(place, "latitude"),
    longitude: number(place, "longitude"),
    session: text(data, "session_id"),
  };
}

function kindOf(action: string): EventKind {
  if (FAILED.has(action)) return "login-failed";
  if (BEFORE_LOGIN.has(action)) return "login-probed";
  return SUCCEEDED.has(action) && action !== "slo" ? "login-succeeded" : "activity";
}
