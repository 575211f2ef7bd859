// Records of security products whose schema is flat: findings, decoys, and who did what in their
// consoles. Owns the table. A finding names whom its own product accuses; where that is a machine's
// peer, which may be a victim of the machine, no address is read.

import { type FlatFormat, flatFormat } from "./flat-record.ts";
import type { RecordFormat } from "./record-format.ts";
import { PUSH_TYPES } from "./record-names.ts";

/** Push writes four kinds of record of one shape; `object` tells them apart. */
const PUSH_MARKS: Readonly<Record<(typeof PUSH_TYPES)[number], readonly string[]>> = {
  "pushsecurity.activity": ["object", "new.loginType", "version"],
  "pushsecurity.controls": ["object", "new.employee", "new.sourceIpAddress", "version"],
  "pushsecurity.attackdetection": ["object", "friendlyId", "version"],
  "pushsecurity.entities": ["object", "type", "new", "version"],
};

const PUSH: readonly FlatFormat[] = PUSH_TYPES.map((type) => ({
  type,
  marks: PUSH_MARKS[type],
  time: ["timestamp"],
  user: ["new.email", "new.employee.email"],
  ip: ["new.sourceIpAddress"],
  action: ["object"],
  target: ["new.appType"],
  agent: ["new.userAgent"],
}));

const FLAT: readonly FlatFormat[] = [
  ...PUSH,
  {
    type: "aws.guardduty",
    marks: ["schemaVersion", "accountId", "severity", "service.serviceName"],
    time: ["updatedAt", "createdAt"],
    user: ["resource.accessKeyDetails.userName"],
    ip: ["service.action.awsApiCallAction.remoteIpDetails.ipAddressV4"],
    action: ["type"],
    target: ["resource.resourceType"],
  },
  {
    type: "carbonblack.audit",
    marks: ["eventId", "loginName", "clientIp", "description"],
    time: ["eventTime"],
    user: ["loginName"],
    ip: ["clientIp"],
    action: ["description"],
  },
  {
    type: "sublime.audit",
    marks: ["created_by.email_address", "data.request", "type"],
    time: ["created_at"],
    user: ["created_by.email_address"],
    ip: ["data.request.ip"],
    action: ["type"],
    agent: ["data.request.user_agent"],
  },
  {
    type: "thinkst.incident",
    aliases: ["opencanary", "canary"],
    marks: ["AlertType", "IncidentHash", "SourceIP"],
    time: ["Timestamp", "p_event_time"],
    user: [],
    ip: ["SourceIP"],
    action: ["AlertType"],
    target: ["CanaryName"],
  },
  {
    type: "tines.audit",
    marks: ["operation_name", "user_email", "tenant_id"],
    time: ["created_at"],
    user: ["user_email"],
    ip: ["request_ip"],
    action: ["operation_name"],
    agent: ["request_user_agent"],
    succeeded: /^Login$/,
  },
  {
    type: "wiz.audit",
    marks: ["action", "requestId", "sourceIP", "timestamp"],
    time: ["timestamp"],
    user: ["user.name", "user.id", "serviceAccount.name"],
    ip: ["sourceIP"],
    action: ["action"],
    agent: ["userAgent"],
    succeeded: /^Login$/,
  },
];

export const SECURITY_RECORDS: readonly RecordFormat[] = FLAT.map(flatFormat);
