// Google Workspace activities (developers.google.com, Reports API `activities.list`), as they are
// or flattened with `name`, `type` and `parameters` at the top, as many collectors do.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { at, first, type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";

const GRANTS: ReadonlySet<string> = new Set([
  "ASSIGN_ROLE",
  "GRANT_ADMIN_PRIVILEGE",
  "GRANT_DELEGATED_ADMIN_PRIVILEGES",
  "ADD_PRIVILEGE",
  "ADD_GROUP_MEMBER",
  "AUTHORIZE_API_CLIENT_ACCESS",
]);
const DEVICE_LOST: ReadonlySet<string> = new Set(["COMPROMISED", "NOT_COMPLIANT"]);

export const GOOGLE_WORKSPACE: RecordFormat = {
  type: "gsuite.activityevent",
  aliases: ["gsuite", "google-workspace"],
  recognises: (record) =>
    text(record, "id", "applicationName") !== undefined && isKind(text(record, "kind")),
  read,
};

const isKind = (kind: string | undefined) =>
  kind === undefined || kind.toLowerCase().includes("activity");

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(at(record, "id", "time"));
  const event = at(record, "events") === undefined ? record : first(record, "events");
  const action = text(event, "name");
  if (timeMs === undefined) return undefined;
  const device = text(event, "parameters", "DEVICE_ID");
  const compliance = text(event, "parameters", "DEVICE_COMPROMISED_STATE") ?? "";
  return {
    kind: kindOf(text(record, "id", "applicationName"), action),
    timeMs,
    ip: text(record, "ipAddress"),
    user: text(record, "actor", "email") ?? text(record, "actor", "callerType"),
    isDirectoryUser: true,
    target: text(event, "parameters", "USER_EMAIL") ?? text(event, "parameters", "doc_title"),
    action,
    device,
    isDeviceManaged: DEVICE_LOST.has(compliance) ? false : undefined,
    isPrivilegeGrant: action !== undefined && GRANTS.has(action) ? true : undefined,
  };
}

function kindOf(application: string | undefined, action: string | undefined): EventKind {
  if (application !== "login") return "activity";
  if (action === "login_failure") return "login-failed";
  return action === "login_success" ? "login-succeeded" : "activity";
}
