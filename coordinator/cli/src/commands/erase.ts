// `ostraka erase`: two operators order that what stands behind commitments is deleted everywhere.
// Finds the private parts in the ledgers as verified here, shows what goes and what is still
// needed, and stays until every coordinator has shown that it holds none of them any more.

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Bytes,
  compareBytes,
  decode,
  type Envelope,
  ErasureOrderSchema,
  encodeNew,
  hex,
  LIMITS,
  OstrakaError,
  parseSubject,
  Role,
  signEnvelope,
  unhex,
} from "@ostraka/proto";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { durationOf } from "../duration.ts";
import { refused, usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { placeText } from "../ledger/entry-json.ts";
import { findPrivates, type PrivatePlace, type Wanted } from "../ledger/private-places.ts";
import { kindName } from "../ledger/query.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { addSignature, readSignedFile, writeSignedFile } from "../signed-file.ts";
import { submitCommand } from "../submit.ts";
import { printable, type Terminal, timeText } from "../terminal.ts";

export interface EraseFlags extends AccessFlags {
  readonly subject?: string;
  readonly commitment?: readonly string[];
  /** Only write the signed order. */
  readonly signOnly?: boolean;
  /** An order that another operator has signed. */
  readonly addSignature?: string;
  readonly out?: string;
  readonly valid: string;
  readonly yes?: boolean;
  readonly timeout: string;
}

const OPERATORS = 2;
const LOOK_MS = 200;

export async function runErase(flags: EraseFlags, terminal: Terminal): Promise<number> {
  const ways = [flags.subject, flags.commitment, flags.addSignature];
  if (ways.filter((way) => way !== undefined).length !== 1) {
    throw usage("give one of --subject, --commitment, --add-signature FILE");
  }
  if (flags.yes !== true && !hasPerson()) {
    throw usage("erasing needs a person at a terminal, or --yes when you have read it elsewhere");
  }
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const { envelope, wanted } = orderFor(access, flags);
    const nowMs = Math.max(Date.now(), mesh.machineTimeMs);
    const places = findPrivates(access.crypto, mesh.walk, wanted, nowMs);
    show(places, flags, terminal);
    refuseNeeded(places);
    const signed = await sign(access, flags, envelope, places);
    const operators = signed.signatures.length;
    if (flags.signOnly === true || operators < OPERATORS) {
      return leave(signed, operators, flags, terminal);
    }
    const deadlineMs = performance.now() + timeoutMs;
    const onWait = (why: string) => terminal.note(`waiting: ${why}`);
    const submission = { command: signed, what: "order of erasure", timeoutMs, onWait };
    const { index } = await submitCommand(access, submission);
    if (!flags.json) terminal.say(`c:${index}  ordered by ${operators} operators`);
    const names = await waitForAll(access, Number(index), places, deadlineMs);
    // What this machine has kept goes as well.
    await mesh.refresh();
    if (flags.json) {
      terminal.json({ kind: "erasure", index, erased: places.length, coordinators: names });
    } else {
      const parts =
        places.length === 1 ? "1 private part is" : `${places.length} private parts are`;
      terminal.say(`${parts} gone at ${names.join(", ")}, and from what this machine had kept`);
      terminal.note("exports made before this hold them still: delete those by hand");
    }
    return 0;
  });
}

/** The order to be signed: a new one, whose commitments are found later, or the one in a file. */
function orderFor(
  access: Access,
  flags: EraseFlags,
): { readonly envelope?: Envelope; readonly wanted: Wanted } {
  if (flags.addSignature !== undefined) {
    const envelope = readSignedFile(flags.addSignature, "erasure", access.genesis.mesh);
    const order = decode(ErasureOrderSchema, envelope.body, LIMITS.commandBytesMax);
    if (order === undefined) throw refused(`${flags.addSignature} holds no order that can be read`);
    return { envelope, wanted: { commitments: order.commitments } };
  }
  if (flags.subject !== undefined) {
    const subject = parseSubject(flags.subject);
    if (subject !== undefined) return { wanted: { subject } };
    throw usage(`--subject ${flags.subject.slice(0, 80)}: write kind:value, as user:REALM/NAME`);
  }
  const commitments = (flags.commitment ?? []).map((text) => {
    const bytes = unhex(text);
    if (bytes?.length === 32) return bytes;
    throw usage(`--commitment ${text.slice(0, 80)}: 64 hex digits`);
  });
  return { wanted: { commitments } };
}

function show(places: readonly PrivatePlace[], flags: EraseFlags, terminal: Terminal): void {
  const say = flags.json ? terminal.note : terminal.say;
  for (const { commitment, subject, entries, neededBy, neededUntilMs } of places) {
    const beside = entries
      .map((w) => `${placeText(w)} ${kindName(w.entry.effect.case)}`)
      .join(", ");
    const fate =
      neededBy === undefined ? "goes" : `STAYS: in force or open until ${timeText(neededUntilMs)}`;
    say(`${hex(commitment).slice(0, 16)}  ${printable(subject)}  beside ${beside}: ${fate}`);
  }
  if (places.length === 0) return;
  say("what is signed and decided stays and can be verified; whom it was about is forgotten");
}

function refuseNeeded(places: readonly PrivatePlace[]): void {
  if (places.length === 0) {
    throw refused("the ledgers hold no private part of that: it may be erased or pruned already");
  }
  if (places.length > LIMITS.erasedCommitmentsMax) {
    throw refused(
      `${places.length} private parts are more than one order may name ` +
        `(${LIMITS.erasedCommitmentsMax}): name some of them with --commitment`,
    );
  }
  const needed = places.filter(({ neededBy }) => neededBy !== undefined);
  const [first] = needed;
  if (first?.neededBy === undefined) return;
  throw refused(
    `${needed.length} of ${places.length} are needed by what is in force or open ` +
      `(${placeText(first.neededBy)} until ${timeText(first.neededUntilMs)}): ` +
      "lift it first, wait, or name the others with --commitment",
  );
}

async function sign(
  { genesis }: Access,
  flags: EraseFlags,
  envelope: Envelope | undefined,
  places: readonly PrivatePlace[],
): Promise<Envelope> {
  const { signer, name } = openIdentity(flags, genesis, [Role.OPERATOR]);
  const isAsked = flags.yes !== true;
  if (isAsked && !(await isConfirmed(`order the erasure as ${name}? It cannot be undone.`))) {
    throw refused("nothing was signed");
  }
  if (envelope !== undefined) return addSignature(envelope, signer, name);
  const nowMs = Date.now();
  const commitments = places.map(({ commitment }) => commitment).sort(compareBytes);
  const body = encodeNew(ErasureOrderSchema, {
    format: 1,
    nonce: new Uint8Array(randomBytes(16)),
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + durationOf("--valid", flags.valid)),
    commitments,
  });
  return signEnvelope(genesis.mesh, "erasure", body, signer);
}

/** Writes the order for the other operator. */
function leave(signed: Envelope, operators: number, flags: EraseFlags, terminal: Terminal): number {
  const path = flags.out ?? flags.addSignature ?? "erasure.json";
  writeSignedFile(path, "erasure", signed);
  if (flags.json) terminal.json({ kind: "erasure", order: path, signatures: operators });
  else {
    terminal.say(`${path}: signed by ${operators} of ${OPERATORS} operators, and not sent`);
    terminal.note(`another operator sends it: ostraka erase --add-signature ${path} --as NAME`);
  }
  return 0;
}

/** Every coordinator shows the entries without these parts. @returns their names. */
async function waitForAll(
  access: Access,
  index: number,
  places: readonly PrivatePlace[],
  deadlineMs: number,
): Promise<string[]> {
  const { file } = access;
  const left = new Map(file.coordinators.map(({ name, api }) => [name, api]));
  for (;;) {
    for (const [name, api] of left) {
      if (await hasErased(access, api, index, places)) left.delete(name);
    }
    if (left.size === 0) return file.coordinators.map(({ name }) => name);
    if (performance.now() + LOOK_MS > deadlineMs) {
      const names = [...left.keys()].join(", ");
      throw new OstrakaError(
        "OSTRAKA_DEADLINE",
        `the order stands at c:${index}, and ${names} has not shown yet that it has erased: ` +
          "it does when it is back; look with `ostraka ledger query --kind erasure`",
      );
    }
    await delay(LOOK_MS);
  }
}

async function hasErased(
  { client, crypto }: Access,
  api: string,
  index: number,
  places: readonly PrivatePlace[],
): Promise<boolean> {
  const gone = new Set(places.map(({ commitment }) => hex(commitment)));
  const { ledger: reader } = client.only(api);
  const isGone = (part: { salt: Bytes; content: Bytes }) =>
    !gone.has(hex(crypto.sha256(part.salt, part.content)));
  try {
    const ordered = await reader.listEntries({ ledger: 1, fromIndex: BigInt(index), pageSize: 1 });
    if (ordered.records.length === 0) return false;
    for (const { entries } of places) {
      for (const { ledger, index: at } of entries) {
        const page = await reader.listEntries({ ledger, fromIndex: BigInt(at), pageSize: 1 });
        if (page.records[0]?.privates.every(isGone) !== true) return false;
      }
    }
    return true;
  } catch (error) {
    // Whoever does not answer has not shown it.
    if (error instanceof OstrakaError) return false;
    throw error;
  }
}
