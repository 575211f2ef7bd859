// AWS CloudTrail records (docs.aws.amazon.com, "CloudTrail record contents"). The principal is the
// account; a console login says its own result.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { at, type JsonRecord, type RecordFormat, text, timeOf } from "./record-format.ts";

/** IAM calls that give somebody a right, a key or a way in. */
const GRANTS: ReadonlySet<string> = new Set([
  ...[
    "AttachUserPolicy",
    "AttachRolePolicy",
    "AttachGroupPolicy",
    "PutUserPolicy",
    "PutRolePolicy",
  ],
  ...["PutGroupPolicy", "AddUserToGroup", "CreateAccessKey", "CreateLoginProfile"],
  ...["UpdateLoginProfile", "CreatePolicyVersion", "SetDefaultPolicyVersion", "CreateUser"],
  ...["UpdateAssumeRolePolicy", "AddRoleToInstanceProfile", "CreateTrustAnchor", "CreateProfile"],
  ...[
    "CreateSAMLProvider",
    "CreateOpenIDConnectProvider",
    "PutBucketPolicy",
    "AddPermission20150331v2",
  ],
]);
const ROLE_SESSION = /^arn:[\w-]+:sts::\d*:assumed-role\/(.+)$/;

export const AWS_CLOUDTRAIL: RecordFormat = {
  type: "aws.cloudtrail",
  aliases: ["aws-cloudtrail", "cloudtrail"],
  recognises: (record) =>
    typeof record["eventSource"] === "string" &&
    typeof record["eventName"] === "string" &&
    "eventTime" in record,
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(record["eventTime"]);
  const action = text(record, "eventName");
  if (timeMs === undefined || action === undefined) return undefined;
  const error = text(record, "errorMessage");
  const source = text(record, "eventSource");
  const isDone = at(record, "errorCode") === undefined && error === undefined;
  return {
    kind: kindOf(record, action),
    timeMs,
    // Calls by a service of AWS itself name it here, which is no address.
    ip: text(record, "sourceIPAddress"),
    user: principalOf(record),
    isDirectoryUser: true,
    isUnknown: error === "No username found in supplied account" ? true : undefined,
    isRoot: text(record, "userIdentity", "type") === "Root" ? true : undefined,
    method: methodOf(record, action),
    session: text(record, "userIdentity", "accessKeyId"),
    target: targetOf(record, source),
    action,
    agent: text(record, "userAgent"),
    isPrivilegeGrant: isDone && GRANTS.has(action) ? true : undefined,
  };
}

function kindOf(record: JsonRecord, action: string): EventKind {
  if (action === "ConsoleLogin") {
    const result = text(record, "responseElements", "ConsoleLogin");
    return result === "Success" ? "login-succeeded" : "login-failed";
  }
  // Asked for by whoever knows the address of the account's mail.
  if (action === "PasswordRecoveryRequested") return "login-probed";
  return "activity";
}

function methodOf(record: JsonRecord, action: string): string | undefined {
  if (action !== "ConsoleLogin") return undefined;
  return text(record, "additionalEventData", "MFAUsed") === "Yes" ? "password+mfa" : "password";
}

function principalOf(record: JsonRecord): string | undefined {
  const identity = at(record, "userIdentity");
  const owner = text(identity, "accountId") ?? text(record, "recipientAccountId") ?? "aws";
  const arn = text(identity, "arn");
  const session = arn === undefined ? null : ROLE_SESSION.exec(arn);
  const name =
    session?.[1] ??
    text(identity, "userName") ??
    (text(identity, "type") === "Root" ? "root" : undefined) ??
    text(identity, "sessionContext", "sessionIssuer", "userName") ??
    text(identity, "principalId");
  return name === undefined ? undefined : `${owner}:${name}`;
}

function targetOf(record: JsonRecord, source: string | undefined): string | undefined {
  const resources = at(record, "resources");
  const arn = Array.isArray(resources) ? text(resources[0], "ARN") : undefined;
  return arn ?? source;
}
