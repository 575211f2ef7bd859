// Who of some people has truly signed an envelope, by hand: type, bytes and signatures, nothing
// else. Knows no threshold and no group.

import { type Envelope, type EnvelopeKind, envelopeType, equalBytes, pae } from "@ostraka/proto";
import type { Person } from "./sim-mesh.ts";
import type { Truth } from "./truth.ts";

/** Names of those whose signature under an envelope of a kind holds. */
export function signersOf(
  truth: Truth,
  kind: EnvelopeKind,
  envelope: Envelope | undefined,
  people: readonly Person[],
): ReadonlySet<string> {
  const { crypto, mesh } = truth.world.sim;
  const names = new Set<string>();
  if (envelope?.type !== envelopeType(mesh, kind)) return names;
  const message = pae(envelope.type, envelope.body);
  for (const { key, signature } of envelope.signatures) {
    const person = people.find((p) => equalBytes(p.signer.publicKey, key));
    if (person !== undefined && crypto.verify(key, message, signature)) names.add(person.name);
  }
  return names;
}
