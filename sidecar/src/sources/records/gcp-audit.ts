// Google Cloud audit logs: a LogEntry with an AuditLog as its protoPayload (cloud.google.com,
// "AuditLog"). Owns what its fields say and nothing of how they come.

import type { Facts } from "../facts.ts";
import { at, type JsonRecord, number, type RecordFormat, text, timeOf } from "./record-format.ts";

const GRANT = /(?:SetIamPolicy|CreateServiceAccountKey|CreateRole|UpdateRole|setIamPermissions)$/i;

export const GCP_AUDIT: RecordFormat = {
  type: "gcp.auditlog",
  aliases: ["gcp"],
  recognises: (record) => text(record, "protoPayload", "methodName") !== undefined,
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["timestamp"] ?? record["receiveTimestamp"]);
  const payload = at(record, "protoPayload");
  const action = text(payload, "methodName");
  if (timeMs === undefined || action === undefined) return undefined;
  const isDone = (number(payload, "status", "code") ?? 0) === 0;
  return {
    kind: action.endsWith("login.LoginService.loginFailure") ? "login-failed" : "activity",
    timeMs,
    ip:
      text(payload, "requestMetadata", "callerIP") ?? text(payload, "requestMetadata", "callerIp"),
    user: text(payload, "authenticationInfo", "principalEmail"),
    isDirectoryUser: true,
    target: text(payload, "resourceName"),
    action,
    agent: text(payload, "requestMetadata", "callerSuppliedUserAgent"),
    isPrivilegeGrant: isDone && GRANT.test(action) ? true : undefined,
  };
}
