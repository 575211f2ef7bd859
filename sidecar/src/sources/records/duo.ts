// Duo authentication and administrator logs (duo.com, "Admin API", v2 authentication logs).
// Owns what their fields say.

import type { Facts } from "../facts.ts";
import { at, type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";

export const DUO_AUTHENTICATION: RecordFormat = {
  type: "duo.authentication",
  aliases: ["duo", "duo.auth"],
  recognises: (record) =>
    "access_device" in record &&
    "result" in record &&
    ("auth_device" in record || "factor" in record),
  read: readAuthentication,
};

export const DUO_ADMINISTRATOR: RecordFormat = {
  type: "duo.administrator",
  recognises: (record) =>
    typeof record["action"] === "string" &&
    "description" in record &&
    "object" in record &&
    "username" in record,
  read: readAdministrator,
};

function readAuthentication(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["isotimestamp"] ?? record["timestamp"]);
  if (timeMs === undefined) return undefined;
  const result = text(record, "result");
  const device = at(record, "access_device");
  const isTrusted = text(record, "trusted_endpoint_status") ?? text(device, "is_trusted_endpoint");
  return {
    kind: result === "success" || result === "SUCCESS" ? "login-succeeded" : "login-failed",
    timeMs,
    ip: text(device, "ip"),
    user: text(record, "user", "name") ?? text(record, "username"),
    isDirectoryUser: true,
    method: text(record, "factor"),
    target: text(record, "application", "name"),
    action: text(record, "event_type") ?? "authentication",
    agent: text(device, "browser"),
    country: text(device, "location", "country"),
    device: text(device, "hostname"),
    isDeviceManaged:
      isTrusted === "trusted" ? true : isTrusted === "not trusted" ? false : undefined,
  };
}

function readAdministrator(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["isotimestamp"] ?? record["timestamp"]);
  const action = text(record, "action");
  if (timeMs === undefined || action === undefined) return undefined;
  const isLogin = action === "admin_login" || action === "admin_login_error";
  return {
    kind: isLogin ? (action === "admin_login" ? "login-succeeded" : "login-failed") : "activity",
    timeMs,
    ip: text(record, "ip_address"),
    user: text(record, "username"),
    isDirectoryUser: true,
    target: text(record, "object"),
    action,
    isPrivilegeGrant: /^(?:admin_create|admin_self_activate|admin_activate_duo_push)$/.test(action)
      ? true
      : undefined,
  };
}
