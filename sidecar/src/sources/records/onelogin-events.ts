// OneLogin events (developers.onelogin.com, "Event types"): numbered types.
// Owns what the numbers mean.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";

const KINDS: ReadonlyMap<number, EventKind> = new Map([
  [5, "login-succeeded"],
  [6, "login-failed"],
  [9, "login-failed"], // a one-time password was refused
  [8, "activity"], // into an application
]);
/** 72, 149: role and privilege granted; 14: user locked away is none. */
const GRANTS: ReadonlySet<number> = new Set([72, 149]);

export const ONELOGIN_EVENTS: RecordFormat = {
  type: "onelogin.events",
  aliases: ["onelogin"],
  recognises: (record) =>
    "event_type_id" in record && ("event_timestamp" in record || "account_id" in record),
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(
    record["event_timestamp"] ?? record["created_at"] ?? record["p_event_time"],
  );
  const type = Number(record["event_type_id"]);
  if (timeMs === undefined || !Number.isInteger(type)) return undefined;
  return {
    kind: KINDS.get(type) ?? "activity",
    timeMs,
    ip: text(record, "ipaddr"),
    user: text(record, "user_name") ?? text(record, "actor_user_name"),
    isDirectoryUser: true,
    target: text(record, "app_name") ?? text(record, "role_name"),
    action: `event ${type}`,
    isPrivilegeGrant: GRANTS.has(type) ? true : undefined,
  };
}
