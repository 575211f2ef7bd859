// The table of roles and methods, and who a certificate makes of a caller.

import type { Mesh } from "@ostraka/agents/node";
import { Role } from "@ostraka/proto";
import { file_ostraka_v1_admin } from "@ostraka/proto/gen/admin";
import { describe, expect, test } from "vitest";
import { ACCESS_RULES, checkAccess } from "./access-rules.ts";
import { type AuthContext, type CallerRole, callerOf } from "./caller.ts";

const METHODS = file_ostraka_v1_admin.services.flatMap((service) =>
  service.methods.map((method) => `${service.name}/${method.name}`),
);
const ROLES: readonly CallerRole[] = ["person", "auditor", "coordinator", "host", "anyone"];
const notAllowed = expect.objectContaining({ code: "OSTRAKA_NOT_ALLOWED" });

/** Said a second time, by hand: who may call what besides reads of people. */
function mayCall(role: CallerRole, method: string): boolean {
  if (method === "EnrollmentService/Join") return role === "anyone";
  if (role === "anyone") return false;
  if (role === "host") return ["LedgerService/GetSealedHead", "HostService/Get"].includes(method);
  const isCommand = ["CommandService/Submit", "JournalService/SubmitRepair"].includes(method);
  return !isCommand || role !== "auditor";
}

test("every method has a rule, and no rule is for a method that is none", () => {
  expect(Object.keys(ACCESS_RULES).sort()).toEqual([...METHODS].sort());
});

describe.each(ROLES)("a caller who is %s", (role) => {
  test.each(METHODS)("is let through to %s or not, by the table", (method) => {
    const call = () => checkAccess(method, { name: "x", role });
    if (mayCall(role, method)) expect(call).not.toThrow();
    else expect(call).toThrowError(notAllowed);
  });
});

test("what is in no table nobody may call, not even by a name that every object has", () => {
  for (const method of ["MeshService/Stop", "constructor", "toString", ""]) {
    expect(() => checkAccess(method, { name: "ada", role: "person" })).toThrowError(notAllowed);
  }
});

const holder = (name: string, role: Role) => ({ name, keys: [{ role, key: new Uint8Array(32) }] });
const mesh = {
  roster: {
    document: { holders: [holder("ada", Role.APPROVER), holder("c-1", Role.COORDINATOR)] },
  },
  view: {
    hostNamed: (name: string) =>
      ["web-1", "web-9"].includes(name)
        ? { key: Uint8Array.of(Number(name.slice(-1))) }
        : undefined,
    isExpelled: (key: Uint8Array) => key[0] === 9,
  },
} as unknown as Pick<Mesh, "roster" | "view">;
const shown = (subject: object | undefined) =>
  ({ sslPeerCertificate: subject && { subject } }) as unknown as AuthContext;

test.each([
  ["a person of the roster", { CN: "ada" }, "person"],
  ["a coordinator of the roster", { CN: "c-1" }, "coordinator"],
  ["a member host", { CN: "web-1" }, "host"],
  ["an auditor, who stands nowhere", { CN: "vera", OU: "auditor" }, "auditor"],
] as const)("the certificate of %s makes that of its caller", (_, subject, role) => {
  expect(callerOf(shown(subject), mesh)).toEqual({ name: subject.CN, role });
});

test.each([
  ["nobody the mesh knows", { CN: "eve" }],
  ["a host that was expelled", { CN: "web-9" }],
  ["a host that claims to be a coordinator", { CN: "web-1", OU: "coordinator" }],
  ["a role that there is none of", { CN: "ada", OU: "root" }],
  ["two names", { CN: ["ada", "web-1"] }],
  ["two roles", { CN: "vera", OU: ["auditor", "host"] }],
  ["no name", {}],
  ["no certificate", undefined],
])("the certificate of %s lets nobody in", (_, subject) => {
  expect(() => callerOf(shown(subject), mesh)).toThrowError(notAllowed);
});
