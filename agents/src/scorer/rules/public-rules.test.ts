import type { Event } from "@ostraka/agents/kernel";
import { describe, expect, test } from "vitest";
import { compileRules } from "./index.ts";
import { kubernetesView } from "./kubernetes-view.ts";
import type { RuleHit } from "./rule-set.ts";

function isHit(logsource: string, detection: string, recordType: string, record: object): boolean {
  const text = `title: T\nlogsource: ${logsource}\ndetection: { s: ${detection}, condition: s }\n`;
  const result = compileRules([{ name: "t.yml", text }]);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const hits: RuleHit[] = [];
  const base = { id: "e", timeMs: 1, kind: "activity", service: "x", count: 1 };
  result.rules.observe({ ...base, recordType, record } as Event, hits);
  return hits.length > 0;
}

describe("the names that public rules give fields", () => {
  test.each([
    [
      "{ product: okta, service: okta }",
      "{ eventtype: user.session.start }",
      "okta.systemlog",
      { eventType: "user.session.start" },
    ],
    [
      "{ product: gcp, service: gcp.audit }",
      "{ gcp.audit.method_name: storage.buckets.delete }",
      "gcp.auditlog",
      { protoPayload: { methodName: "storage.buckets.delete" } },
    ],
    [
      "{ product: gcp, service: google_workspace.admin }",
      "{ eventName: ASSIGN_ROLE }",
      "gsuite.activityevent",
      { name: "ASSIGN_ROLE" },
    ],
    [
      "{ product: azure, service: signinlogs }",
      "{ ResultType: 50053, AppId: a }",
      "azure.audit",
      { properties: { status: { errorCode: 50053 }, appId: "a" } },
    ],
    [
      "{ category: application, product: kubernetes, service: audit }",
      "{ verb: create, apiGroup: batch }",
      "amazon.eks.audit",
      { verb: "create", objectRef: { apiGroup: "batch" } },
    ],
  ])("%s %s", (logsource, detection, recordType, record) => {
    expect(isHit(logsource, detection, recordType, record)).toBe(true);
    expect(isHit(logsource, detection, recordType, {})).toBe(false);
  });
});

const POD_EXEC = "{ verb: create, objectRef.resource: pods, objectRef.subresource: exec }";

describe("a Kubernetes audit event that a cloud wraps", () => {
  const google = {
    protoPayload: {
      methodName: "io.k8s.core.v1.pods.exec.create",
      resourceName: "core/v1/namespaces/shop/pods/web/exec",
      authenticationInfo: { principalEmail: "dana@example.com" },
      authorizationInfo: [{ granted: true }],
      requestMetadata: { callerIp: "198.51.100.7" },
    },
  };
  const inner = { verb: "create", objectRef: { resource: "pods", subresource: "exec" } };
  const azure = { category: "kube-audit", properties: { log: JSON.stringify(inner) } };
  const kubernetes = "{ product: kubernetes, service: audit }";

  test("is seen as Kubernetes' own", () => {
    expect(isHit(kubernetes, POD_EXEC, "gcp.auditlog", google)).toBe(true);
    expect(isHit(kubernetes, POD_EXEC, "azure.monitoractivity", azure)).toBe(true);
  });

  test("tells the namespace, the name, who, from where and with what result", () => {
    const base = { id: "e", timeMs: 1, kind: "activity", service: "x", count: 1 } as const;
    const view = (record: Event["record"]) =>
      kubernetesView({ ...base, recordType: "gcp.auditlog", ...(record && { record }) })?.record;
    expect(view(google)).toMatchObject({
      objectRef: { resource: "pods", subresource: "exec", namespace: "shop", name: "web" },
      user: { username: "dana@example.com" },
      sourceIPs: ["198.51.100.7"],
      responseStatus: { code: 200 },
    });
    const refused = { ...google.protoPayload, authorizationInfo: [{ granted: false }] };
    expect(view({ protoPayload: refused })).toMatchObject({ responseStatus: { code: 403 } });
    expect(view({ protoPayload: { methodName: "storage.objects.get" } })).toBeUndefined();
  });

  test.each([
    ["no text", { category: "kube-audit", properties: { log: 7 } }],
    ["no JSON", { category: "kube-audit", properties: { log: "{" } }],
    ["a list", { category: "kube-audit", properties: { log: "[1]" } }],
    ["too long", { category: "kube-audit", properties: { log: `"${"x".repeat(300_000)}"` } }],
    ["another category", { ...azure, category: "Administrative" }],
  ])("as %s is none", (_what, record) => {
    expect(isHit(kubernetes, POD_EXEC, "azure.monitoractivity", record)).toBe(false);
  });
});
