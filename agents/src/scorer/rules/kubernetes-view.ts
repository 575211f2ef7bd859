// A Kubernetes audit event as two clouds wrap it, in its own shape: GKE says it in the terms of
// Google's audit log, AKS as text inside an Azure record. Owns the two translations, so that rules
// for Kubernetes are written once. Must never throw on a record that is not what it claims.

import type { Event } from "@ostraka/agents/kernel";

type Fields = Readonly<Record<string, unknown>>;

/** Longer text in a record is not read as JSON. */
const TEXT_MAX = 262_144;
const FORBIDDEN = 403;
/** gRPC codes of a refusal (google.rpc.Code) as HTTP says them. */
const HTTP_CODES: ReadonlyMap<unknown, number> = new Map([
  [5, 404],
  [6, 409],
  [7, FORBIDDEN],
  [10, 409],
  [16, 401],
]);

/** What a Kubernetes rule sees of the event, or nothing when it is not about Kubernetes. */
export function kubernetesView(event: Event): Event | undefined {
  const { record, recordType } = event;
  if (record === undefined) return undefined;
  const inner =
    recordType === "gcp.auditlog"
      ? fromGoogle(record)
      : recordType === "azure.monitoractivity"
        ? fromAzure(record)
        : undefined;
  if (inner === undefined) return undefined;
  return { ...event, record: inner, recordType: "kubernetes.audit" };
}

function fieldsOf(value: unknown, key: string): Fields | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  const inner = (value as Fields)[key];
  return typeof inner === "object" && inner !== null ? (inner as Fields) : undefined;
}

function fromAzure(record: Fields): Fields | undefined {
  const { category } = record;
  if (category !== "kube-audit" && category !== "kube-audit-admin") return undefined;
  const text = fieldsOf(record, "properties")?.["log"];
  if (typeof text !== "string") return fieldsOf(fieldsOf(record, "properties"), "log");
  if (text.length > TEXT_MAX) return undefined;
  try {
    const inner: unknown = JSON.parse(text);
    const isFields = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    return isFields ? withEnrichment(inner as Fields, record) : undefined;
  } catch {
    // Whoever wrote the record wrote no JSON: nothing in it speaks of Kubernetes.
    return undefined;
  }
}

/** What a pipeline before us added stands beside the record, not inside it. */
function withEnrichment(inner: Fields, outer: Fields): Fields {
  const added = outer["p_enrichment"] ?? outer["enrichment"];
  return added === undefined ? inner : { ...inner, p_enrichment: added };
}

/** `io.k8s.core.v1.pods.exec.create`: group, version, resource, perhaps a part of it, verb. */
const METHOD = /^io\.k8s\.(?:.+\.)?v\d\w*\.([\w-]+)(?:\.([\w-]+))?\.(\w+)$/;
/** `core/v1/namespaces/shop/pods/web/exec`, `core/v1/secrets`. */
const RESOURCE = /\/namespaces\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?/;

function fromGoogle(record: Fields): Fields | undefined {
  const payload = fieldsOf(record, "protoPayload");
  const method = METHOD.exec(String(payload?.["methodName"] ?? ""));
  if (payload === undefined || method === null) return undefined;
  const [, resource, part, verb] = method;
  const path = String(payload["resourceName"] ?? firstGrant(payload)?.["resource"] ?? "");
  const place = RESOURCE.exec(path);
  const from = fieldsOf(payload, "requestMetadata");
  const caller = from?.["callerIp"] ?? from?.["callerIP"];
  const identity = fieldsOf(payload, "authenticationInfo");
  const view = {
    verb,
    user: { username: identity?.["principalEmail"] ?? identity?.["authoritySelector"] },
    sourceIPs: caller === undefined ? [] : [caller],
    userAgent: from?.["callerSuppliedUserAgent"],
    objectRef: {
      resource,
      ...(part !== undefined && { subresource: part }),
      ...(place?.[1] !== undefined && { namespace: place[1] }),
      ...nameOf(path, place, resource),
    },
    requestObject: payload["request"],
    requestURI: payload["requestURI"],
    responseStatus: { code: codeOf(payload) },
    stage: "ResponseComplete",
  };
  return withEnrichment(view, record);
}

function nameOf(path: string, place: RegExpExecArray | null, resource: string | undefined) {
  if (place !== null) return place[3] === undefined ? {} : { name: place[3] };
  const parts = path.split("/");
  const at = parts.indexOf(resource ?? "");
  const name = at < 0 ? undefined : parts[at + 1];
  return name === undefined ? {} : { name };
}

function firstGrant(payload: Fields): Fields | undefined {
  const grants = payload["authorizationInfo"];
  return Array.isArray(grants) ? fieldsOf({ grant: grants[0] }, "grant") : undefined;
}

function codeOf(payload: Fields): number {
  if (firstGrant(payload)?.["granted"] === false) return FORBIDDEN;
  const status = fieldsOf(payload, "status")?.["code"];
  if (typeof status === "number" && status !== 0) return HTTP_CODES.get(status) ?? 500;
  return fieldsOf(payload, "response")?.["status"] === "Failure" ? 500 : 200;
}
