// Teleport audit events (goteleport.com, "Audit events"): `event`, `code`, `user`.
// Owns which of them are logins.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { at, type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";

const CODE = /^T[A-Z]{0,3}\d{3,4}[A-Z]$/;
const GRANTS: ReadonlySet<string> = new Set([
  "access_request.create",
  "role.created",
  "user.create",
  "user.update",
  "lock.deleted",
  "join_token.create",
]);

export const TELEPORT: RecordFormat = {
  type: "gravitational.teleportaudit",
  aliases: ["teleport", "gravitational.teleport"],
  recognises: (record) =>
    typeof record["event"] === "string" && CODE.test(text(record, "code") ?? ""),
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["time"]);
  const action = text(record, "event");
  if (timeMs === undefined || action === undefined) return undefined;
  return {
    kind: kindOf(record, action),
    timeMs,
    ip: text(record, "addr.remote"),
    user: text(record, "user"),
    isDirectoryUser: true,
    method: text(record, "method"),
    session: text(record, "sid"),
    target: text(record, "server_hostname") ?? text(record, "name") ?? text(record, "db_name"),
    action,
    agent: text(record, "user_agent"),
    process: text(record, "program"),
    device: text(record, "trusted_device", "device_id"),
    isPrivilegeGrant: GRANTS.has(action) ? true : undefined,
  };
}

function kindOf(record: JsonRecord, action: string): EventKind {
  if (action !== "user.login" && action !== "auth") return "activity";
  // T3007W and T1000W are the refusals; `auth` is printed for refusals alone.
  return at(record, "success") === true ? "login-succeeded" : "login-failed";
}
