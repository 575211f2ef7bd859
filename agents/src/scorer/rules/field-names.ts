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
 * The reading of fields of some record types: the record's own name, or another the table knows.
 * @param hasEventFields the event's own fields count as well (Linux logs).
 */
export function fieldsOfTypes(
  recordTypes: Iterable<string>,
  hasEventFields: boolean,
): (name: string) => Field | undefined {
  const tables = [...recordTypes].map((type) => NAMES.get(type) ?? {});
  return (name) => {
    const own = hasEventFields ? eventField(name) : recordField(name);
    const known = name.toLowerCase();
    const paths = tables.flatMap((table) => (Object.hasOwn(table, known) ? [table[known]] : []));
    const others = [...new Set(paths)].filter((path) => path !== name);
    if (own === undefined || others.length === 0) return own;
    const fields = [own, ...others.flatMap((path) => recordField(path as string) ?? [])];
    const any = (event: Event, test: ValueTest) => fields.some((field) => field.any(event, test));
    return { name, any };
  };
}
