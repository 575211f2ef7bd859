// `ostraka journal sign FILE`: another operator's signature under an order of repair that chooses
// between two histories. Needs no network; shows what is signed before it is.

import { openCrypto, readGenesisFile } from "@ostraka/host";
import {
  decode,
  hex,
  type LedgerId,
  LIMITS,
  ledgerName,
  RepairOrderSchema,
  Role,
} from "@ostraka/proto";
import type { AccessFlags } from "../access.ts";
import { hasPerson, isConfirmed } from "../confirm.ts";
import { refused, usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { pathsOf } from "../mesh-dir.ts";
import { addSignature, readSignedFile, writeSignedFile } from "../signed-file.ts";
import type { Terminal } from "../terminal.ts";

export interface SignFlags extends AccessFlags {
  /** Do not ask before signing. */
  readonly yes?: boolean;
}

export async function runJournalSign(
  args: readonly string[],
  flags: SignFlags,
  terminal: Terminal,
): Promise<number> {
  const path = args[0] as string;
  const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
  const envelope = readSignedFile(path, "repair", genesis.mesh);
  const order = decode(RepairOrderSchema, envelope.body, LIMITS.commandBytesMax);
  if (order === undefined) throw refused(`${path} holds no order that this program can read`);
  const { name, signer } = openIdentity(flags, genesis, [Role.OPERATOR]);
  const isAsked = flags.yes !== true;
  if (isAsked && !hasPerson()) {
    throw usage("signing needs a person at a terminal, or --yes when you have read it elsewhere");
  }
  const journal = `${ledgerName(order.ledger as LedgerId)} journal`;
  const keep = order.keepHeadHash.length === 0 ? "the longest" : hex(order.keepHeadHash);
  terminal.note(`open generation ${order.generation} of the ${journal}, keeping the head ${keep}`);
  terminal.note("what another history has and this one has not is given up for good");
  if (isAsked && !(await isConfirmed(`sign it as ${name}?`))) throw refused("nothing was signed");
  const signed = addSignature(envelope, signer, name);
  writeSignedFile(path, "repair", signed);
  const signatures = signed.signatures.length;
  if (flags.json) terminal.json({ order: path, generation: order.generation, signatures });
  else terminal.say(`${path}: generation ${order.generation}, ${signatures} signed`);
  terminal.note(`when two operators have signed: ostraka journal repair --order ${path}`);
  return 0;
}
