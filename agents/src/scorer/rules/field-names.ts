// Other names of fields: what public rules call a field beside what the source's own record calls
// it. Owns the one table, by record type. A name that the record has is read as it is; the table is
// asked beside it, never instead.

import type { Event } from "@ostraka/agents/kernel";
import { eventField, type Field, recordField, type ValueTest } from "./fields.ts";

/** A rule's name in lower case, and where the record has it. */
type Names = Readonly<Record<string, string>>;

const AZURE: Names = {
  appdisplayname: "properties.appDisplayName",
  appid: "properties.appId",
  applicationid: "properties.appId",
  authenticationprotocol: "properties.authenticationProtocol",
  authenticationrequirement: "properties.authenticationRequirement",
  clientapp: "properties.clientAppUsed",
  clientappused: "properties.clientAppUsed",
  conditionalaccessstatus: "properties.conditionalAccessStatus",
  devicedetail: "properties.deviceDetail",
  "initiatedby.user.userprincipalname": "properties.initiatedBy.user.userPrincipalName",
  loggedbyservice: "properties.loggedByService",
  operationname: "operationName",
  resourcedisplayname: "properties.resourceDisplayName",
  result: "properties.result",
  resulttype: "properties.status.errorCode",
  riskeventtype: "properties.riskEventTypes",
  riskeventtypes: "properties.riskEventTypes",
  riskstate: "properties.riskState",
  status: "properties.result",
  "targetresources.modifiedproperties.newvalue":
    "properties.targetResources.modifiedProperties.newValue",
  "targetresources.type": "properties.targetResources.type",
  useragent: "properties.userAgent",
  username: "properties.userPrincipalName",
};

const KUBERNETES: Names = {
  apigroup: "objectRef.apiGroup",
  capabilities: "requestObject.spec.containers.securityContext.capabilities.add",
  hostpath: "requestObject.spec.volumes.hostPath.path",
  namespace: "objectRef.namespace",
  "objectref.name": "objectRef.name",
  "objectref.resource": "objectRef.resource",
  "objectref.subresource": "objectRef.subresource",
  username: "user.username",
};

const NAMES: ReadonlyMap<string, Names> = new Map<string, Names>([
  ["azure.audit", AZURE],
  ["azure.monitoractivity", { operationname: "operationName", status: "resultType" }],
  ["kubernetes.audit", KUBERNETES],
  ["amazon.eks.audit", KUBERNETES],
  [
    "okta.systemlog",
    {
      displaymessage: "displayMessage",
      eventtype: "eventType",
      legacyeventtype: "legacyEventType",
      "debugcontext.debugdata.behaviors": "debugContext.debugData.behaviors",
      "securitycontext.isproxy": "securityContext.isProxy",
    },
  ],
  [
    "gcp.auditlog",
    {
      "data.protopayload.authenticationinfo.principalemail":
        "protoPayload.authenticationInfo.principalEmail",
      "data.protopayload.methodname": "protoPayload.methodName",
      "data.protopayload.resource.labels.service": "protoPayload.serviceName",
      "data.protopayload.resource.type": "resource.type",
      "data.protopayload.servicename": "protoPayload.serviceName",
      "gcp.audit.method_name": "protoPayload.methodName",
      "gcp.audit.service_name": "protoPayload.serviceName",
    },
  ],
  [
    "web.access",
    {
      ...{ "cs-method": "method", "cs-uri-stem": "path", "cs-uri-query": "query" },
      ...{ "c-uri": "uri", "cs-uri": "uri", "c-uri-query": "query", "sc-status": "status" },
      ...{ "c-useragent": "agent", "cs-user-agent": "agent", "c-ip": "ip" },
      ...{ "cs-referer": "referer", "cs-referrer": "referer" },
    },
  ],
  [
    "windows.eventlogs",
    { eventid: "winlog.event_id", computer: "winlog.computer_name", channel: "winlog.channel" },
  ],
  [
    "gsuite.activityevent",
    {
      application_name: "parameters.APPLICATION_NAME",
      eventname: "name",
      new_value: "parameters.NEW_VALUE",
      old_value: "parameters.OLD_VALUE",
      setting_name: "parameters.SETTING_NAME",
    },
  ],
]);

/**
 * Where a shipper puts the fields of a Windows event: beside its id, or within one of these
 * (Winlogbeat, Panther, the XML of the event turned into JSON).
 */
const WINDOWS_PLACES = ["ExtraEventData", "EventData", "winlog.event_data", "Event.EventData"];

/** Record types whose shippers nest the fields that rules name. */
const PLACES: ReadonlyMap<string, readonly string[]> = new Map([
  ["windows.eventlogs", WINDOWS_PLACES],
]);

/** Record types that some shippers write in lower case: names of vendors are in mixed or upper. */
const LOWERED = /^(?:microsoft|snowflake\.)/;

function otherPaths(type: string, name: string): string[] {
  const paths = (PLACES.get(type) ?? []).map((place) => `${place}.${name}`);
  if (!LOWERED.test(type)) return paths;
  // Some lower the members of the record alone, others those within as well.
  const top = name.replace(/^[^.]*/, (member) => member.toLowerCase());
  return [...paths, name.toLowerCase(), top];
}

/**
 * The reading of fields of some record types: the record's own name, or another the table knows.
 * @param hasEventFields the event's own fields count as well (Linux logs).
 */
export function fieldsOfTypes(
  recordTypes: Iterable<string>,
  hasEventFields: boolean,
): (name: string) => Field | undefined {
  const types = [...recordTypes];
  const tables = types.map((type) => NAMES.get(type) ?? {});
  return (name) => {
    const own = hasEventFields ? eventField(name) : recordField(name);
    const known = name.toLowerCase();
    const paths = tables.flatMap((table) => (Object.hasOwn(table, known) ? [table[known]] : []));
    const all = [...paths, ...types.flatMap((type) => otherPaths(type, name))] as string[];
    const others = [...new Set(all)].filter((path) => path !== name);
    if (own === undefined || others.length === 0) return own;
    const fields = [own, ...others.flatMap((path) => recordField(path) ?? [])];
    const any = (event: Event, test: ValueTest) => fields.some((field) => field.any(event, test));
    return { name, any };
  };
}
