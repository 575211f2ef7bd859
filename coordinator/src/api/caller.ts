// Who calls, by the certificate that TLS has verified: its name, and the role that the roster or
// the membership gives to that name now. Decides nothing about what a role may do.

import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { Mesh } from "@ostraka/agents/node";
import { OstrakaError, Role } from "@ostraka/proto";

/** `anyone` has shown no certificate: the door for joining hosts. */
export type CallerRole = "person" | "auditor" | "coordinator" | "host" | "anyone";

/** What TLS says of the other side. */
export type AuthContext = ReturnType<ServerUnaryCall<unknown, unknown>["getAuthContext"]>;

export interface Caller {
  readonly name: string;
  readonly role: CallerRole;
}

/** Who calls at the door for joining hosts. */
export const ANYONE: Caller = { name: "", role: "anyone" };

/**
 * The role of a certificate's name as of now. A certificate that names a role counts for that one
 * only; one of an earlier release names none.
 * @throws OstrakaError OSTRAKA_NOT_ALLOWED when the mesh knows no such member.
 */
export function callerOf(auth: AuthContext, mesh: Pick<Mesh, "roster" | "view">): Caller {
  // Repeated attributes come as arrays: no certificate of ours has them.
  const subject = (auth.sslPeerCertificate?.subject ?? {}) as unknown as Record<string, unknown>;
  const { CN: name, OU: claimed } = subject;
  const isPlain =
    typeof name === "string" && (claimed === undefined || typeof claimed === "string");
  const role = isPlain ? roleOf(name, claimed, mesh) : undefined;
  if (role !== undefined) return { name: name as string, role };
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 64)) : "without a name";
  throw new OstrakaError(
    "OSTRAKA_NOT_ALLOWED",
    `the certificate ${shown} belongs to no member of this mesh as this coordinator knows it: ` +
      "call with that of a person in the roster",
  );
}

function roleOf(
  name: string,
  claimed: string | undefined,
  { roster, view }: Pick<Mesh, "roster" | "view">,
): CallerRole | undefined {
  // An auditor has no key and stands in no roster: the CA's word is all there is.
  if (claimed === "auditor") return "auditor";
  const known = memberRole(name, roster, view);
  return claimed === undefined || claimed === known ? known : undefined;
}

function memberRole(name: string, roster: Mesh["roster"], view: Mesh["view"]) {
  // Names of holders and of hosts are never the same (see the roster's rules).
  const holder = roster.document.holders.find((known) => known.name === name);
  if (holder === undefined) {
    const host = view.hostNamed(name);
    return host === undefined || view.isExpelled(host.key) ? undefined : "host";
  }
  const isCoordinator = holder.keys.some(({ role }) => role === Role.COORDINATOR);
  return isCoordinator ? "coordinator" : "person";
}
