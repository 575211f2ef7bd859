// GitHub audit log entries (docs.github.com, "Audit log events for your organization").
// Owns which of them give somebody a right.

import type { Facts } from "../facts.ts";
import { type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";

const GRANTS: ReadonlySet<string> = new Set([
  ...["org.add_member", "org.update_member", "team.add_member", "team.add_repository"],
  ...["repo.add_member", "personal_access_token.create", "public_key.create"],
  ...["deploy_key.create", "oauth_authorization.create", "integration_installation.create"],
  ...["business.add_admin", "role.create", "repository_ruleset.destroy"],
]);

export const GITHUB_AUDIT: RecordFormat = {
  type: "github.audit",
  aliases: ["github"],
  recognises: (record) =>
    typeof record["action"] === "string" &&
    record["action"].includes(".") &&
    ("@timestamp" in record || "_document_id" in record || ("actor" in record && "org" in record)),
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["@timestamp"] ?? record["created_at"]);
  const action = text(record, "action");
  if (timeMs === undefined || action === undefined) return undefined;
  return {
    kind:
      action === "user.failed_login"
        ? "login-failed"
        : action === "user.login"
          ? "login-succeeded"
          : "activity",
    timeMs,
    ip: text(record, "actor_ip"),
    user: text(record, "actor") ?? text(record, "user"),
    isDirectoryUser: true,
    target:
      text(record, "repo") ?? text(record, "team") ?? text(record, "user") ?? text(record, "org"),
    action,
    agent: text(record, "user_agent"),
    country: text(record, "actor_location", "country_code"),
    isPrivilegeGrant: GRANTS.has(action) ? true : undefined,
  };
}
