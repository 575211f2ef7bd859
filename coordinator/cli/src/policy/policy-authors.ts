// Authors' signatures on policy commands: with several keys at once, or one after the other in a
// file that goes from hand to hand. Must never send what too few have signed.

import { existsSync, readFileSync } from "node:fs";
import type { OpenedGenesis } from "@ostraka/agents/node";
import {
  type Bytes,
  type Envelope,
  type EnvelopeKind,
  equalBytes,
  Role,
  type Roster,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import type { AccessFlags } from "../access.ts";
import { usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { addSignature, readSignedFile, writeSignedFile } from "../signed-file.ts";
import type { Terminal } from "../terminal.ts";

/** Flags of commands that authors sign. */
export interface AuthorFlags extends Omit<AccessFlags, "as" | "key"> {
  /** Names of keys in DIR/keys; several authors may sign at once. */
  readonly as?: readonly string[];
  readonly key?: readonly string[];
  /** Write the signed command to this file instead of sending it. */
  readonly signOnly?: string;
  /** Add signatures to a signed file, and send nothing. */
  readonly addSignature?: boolean;
  readonly valid: string;
  readonly timeout: string;
}

/** The flags of whoever speaks to the mesh: the first that was named. */
export function speakerOf(flags: AuthorFlags): AccessFlags {
  const { data, json, as, key } = flags;
  const [name] = as ?? [];
  const [file] = key ?? [];
  if (name !== undefined) return { data, json, as: name };
  return file === undefined ? { data, json } : { data, json, key: file };
}

/** Opens the keys of everybody who was named. @throws OstrakaError OSTRAKA_USAGE for no author. */
export function openAuthors(
  flags: AuthorFlags,
  genesis: Pick<OpenedGenesis, "roster">,
): { readonly name: string; readonly signer: Signer }[] {
  const { data } = flags;
  const named = [
    ...(flags.as ?? []).map((as) => ({ data, as })),
    ...(flags.key ?? []).map((key) => ({ data, key })),
  ];
  if (named.length === 0) throw usage("say which authors sign: --as NAME or --key FILE, for each");
  return named.map((who) => openIdentity(who, genesis, [Role.AUTHOR]));
}

/** Holders among the signatures who are authors of a roster. */
export function authorsOf(envelope: Envelope, roster: Roster): string[] {
  const names = envelope.signatures.flatMap(({ key }) =>
    roster.holders
      .filter((h) => h.keys.some((k) => k.role === Role.AUTHOR && equalBytes(k.key, key)))
      .map((h) => h.name),
  );
  return [...new Set(names)];
}

/** @throws OstrakaError OSTRAKA_USAGE saying how the missing signatures come about. */
export function checkEnough(envelope: Envelope, roster: Roster, what: string): void {
  const signed = authorsOf(envelope, roster);
  if (signed.length >= roster.authorThreshold) return;
  throw usage(
    `the ${what} needs ${roster.authorThreshold} authors and has ${signed.join(", ") || "none"}: ` +
      "name more with --as, or collect them with --sign-only FILE and --add-signature",
  );
}

export function signBody(
  mesh: OpenedGenesis["mesh"],
  kind: EnvelopeKind,
  body: Bytes,
  authors: readonly { readonly signer: Signer }[],
): Envelope {
  return signEnvelope(mesh, kind, body, ...authors.map(({ signer }) => signer));
}

/** Whether a file carries a signed command rather than a policy document. */
export function isSignedFile(path: string): boolean {
  return existsSync(path) && readFileSync(path, "utf8").trimStart().startsWith('{"kind":');
}

/** Adds the signatures of everybody named to a signed file. */
export function cosignFile(
  path: string,
  kind: EnvelopeKind,
  genesis: OpenedGenesis,
  flags: AuthorFlags,
  terminal: Terminal,
): void {
  let envelope = readSignedFile(path, kind, genesis.mesh);
  for (const { name, signer } of openAuthors(flags, genesis)) {
    envelope = addSignature(envelope, signer, name);
  }
  writeSignedFile(path, kind, envelope);
  tellSigned(path, envelope, genesis.roster, flags, terminal);
}

/** Says who has signed a file so far. */
export function tellSigned(
  path: string,
  envelope: Envelope,
  roster: Roster,
  flags: Pick<AuthorFlags, "json">,
  terminal: Terminal,
): void {
  const signed = authorsOf(envelope, roster);
  const { authorThreshold: needed } = roster;
  if (flags.json) terminal.json({ file: path, signed, needed });
  else terminal.say(`${path}: signed by ${signed.join(", ")} (${needed} authors are needed)`);
}
