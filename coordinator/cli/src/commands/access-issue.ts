// `ostraka access issue`: a client certificate for somebody who reads and signs nothing. Uses the
// mesh CA's key, so it runs where that key is kept; makes no signing key.

import { existsSync, readFileSync } from "node:fs";
import { isName } from "@ostraka/agents/node";
import { openCrypto, readGenesisFile, readSecretFile, writeSecretFile } from "@ostraka/host";
import { openMeshCa } from "@ostraka/host/mesh-ca";
import { usage } from "../failure.ts";
import { pathsOf } from "../mesh-dir.ts";
import type { Terminal } from "../terminal.ts";

export interface AccessIssueFlags {
  readonly data: string;
  readonly name?: string;
  readonly role: string;
  readonly json: boolean;
}

/** @throws OstrakaError OSTRAKA_USAGE when the name is none, taken, or the role is another. */
export async function runAccessIssue(flags: AccessIssueFlags, terminal: Terminal): Promise<number> {
  const { data, name, role } = flags;
  if (role !== "auditor") {
    throw usage(`"${role.slice(0, 40)}" cannot be issued: the only role without a key is auditor`);
  }
  if (name === undefined || !isName(name)) {
    throw usage("say whose certificate it is: --name NAME, lower-case letters, digits, dot, dash");
  }
  const paths = pathsOf(data);
  const { roster } = readGenesisFile(openCrypto(), paths.genesis);
  if (roster.holders.some((holder) => holder.name === name)) {
    throw usage(`${name} stands in the roster and has a certificate: choose another name`);
  }
  const file = paths.tls(name);
  if (existsSync(file)) throw usage(`${file} is there already: remove it, or choose another name`);
  const ca = await openMeshCa(
    readFileSync(paths.caCertificate, "utf8"),
    readSecretFile(paths.caKey),
  );
  const { certPem, keyPem } = await ca.issue({ name, use: "client", role });
  writeSecretFile(file, `${certPem.trimEnd()}\n${keyPem}`);
  if (flags.json) terminal.json({ name, role, file });
  else terminal.say(`${file}: ${name} may read everything and sign nothing (--as ${name})`);
  return 0;
}
