// `ostraka policy publish|rollback`: documents signed by enough authors become epochs. A roll-back
// publishes an earlier content as a newer epoch, for epochs never go back (I6).

import { rosterFacts } from "@ostraka/agents/node";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import {
  type Bytes,
  decode,
  type Envelope,
  encodeNew,
  LIMITS,
  PolicyActivationSchema,
  PolicyDocumentSchema,
} from "@ostraka/proto";
import { type Access, withAccess } from "../access.ts";
import { durationOf } from "../duration.ts";
import { EXIT, refused } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { pathsOf } from "../mesh-dir.ts";
import {
  type AuthorFlags,
  checkEnough,
  cosignFile,
  isSignedFile,
  openAuthors,
  signBody,
  speakerOf,
  tellSigned,
} from "../policy/policy-authors.ts";
import { readPolicyFile, soundPolicy } from "../policy/policy-file.ts";
import { readSignedFile, writeSignedFile } from "../signed-file.ts";
import { submitCommand } from "../submit.ts";
import type { Terminal } from "../terminal.ts";
import { epochOf } from "./policy-check.ts";

export interface PublishFlags extends AuthorFlags {
  /** With --sign-only: the epoch it will be; otherwise the mesh is asked. */
  readonly epoch?: string;
  /** Make it the active one at once, without a rollout. */
  readonly activate?: boolean;
}

/** `policy publish FILE`: FILE is a document, or a signed one. */
export async function runPolicyPublish(
  args: readonly string[],
  flags: PublishFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  if (flags.addSignature === true) {
    const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
    cosignFile(path, "policy", genesis, flags, terminal);
    terminal.note(`when enough have signed: ostraka policy publish ${path}`);
    return EXIT.done;
  }
  if (flags.signOnly !== undefined && flags.epoch !== undefined) {
    return signOnly(path, flags, terminal);
  }
  return await withAccess(speakerOf(flags), async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { policies, roster } = mesh.walk.mesh;
    if (isSignedFile(path)) {
      const signed = readSignedFile(path, "policy", access.genesis.mesh);
      checkEnough(signed, roster.document, "document");
      const sent = await send(access, "policy", signed, flags, terminal);
      return told(epochIn(signed), sent, false, flags, terminal);
    }
    const yaml = readPolicyFile(path);
    soundPolicy(path, yaml, rosterFacts(roster.document), terminal);
    const epoch = flags.epoch === undefined ? policies.nextEpoch : epochOf(flags.epoch);
    const authors = openAuthors(flags, { roster: roster.document });
    const body = documentBody(epoch, yaml, flags);
    const document = signBody(access.genesis.mesh, "policy", body, authors);
    if (flags.signOnly !== undefined) {
      writeSignedFile(flags.signOnly, "policy", document);
      tellSigned(flags.signOnly, document, roster.document, flags, terminal);
      return EXIT.done;
    }
    checkEnough(document, roster.document, "document");
    const index = await send(access, "policy", document, flags, terminal);
    if (flags.activate !== true) return told(epoch, index, false, flags, terminal);
    const active = await activate(access, epoch, body, authors, flags, terminal);
    return told(epoch, active, true, flags, terminal);
  });
}

/** Offline: needs the genesis, the file and the key, and no network. */
function signOnly(path: string, flags: PublishFlags, terminal: Terminal): number {
  const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
  const yaml = readPolicyFile(path);
  soundPolicy(path, yaml, rosterFacts(genesis.roster), terminal);
  const body = documentBody(epochOf(flags.epoch as string), yaml, flags);
  const document = signBody(genesis.mesh, "policy", body, openAuthors(flags, genesis));
  writeSignedFile(flags.signOnly as string, "policy", document);
  tellSigned(flags.signOnly as string, document, genesis.roster, flags, terminal);
  return EXIT.done;
}

export interface RollbackFlags extends PublishFlags {
  /** Epoch whose content comes back; the one that was active before by default. */
  readonly to?: string;
}

/** `policy rollback`: an earlier content as a newer epoch, active at once. */
export async function runPolicyRollback(
  _args: readonly string[],
  flags: RollbackFlags,
  terminal: Terminal,
): Promise<number> {
  return await withAccess(speakerOf(flags), async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { policies, roster, rollouts } = mesh.walk.mesh;
    // While a rollout has not been activated, what is active is what one wants back.
    const before = policies.epochBefore(mesh.walk.mesh.controlIndex);
    const isTrial =
      rollouts.running !== undefined && policies.activeEpoch < rollouts.running.order.epoch;
    const wanted = isTrial ? policies.activeEpoch : before;
    const back = flags.to === undefined ? wanted : epochOf(flags.to);
    const document = policies.documentOf(back);
    if (document === undefined) {
      throw refused(`there is no epoch ${back} to go back to: name one with --to`);
    }
    const epoch = policies.nextEpoch;
    const authors = openAuthors(flags, { roster: roster.document });
    const body = documentBody(epoch, new Uint8Array(document.yaml), flags);
    const signed = signBody(access.genesis.mesh, "policy", body, authors);
    checkEnough(signed, roster.document, "roll-back");
    await send(access, "policy", signed, flags, terminal);
    const index = await activate(access, epoch, body, authors, flags, terminal);
    if (flags.json) terminal.json({ kind: "rollback", epoch, restored: back, index });
    else terminal.say(`c:${index}  epoch ${epoch} is active: the content of epoch ${back} again`);
    return EXIT.done;
  });
}

function documentBody(epoch: number, yaml: Bytes, flags: AuthorFlags): Bytes {
  const notAfterMs = BigInt(Date.now() + durationOf("--valid", flags.valid));
  return encodeNew(PolicyDocumentSchema, { format: 1, epoch, yaml, notAfterMs });
}

function epochIn(document: Envelope): number {
  return decode(PolicyDocumentSchema, document.body, LIMITS.commandBytesMax)?.epoch ?? 0;
}

async function activate(
  access: Access,
  epoch: number,
  document: Bytes,
  authors: ReturnType<typeof openAuthors>,
  flags: AuthorFlags,
  terminal: Terminal,
): Promise<bigint> {
  const notAfterMs = BigInt(Date.now() + durationOf("--valid", flags.valid));
  const policyHash = access.crypto.sha256(document);
  const body = encodeNew(PolicyActivationSchema, { format: 1, epoch, policyHash, notAfterMs });
  const command = signBody(access.genesis.mesh, "activation", body, authors);
  return await send(access, "activation", command, flags, terminal);
}

/** Sends a command. @returns the control index of its entry. */
export async function send(
  access: Access,
  what: string,
  command: Envelope,
  flags: Pick<AuthorFlags, "timeout">,
  terminal: Terminal,
): Promise<bigint> {
  const timeoutMs = durationOf("--timeout", flags.timeout);
  const onWait = (why: string) => terminal.note(`waiting: ${why}`);
  const { index } = await submitCommand(access, { command, what, timeoutMs, onWait });
  return index;
}

function told(
  epoch: number,
  index: bigint,
  isActive: boolean,
  flags: AuthorFlags,
  terminal: Terminal,
): number {
  if (flags.json) terminal.json({ kind: "policy", epoch, index, isActive });
  else terminal.say(`c:${index}  epoch ${epoch} is ${isActive ? "active" : "published"}`);
  if (!isActive) terminal.note(`next: ostraka policy rollout ${epoch}`);
  return EXIT.done;
}
