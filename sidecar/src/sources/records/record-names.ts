// The record types that JSON sources give their events: `<vendor>.<product>`, as the field
// `recordType` of an event says it, so that a rule knows whose fields it looks at. Owns the names
// and nothing else; a name, once given, is never given another meaning.

export const RECORD_TYPES = [
  "amazon.eks.audit", // the same shape as kubernetes.audit, wrapped by EKS
  "asana.audit",
  "atlassian.audit",
  "auth0.events",
  "aws.cloudtrail",
  "azure.audit", // Entra ID: SignInLogs and AuditLogs
  "azure.monitoractivity",
  "box.event",
  "cloudflare.audit",
  "duo.administrator",
  "duo.authentication",
  "gcp.auditlog",
  "github.audit",
  "github.webhook",
  "gitlab.audit",
  "gravitational.teleportaudit",
  "gsuite.activityevent",
  "json.login", // any other program that logs logins as JSON or logfmt
  "kubernetes.audit",
  "linux.auditd",
  "microsoft365.audit",
  "notion.auditlogs",
  "okta.systemlog",
  "onelogin.events",
  "onepassword.signinattempt",
  "onepassword.itemusage",
  "slack.auditlogs",
  "snowflake.loginhistory",
  "snowflake.queryhistory",
  "tailscale.audit",
  "windows.eventlogs",
  "zendesk.audit",
  "zoom.activity",
] as const;

export type RecordType = (typeof RECORD_TYPES)[number];
