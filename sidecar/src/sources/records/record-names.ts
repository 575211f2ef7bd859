// The record types that JSON sources give their events: `<vendor>.<product>`, as the field
// `recordType` of an event says it, so that a rule knows whose fields it looks at. Owns the names
// and nothing else; a name, once given, is never given another meaning.

/** Push's own kinds, most particular first: what has no mark of another is an entity. */
export const PUSH_TYPES = [
  "pushsecurity.activity",
  "pushsecurity.controls",
  "pushsecurity.attackdetection",
  "pushsecurity.entities",
] as const;

export const RECORD_TYPES = [
  ...PUSH_TYPES,
  "amazon.eks.audit", // the same shape as kubernetes.audit, wrapped by EKS
  "asana.audit",
  "atlassian.audit",
  "auth0.events",
  "aws.cloudtrail",
  "aws.guardduty",
  "azure.audit", // Entra ID: SignInLogs and AuditLogs
  "azure.monitoractivity",
  "bitwarden.events",
  "box.event",
  "carbonblack.audit",
  "cloudflare.audit",
  "dropbox.teamevent",
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
  "microsoftgraph.securityalert",
  "mongodb.organizationevent",
  "notion.auditlogs",
  "okta.systemlog",
  "onelogin.events",
  "onepassword.signinattempt",
  "onepassword.itemusage",
  "salesforce.login",
  "slack.auditlogs",
  "snowflake.datatransferhistory",
  "snowflake.grantstoroles",
  "snowflake.grantstousers",
  "snowflake.loginhistory",
  "snowflake.queryhistory",
  "sublime.audit",
  "tailscale.audit",
  "thinkst.incident",
  "tines.audit",
  "web.access", // access lines of any web server
  "windows.eventlogs",
  "wiz.audit",
  "zendesk.audit",
  "zoom.activity",
] as const;

export type RecordType = (typeof RECORD_TYPES)[number];
