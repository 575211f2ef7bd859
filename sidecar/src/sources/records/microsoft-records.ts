// Microsoft's unified audit log (Microsoft 365), its Graph's security alerts, and Windows events
// that a shipper turned into JSON. Owns where each has its facts; the meaning of an event id is
// text/windows-xml.ts's. Must never take a workstation's own name for where somebody came from.

import { readWindowsFields } from "../text/windows-xml.ts";
import { type FlatFormat, flatFormat } from "./flat-record.ts";
import {
  at,
  first,
  isRecord,
  type JsonRecord,
  type RecordFormat,
  text,
  timeOf,
} from "./record-format.ts";

const M365: FlatFormat = {
  type: "microsoft365.audit",
  aliases: ["office365", "o365", "m365"],
  marks: ["Workload", "Operation", "UserId"],
  time: ["CreationTime"],
  user: ["UserId"],
  ip: ["ClientIP", "ActorIpAddress", "ClientIPAddress"],
  action: ["Operation"],
  target: ["ObjectId"],
  agent: ["UserAgent"],
  failed: /^UserLoginFailed$/,
  succeeded: /^UserLoggedIn$/,
  grants: /^Add (?:member to role|delegat|service principal credentials)|Add-MailboxPermission/,
  isAnyCase: true,
};

const GRAPH_ALERT = flatFormat({
  type: "microsoftgraph.securityalert",
  marks: ["vendorInformation", "severity", "category", "createdDateTime"],
  time: ["eventDateTime", "createdDateTime"],
  user: [],
  ip: [],
  action: ["title", "category"],
});

/** Where a shipper puts what the event itself says (field-names.ts of the rules knows the same). */
const PLACES = [
  ["ExtraEventData"],
  ["EventData"],
  ["winlog", "event_data"],
  ["Event", "EventData"],
] as const;
const IDS = [["EventID"], ["winlog", "event_id"], ["event_id"], ["Event", "System", "EventID"]];
const TIMES = ["TimeCreated", "EventTime", "@timestamp", "UtcTime", "timestamp", "TimeGenerated"];

function idOf(record: JsonRecord): string | undefined {
  for (const path of IDS) {
    const id = at(record, ...path);
    if (typeof id === "number" || typeof id === "string") return String(id);
  }
  return undefined;
}

function fieldsOf(record: JsonRecord): Record<string, string> {
  const fields: Record<string, string> = {};
  const inner = PLACES.map((path) => at(record, ...path)).find(isRecord);
  for (const part of [inner ?? {}, record]) {
    for (const [name, value] of Object.entries(part)) {
      if (typeof value === "string" || typeof value === "number") fields[name] ??= String(value);
    }
  }
  return fields;
}

const WINDOWS_EVENTS: RecordFormat = {
  type: "windows.eventlogs",
  aliases: ["windows-json", "winlogbeat"],
  recognises: (record) =>
    /^\d{1,5}$/.test(idOf(record) ?? "") &&
    [record["Channel"], record["ProviderName"], record["Computer"], record["winlog"]].some(
      (mark) => mark !== undefined,
    ),
  read(record) {
    const id = idOf(record);
    const timeMs = TIMES.map((key) => timeOf(zoned(record[key]))).find((ms) => ms !== undefined);
    if (id === undefined || timeMs === undefined) return undefined;
    const { kind, ip, user, isUnknown, action } = readWindowsFields(id, fieldsOf(record));
    const computer = record["Computer"] ?? record["Hostname"] ?? at(record, "host", "name");
    return {
      ...{ kind, timeMs, ip, user, action },
      isUnknown: isUnknown ? true : undefined,
      ...(typeof computer === "string" && { device: computer }),
    };
  },
};

/** `2026-03-03 04:05:06 +0000`: one blank more than ISO 8601 has. */
function zoned(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/ ([+-]\d{4})$/, "$1") : value;
}

export const MICROSOFT_RECORDS: readonly RecordFormat[] = [
  flatFormat(M365),
  {
    ...GRAPH_ALERT,
    // The first account is the alert's own; others are beside it.
    read(record) {
      const facts = GRAPH_ALERT.read(record);
      const user = text(first(record, "userStates"), "userPrincipalName");
      return facts === undefined ? undefined : { ...facts, user };
    },
  },
  WINDOWS_EVENTS,
];
