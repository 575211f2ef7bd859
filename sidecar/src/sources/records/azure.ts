// Azure: Entra ID sign-in and audit logs, and the activity log of resources, as Azure Monitor
// streams them (learn.microsoft.com, "SignInLogs", "AuditLogs", "Activity log event schema").

import type { Facts } from "../facts.ts";
import {
  at,
  first,
  type JsonRecord,
  number,
  type RecordFormat,
  text,
  timeOf,
} from "./record-format.ts";

const SIGN_INS = /^(?:NonInteractiveUser|ServicePrincipal|ManagedIdentity)?SignInLogs$/;
/** AADSTS50034 and 50020: the user does not exist in the tenant. */
const UNKNOWN_USER: ReadonlySet<string> = new Set(["50034", "50020", "50059"]);
const GRANTS = new RegExp(
  "Add (?:eligible |app role assignment|member to role|member to group|owner to|" +
    "service principal credentials|delegated permission)|roleAssignments/write",
  "i",
);

export const AZURE_AUDIT: RecordFormat = {
  type: "azure.audit",
  aliases: ["azure.signin", "azure", "entra"],
  recognises: (record) =>
    (SIGN_INS.test(text(record, "category") ?? "") || record["category"] === "AuditLogs") &&
    "properties" in record,
  read: readAudit,
};

export const AZURE_ACTIVITY: RecordFormat = {
  type: "azure.monitoractivity",
  recognises: (record) =>
    "operationName" in record &&
    "resourceId" in record &&
    ("category" in record || "caller" in record),
  read: readActivity,
};

function readAudit(record: JsonRecord): Facts | undefined {
  const properties = at(record, "properties");
  const timeMs = timeOf(
    record["time"] ?? at(properties, "createdDateTime") ?? at(properties, "activityDateTime"),
  );
  if (timeMs === undefined) return undefined;
  return SIGN_INS.test(text(record, "category") ?? "")
    ? readSignIn(record, properties, timeMs)
    : readDirectory(record, properties, timeMs);
}

function readSignIn(record: JsonRecord, properties: unknown, timeMs: number): Facts {
  const code = String(at(properties, "status", "errorCode") ?? at(record, "resultType") ?? "");
  const place = at(properties, "location");
  return {
    kind: code === "0" ? "login-succeeded" : "login-failed",
    timeMs,
    ip: text(record, "callerIpAddress") ?? text(properties, "ipAddress"),
    user:
      text(properties, "userPrincipalName") ??
      text(properties, "servicePrincipalName") ??
      text(properties, "userId"),
    isDirectoryUser: true,
    isUnknown: UNKNOWN_USER.has(code) ? true : undefined,
    method: text(properties, "clientAppUsed"),
    session: text(properties, "uniqueTokenIdentifier"),
    target: text(properties, "appDisplayName") ?? text(properties, "resourceDisplayName"),
    action: "Sign-in activity",
    agent: text(properties, "userAgent"),
    country: text(place, "countryOrRegion"),
    latitude: number(place, "geoCoordinates", "latitude"),
    longitude: number(place, "geoCoordinates", "longitude"),
    device: text(properties, "deviceDetail", "deviceId"),
    isDeviceManaged: managedOf(at(properties, "deviceDetail")),
  };
}

// A device without an id is one that nobody has enrolled, or none that was asked.
function managedOf(device: unknown): boolean | undefined {
  const isManaged = at(device, "isManaged");
  const isCompliant = at(device, "isCompliant");
  if (typeof isManaged === "boolean") return isManaged;
  return typeof isCompliant === "boolean" ? isCompliant : undefined;
}

function readDirectory(record: JsonRecord, properties: unknown, timeMs: number): Facts {
  const action = text(record, "operationName") ?? text(properties, "activityDisplayName") ?? "";
  const by = at(properties, "initiatedBy");
  return {
    kind: "activity",
    timeMs,
    ip: text(by, "user", "ipAddress") ?? text(record, "callerIpAddress"),
    user: text(by, "user", "userPrincipalName") ?? text(by, "app", "displayName"),
    isDirectoryUser: true,
    target: text(first(properties, "targetResources"), "displayName"),
    action,
    isPrivilegeGrant: GRANTS.test(action) ? true : undefined,
  };
}

function readActivity(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["time"] ?? record["eventTimestamp"] ?? record["p_event_time"]);
  const name = text(record, "operationName") ?? text(record, "operationName", "value");
  if (timeMs === undefined || name === undefined) return undefined;
  const claims = at(record, "identity", "claims");
  return {
    kind: "activity",
    timeMs,
    ip: text(record, "callerIpAddress"),
    user:
      text(claims, "upn") ??
      text(claims, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn") ??
      text(record, "caller") ??
      text(claims, "appid"),
    isDirectoryUser: true,
    target: text(record, "resourceId"),
    action: name,
    isPrivilegeGrant: GRANTS.test(name) ? true : undefined,
  };
}
