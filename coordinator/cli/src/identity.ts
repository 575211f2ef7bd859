// Who acts: the signing key and the client certificate of `--as NAME` or `--key FILE`. Signatures
// of people are made here, with their own keys; no coordinator ever holds one.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isName, type OpenedGenesis } from "@ostraka/agents/node";
import { readTlsFile } from "@ostraka/coordinator";
import { loadKeyFile } from "@ostraka/host";
import { equalBytes, OstrakaError, Role, type Signer } from "@ostraka/proto";
import { usage } from "./failure.ts";
import { pathsOf } from "./mesh-dir.ts";

export interface IdentityFlags {
  readonly data: string;
  /** Name of a key in DIR/keys. */
  readonly as?: string;
  /** Path of a signing key. Its client certificate is NAME.tls.pem beside NAME.pem. */
  readonly key?: string;
}

export interface Identity {
  readonly name: string;
  readonly signer: Signer;
}

export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** Roles of people, as they are written. */
export const ROLE_NAMES: Partial<Record<Role, string>> = {
  [Role.OPERATOR]: "operator",
  [Role.APPROVER]: "approver",
  [Role.AUTHOR]: "author",
  [Role.ROOT]: "root",
};

/**
 * Opens the signing key of whoever acts and finds them in the roster.
 * @param roles that may do this.
 * @throws OstrakaError OSTRAKA_USAGE: nobody is named, or they have none of the roles.
 */
export function openIdentity(
  flags: IdentityFlags,
  genesis: Pick<OpenedGenesis, "roster">,
  roles: readonly Role[],
): Identity {
  const signer = loadKeyFile(keyPathOf(flags));
  const holder = genesis.roster.holders.find((h) =>
    h.keys.some((k) => equalBytes(k.key, signer.publicKey) && roles.includes(k.role)),
  );
  if (holder !== undefined) return { name: holder.name, signer };
  const wanted = roles.map((role) => ROLE_NAMES[role] ?? "member").join(" or ");
  const able = genesis.roster.holders
    .filter((h) => h.keys.some((k) => roles.includes(k.role)))
    .map((h) => h.name);
  throw usage(
    `${flags.as ?? flags.key} is no ${wanted} of this mesh: act as one of ${able.join(", ")}`,
  );
}

/** The signing key's file. @throws OstrakaError OSTRAKA_USAGE when nobody, or two, are named. */
export function keyPathOf({ data, as, key }: IdentityFlags): string {
  if (as !== undefined && key !== undefined) {
    throw usage("give --as NAME or --key FILE, not both");
  }
  if (key !== undefined) return key;
  if (as === undefined) {
    throw usage("say who acts: --as NAME (a key in DIR/keys) or --key FILE");
  }
  return pathsOf(data).key(as);
}

/**
 * The client certificate for the admin API: the actor's own, or for reading any that DIR/keys
 * holds.
 * @throws OstrakaError OSTRAKA_USAGE or OSTRAKA_KEY_INVALID.
 */
export function openTlsIdentity(flags: IdentityFlags): TlsIdentity {
  const named = flags.as !== undefined || flags.key !== undefined;
  if (named) return readTlsFile(keyPathOf(flags).replace(/(\.pem)?$/, ".tls.pem"));
  const folder = pathsOf(flags.data).keys;
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const first = files.find((file) => file.endsWith(".tls.pem") && isName(file.slice(0, -8)));
  if (first !== undefined) return readTlsFile(join(folder, first));
  throw new OstrakaError(
    "OSTRAKA_USAGE",
    `${folder} holds no client certificate (NAME.tls.pem): say who asks with --key FILE`,
  );
}
