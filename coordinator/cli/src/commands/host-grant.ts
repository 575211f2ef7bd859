// `ostraka host grant`: one operator writes a grant and a token, a second one adds a signature so
// that the host will count as a witness, either sends it. The token's secret never leaves its file.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isName, type OpenedGenesis } from "@ostraka/agents/node";
import { openCrypto, openSigner, readGenesisFile, writeSecretFile } from "@ostraka/host";
import {
  type Bytes,
  cosignEnvelope,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  envelopeType,
  type Grant,
  GrantSchema,
  LIMITS,
  type MeshId,
  OstrakaError,
  Role,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import { joinTokenText } from "@ostraka/sidecar/join";
import { type AccessFlags, withAccess } from "../access.ts";
import { checkGrant, grantFacts } from "../check-grant.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { durationOf } from "../duration.ts";
import { refused, usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { pathsOf, readMeshFile } from "../mesh-dir.ts";
import { submitCommand } from "../submit.ts";
import { printable, type Terminal } from "../terminal.ts";
import { factLines } from "../verdict-words.ts";

const VALID_MS = 23 * 3_600_000;

export interface GrantFlags extends AccessFlags {
  readonly domain?: string;
  readonly label?: readonly string[];
  readonly out: string;
  readonly cosign?: string;
  readonly send?: string;
  /** Do not ask before cosigning. */
  readonly yes?: boolean;
  readonly timeout: string;
}

export interface GrantWish {
  readonly name: string;
  readonly faultDomain: string;
  readonly labels?: readonly string[];
  /** Join listeners of coordinators, `host:port`. */
  readonly addresses: readonly string[];
  readonly nowMs: number;
}

/** A signed grant and the token's one line, which is a secret. */
export interface MadeGrant {
  readonly envelope: Envelope;
  readonly token: string;
}

/** Makes a grant for one host, signed by these operators. */
export function makeGrant(
  genesis: OpenedGenesis,
  wish: GrantWish,
  ...operators: readonly Signer[]
): MadeGrant {
  const secret = new Uint8Array(randomBytes(32));
  const body = encodeNew(GrantSchema, {
    format: 1,
    name: wish.name,
    faultDomain: wish.faultDomain,
    joinKey: openSigner(secret).publicKey,
    usesMax: 1,
    createdMs: BigInt(wish.nowMs),
    notAfterMs: BigInt(wish.nowMs + VALID_MS),
    labels: [...(wish.labels ?? [])].sort(),
  });
  const { mesh } = genesis;
  const { caFingerprint } = genesis.genesis;
  const token = joinTokenText({ mesh, caFingerprint, addresses: wish.addresses, secret });
  secret.fill(0);
  return { envelope: signEnvelope(mesh, "grant", body, ...operators), token };
}

export async function runHostGrant(
  args: readonly string[],
  flags: GrantFlags,
  terminal: Terminal,
): Promise<number> {
  const [name] = args;
  const modes = [name, flags.cosign, flags.send].filter((mode) => mode !== undefined);
  if (modes.length !== 1) {
    throw usage("give one of: host grant NAME --domain D, --cosign FILE, --send FILE");
  }
  if (flags.cosign !== undefined) return await cosign(flags.cosign, flags, terminal);
  if (flags.send !== undefined) return await send(flags.send, flags, terminal);
  return grant(name as string, flags, terminal);
}

function grant(name: string, flags: GrantFlags, terminal: Terminal): number {
  const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
  const { faultDomains } = genesis.roster;
  if (!isName(name)) throw usage(`"${name.slice(0, 80)}" is no name for a host`);
  const faultDomain = flags.domain;
  if (faultDomain === undefined || !faultDomains.includes(faultDomain)) {
    throw usage(`--domain ${faultDomain ?? "is missing"}: one of ${faultDomains.join(", ")}`);
  }
  const { signer } = openIdentity(flags, genesis, [Role.OPERATOR]);
  const addresses = readMeshFile(flags.data).coordinators.map((c) => c.join);
  const labels = flags.label ?? [];
  const wish = { name, faultDomain, labels, addresses, nowMs: Date.now() };
  const files = {
    grant: join(flags.out, `${name}.grant.json`),
    token: join(flags.out, `${name}.token`),
  };
  const taken = [files.grant, files.token].find((path) => existsSync(path));
  if (taken !== undefined) throw usage(`${taken} exists: move it away, or name another --out`);
  const made = makeGrant(genesis, wish, signer);
  mkdirSync(flags.out, { recursive: true });
  writeSecretFile(files.token, `${made.token}\n`);
  writeGrant(files.grant, made.envelope);
  if (flags.json) {
    terminal.json({ ...files, host: name, domain: faultDomain, signatures: 1 });
    return 0;
  }
  terminal.say(`grant  ${files.grant}`);
  terminal.say(`token  ${files.token} (a secret: give it to the host and nobody else)`);
  terminal.note(`to make it a witness: ostraka host grant --cosign ${files.grant} --as OPERATOR`);
  terminal.note(`then send it:         ostraka host grant --send ${files.grant}`);
  return 0;
}

async function cosign(path: string, flags: GrantFlags, terminal: Terminal): Promise<number> {
  const crypto = openCrypto();
  const genesis = readGenesisFile(crypto, pathsOf(flags.data).genesis);
  const { envelope } = readGrant(path, genesis.mesh);
  const { signer, name } = openIdentity(flags, genesis, [Role.OPERATOR]);
  const nowMs = Date.now();
  const checked = checkGrant(crypto, genesis, envelope, path, nowMs);
  const { grant, operators } = checked;
  if (operators.includes(name)) {
    throw refused(`${name} has signed ${path} already: another operator must`);
  }
  // Whoever is asked sees what it is about, also where standard output takes JSON.
  const isAsked = flags.yes !== true && hasPerson();
  const say = flags.json ? terminal.note : terminal.say;
  if (!flags.json || isAsked) for (const line of factLines(grantFacts(checked, nowMs))) say(line);
  if (isAsked && !(await isConfirmed(`sign it as ${name}?`))) {
    throw refused("not cosigned: nothing was signed");
  }
  const cosigned = cosignEnvelope(envelope, signer);
  writeGrant(path, cosigned);
  const signatures = cosigned.signatures.length;
  if (flags.json) terminal.json({ grant: path, host: grant.name, signatures });
  else {
    terminal.say(
      `${path}: ${grant.name} in fault domain ${grant.faultDomain}, ${signatures} signed`,
    );
    terminal.note(`send it: ostraka host grant --send ${path}`);
  }
  return 0;
}

async function send(path: string, flags: GrantFlags, terminal: Terminal): Promise<number> {
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const { envelope, grant } = readGrant(path, access.genesis.mesh);
    const { index } = await submitCommand(access, {
      command: envelope,
      what: "grant",
      timeoutMs,
      onWait: (why) => terminal.note(`waiting: ${why}`),
    });
    const isWitness = envelope.signatures.length >= 2;
    if (flags.json) terminal.json({ host: grant.name, index, isWitness });
    else {
      const host = printable(grant.name);
      const counts = isWitness ? "as a witness" : "to enforce; it will not count as a witness";
      terminal.say(`c:${index}  ${host} may join ${counts}`);
    }
    return 0;
  });
}

function writeGrant(path: string, envelope: Envelope): void {
  const text = Buffer.from(encode(EnvelopeSchema, envelope)).toString("base64");
  // Beside its place, then renamed: a file that is cut off half way is no grant.
  writeFileSync(`${path}.new`, `${JSON.stringify({ grant: text })}\n`);
  renameSync(`${path}.new`, path);
}

function readGrant(path: string, mesh: MeshId): { envelope: Envelope; grant: Grant } {
  let envelope: Envelope | undefined;
  try {
    const { grant } = JSON.parse(readFileSync(path, "utf8")) as { grant?: unknown };
    const bytes: Bytes = new Uint8Array(Buffer.from(String(grant), "base64"));
    envelope = decode(EnvelopeSchema, bytes, LIMITS.commandBytesMax);
  } catch (error) {
    const why = `${path} is no grant that \`ostraka host grant\` wrote: name the right file`;
    throw new OstrakaError("OSTRAKA_NOT_FOUND", why, { cause: error });
  }
  const isOurs = envelope?.type === envelopeType(mesh, "grant");
  const grant = envelope && decode(GrantSchema, envelope.body, LIMITS.commandBytesMax);
  if (envelope !== undefined && grant !== undefined && isOurs) return { envelope, grant };
  throw new OstrakaError("OSTRAKA_DATA_INVALID", `${path} holds no grant of this mesh`);
}
