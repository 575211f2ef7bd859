// Records of services whose schema is flat: where the time, the actor, the address and the action
// stand, declared by path. Logins are told apart by the action's own name where there is one.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { first, type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";
import type { RecordType } from "./record-names.ts";

interface FlatFormat {
  readonly type: RecordType;
  readonly aliases?: readonly string[];
  /** Members that only this source has; a pair of path and wanted value, or a path. */
  readonly marks: readonly string[];
  readonly time: readonly string[];
  readonly user: readonly string[];
  readonly ip: readonly string[];
  readonly action: readonly string[];
  readonly target?: readonly string[];
  readonly agent?: readonly string[];
  readonly failed?: RegExp;
  readonly succeeded?: RegExp;
  readonly grants?: RegExp;
}

const FLAT: readonly FlatFormat[] = [
  {
    type: "snowflake.loginhistory",
    marks: ["IS_SUCCESS", "USER_NAME", "CLIENT_IP"],
    time: ["EVENT_TIMESTAMP", "p_event_time"],
    user: ["USER_NAME"],
    ip: ["CLIENT_IP"],
    action: ["EVENT_TYPE"],
  },
  {
    type: "snowflake.queryhistory",
    marks: ["QUERY_TYPE", "USER_NAME"],
    time: ["START_TIME", "p_event_time"],
    user: ["USER_NAME"],
    ip: ["CLIENT_IP"],
    action: ["QUERY_TYPE"],
    target: ["DATABASE_NAME"],
    grants: /^GRANT/,
  },
  {
    type: "onepassword.signinattempt",
    marks: ["session_uuid", "target_user", "category"],
    time: ["timestamp"],
    user: ["target_user.email"],
    ip: ["client.ip_address"],
    action: ["category"],
    failed: /^(?:credentials_failed|mfa_failed|sso_failed|firewall_failed|user_not_found)$/,
    succeeded: /^success$/,
  },
  {
    type: "onepassword.itemusage",
    marks: ["item_uuid", "vault_uuid", "used_version"],
    time: ["timestamp"],
    user: ["user.email"],
    ip: ["client.ip_address"],
    action: ["action"],
    target: ["item_uuid"],
  },
  {
    type: "atlassian.audit",
    marks: ["attributes.action", "attributes.actor"],
    time: ["attributes.time"],
    user: ["attributes.actor.email", "attributes.actor.name"],
    ip: ["attributes.location.ip"],
    action: ["attributes.action"],
    grants: /(?:role|admin|permission)_?(?:added|granted|changed)|user_added/i,
  },
  {
    type: "asana.audit",
    marks: ["event_category", "event_type", "gid"],
    time: ["created_at"],
    user: ["actor.email"],
    ip: ["context.client_ip_address"],
    action: ["event_type"],
    target: ["resource.name"],
    agent: ["context.user_agent"],
    failed: /^user_login_failed$/,
    succeeded: /^user_login_succeeded$/,
    grants: /admin_role_added|user_workspace_admin/,
  },
  {
    type: "slack.auditlogs",
    marks: ["actor.user", "entity", "action", "date_create"],
    time: ["date_create"],
    user: ["actor.user.email"],
    ip: ["context.ip_address"],
    action: ["action"],
    agent: ["context.ua"],
    failed: /^user_login_failed$/,
    succeeded: /^user_login$/,
    grants: /^(?:role_change_to_(?:admin|owner)|owner_transferred)/,
  },
  {
    type: "box.event",
    marks: ["event_type", "created_by", "event_id"],
    time: ["created_at"],
    user: ["created_by.login"],
    ip: ["ip_address"],
    action: ["event_type"],
    target: ["source.name"],
    failed: /^FAILED_LOGIN$/,
    succeeded: /^LOGIN$/,
    grants: /^(?:CHANGE_ADMIN_ROLE|COLLABORATION_INVITE)$/,
  },
  {
    type: "zendesk.audit",
    marks: ["actor_id", "source_type", "change_description"],
    time: ["created_at"],
    user: ["actor_name"],
    ip: ["ip_address"],
    action: ["action"],
    target: ["source_label"],
  },
  {
    type: "notion.auditlogs",
    marks: ["event.workspace_id", "event.actor"],
    time: ["event.timestamp"],
    user: ["event.actor.person.email"],
    ip: ["event.ip_address"],
    action: ["event.type"],
    succeeded: /^user\.login$/,
  },
  {
    type: "zoom.activity",
    marks: ["client_type", "email", "version"],
    time: ["time"],
    user: ["email"],
    ip: ["ip_address"],
    action: ["type"],
    succeeded: /^Sign in$/,
  },
  {
    type: "microsoft365.audit",
    aliases: ["office365", "o365"],
    marks: ["Workload", "Operation", "UserId"],
    time: ["CreationTime"],
    user: ["UserId"],
    ip: ["ClientIP", "ActorIpAddress"],
    action: ["Operation"],
    target: ["ObjectId"],
    failed: /^UserLoginFailed$/,
    succeeded: /^UserLoggedIn$/,
    grants: /^Add (?:member to role|delegat|service principal credentials)|Add-MailboxPermission/,
  },
  {
    type: "cloudflare.audit",
    marks: ["ActionType", "ActorEmail", "ActorIP"],
    time: ["When"],
    user: ["ActorEmail"],
    ip: ["ActorIP"],
    action: ["ActionType"],
    target: ["ResourceType"],
    succeeded: /^login$/,
  },
  {
    type: "gitlab.audit",
    marks: ["author_name", "entity_type", "details"],
    time: ["created_at"],
    user: ["author_name"],
    ip: ["ip_address", "details.ip_address"],
    action: ["details.custom_message", "details.change", "details.add"],
    target: ["entity_path"],
    grants: /access_level|user_access/,
  },
  {
    type: "tailscale.audit",
    marks: ["eventGroupID", "actor.loginName"],
    time: ["eventTime"],
    user: ["actor.loginName"],
    ip: ["origin"],
    action: ["action"],
    target: ["target.name"],
  },
];

export const SAAS_RECORDS: readonly RecordFormat[] = FLAT.map((flat) => ({
  type: flat.type,
  ...(flat.aliases !== undefined && { aliases: flat.aliases }),
  recognises: (record) => flat.marks.every((mark) => has(record, mark)),
  read: (record) => read(record, flat),
}));

function has(record: JsonRecord, path: string): boolean {
  return first(record, ...path.split(".")) !== undefined;
}

function read(record: JsonRecord, flat: FlatFormat): Facts | undefined {
  const timeMs = firstOf(flat.time, (path) => timeOf(first(record, ...path)));
  if (timeMs === undefined) return undefined;
  const textAt = (list: readonly string[] | undefined) =>
    list === undefined ? undefined : firstOf(list, (path) => text(record, ...path));
  const action = textAt(flat.action);
  return {
    kind: kindOf(record, flat, action ?? ""),
    timeMs,
    ip: textAt(flat.ip),
    user: textAt(flat.user),
    isDirectoryUser: true,
    target: textAt(flat.target),
    action,
    agent: textAt(flat.agent),
    isPrivilegeGrant: action !== undefined && flat.grants?.test(action) === true ? true : undefined,
  };
}

function kindOf(record: JsonRecord, flat: FlatFormat, action: string): EventKind {
  if (flat.type === "snowflake.loginhistory") {
    return text(record, "IS_SUCCESS") === "YES" ? "login-succeeded" : "login-failed";
  }
  if (flat.failed?.test(action) === true) return "login-failed";
  return flat.succeeded?.test(action) === true ? "login-succeeded" : "activity";
}

function firstOf<T>(
  list: readonly string[],
  read: (path: readonly string[]) => T | undefined,
): T | undefined {
  for (const path of list) {
    const value = read(path.split("."));
    if (value !== undefined) return value;
  }
  return undefined;
}
