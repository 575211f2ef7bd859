// Okta System Log events (developer.okta.com, "System Log API"): actor, client, outcome.
// Owns which event types are logins and which give a right.

import type { EventKind } from "@ostraka/agents/kernel";
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

const LOGINS: ReadonlySet<string> = new Set([
  "user.session.start",
  "user.authentication.auth_via_mfa",
  "user.authentication.auth_via_AD_agent",
  "user.authentication.auth_via_LDAP_agent",
  "user.authentication.auth_via_radius",
  "user.authentication.auth_via_social",
  "user.authentication.verify",
]);
const LOCKS: ReadonlySet<string> = new Set(["user.account.lock", "user.account.lock.limit"]);
const GRANTS: ReadonlySet<string> = new Set([
  "user.account.privilege.grant",
  "group.privilege.grant",
  "system.api_token.create",
  "group.user_membership.add",
  "iam.resourceset.bindings.add",
  "system.idp.lifecycle.create",
]);

export const OKTA_SYSTEM_LOG: RecordFormat = {
  type: "okta.systemlog",
  aliases: ["okta"],
  recognises: (record) =>
    typeof record["eventType"] === "string" && "published" in record && "actor" in record,
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["published"]);
  const action = text(record, "eventType");
  if (timeMs === undefined || action === undefined) return undefined;
  const place = at(record, "client", "geographicalContext");
  const isDone = text(record, "outcome", "result") === "SUCCESS";
  return {
    kind: kindOf(action, text(record, "outcome", "result")),
    timeMs,
    ip: text(record, "client", "ipAddress"),
    user: text(record, "actor", "alternateId") ?? text(record, "actor", "id"),
    isDirectoryUser: true,
    isUnknown: text(record, "outcome", "reason") === "VERIFICATION_ERROR" ? true : undefined,
    session: text(record, "authenticationContext", "externalSessionId"),
    target:
      text(first(record, "target"), "alternateId") ?? text(first(record, "target"), "displayName"),
    action,
    agent: text(record, "client", "userAgent", "rawUserAgent"),
    country: text(place, "country"),
    latitude: number(place, "geolocation", "lat"),
    longitude: number(place, "geolocation", "lon"),
    device: text(record, "device", "id"),
    isDeviceManaged: booleanOf(at(record, "device", "managed")),
    isPrivilegeGrant: isDone && GRANTS.has(action) ? true : undefined,
  };
}

// Whoever knows a name can have a sign-in evaluated, challenged, and its account locked: what
// stands BEFORE a session is not the account's doing.
function kindOf(action: string, result: string | undefined): EventKind {
  if (LOCKS.has(action)) return "login-probed";
  if (action === "policy.evaluate_sign_on") return result === "ALLOW" ? "activity" : "login-probed";
  if (!LOGINS.has(action)) return "activity";
  if (result === "SUCCESS") return "login-succeeded";
  return result === "FAILURE" || result === "DENY" ? "login-failed" : "login-probed";
}

function booleanOf(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}
