// Kubernetes audit events (kubernetes.io, audit.k8s.io/v1 Event), also as EKS wraps them.
// Owns which requests bind a right, and what a 401 is.

import type { Facts } from "../facts.ts";
import { at, type JsonRecord, number, type RecordFormat, text, timeOf } from "./record-format.ts";

const BINDINGS: ReadonlySet<string> = new Set([
  "rolebindings",
  "clusterrolebindings",
  "roles",
  "clusterroles",
]);

export const KUBERNETES_AUDIT: RecordFormat = {
  type: "kubernetes.audit",
  aliases: ["k8s-audit", "amazon.eks.audit", "kubernetes"],
  recognises: (record) =>
    text(record, "apiVersion")?.startsWith("audit.k8s.io/") === true ||
    ("auditID" in record && "verb" in record && "requestURI" in record),
  read,
};

function read(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(
    record["requestReceivedTimestamp"] ?? record["stageTimestamp"] ?? record["p_event_time"],
  );
  if (timeMs === undefined) return undefined;
  const verb = text(record, "verb") ?? "unknown";
  const resource = text(record, "objectRef", "resource");
  const part = text(record, "objectRef", "subresource");
  const code = number(record, "responseStatus", "code");
  const isDone = code === undefined || code < 400;
  const isGrant =
    resource !== undefined && BINDINGS.has(resource) && /^(?:create|update|patch)$/.test(verb);
  // "All but the last IP can be arbitrarily set by the client" (audit.k8s.io/v1, Event.sourceIPs).
  const sources = at(record, "sourceIPs");
  const client = Array.isArray(sources) ? sources.at(-1) : sources;
  return {
    // 401: no credential that the API server knows; 403 is an account without the right.
    kind: code === 401 ? "login-failed" : "activity",
    timeMs,
    ip: typeof client === "string" ? client : undefined,
    user: text(record, "impersonatedUser", "username") ?? text(record, "user", "username"),
    isDirectoryUser: true,
    target: targetOf(record, resource),
    action: [verb, resource, part].filter((word) => word !== undefined).join(" "),
    agent: text(record, "userAgent"),
    isPrivilegeGrant: isDone && isGrant ? true : undefined,
    method: code === 401 ? "token" : undefined,
  };
}

function targetOf(record: JsonRecord, resource: string | undefined): string | undefined {
  if (resource === undefined) return text(record, "requestURI");
  const space = text(record, "objectRef", "namespace");
  const name = text(record, "objectRef", "name");
  return [space, resource, name].filter((word) => word !== undefined).join("/");
}
