// `ostraka ledger prove`: writes the proof of one entry into a file that convinces without a mesh,
// and checks such a file, offline.

import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { AdminClient } from "@ostraka/coordinator";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import {
  type Envelope,
  equalBytes,
  hex,
  type LedgerId,
  ledgerLetter,
  type MeshId,
  OstrakaError,
} from "@ostraka/proto";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { EXIT, usage } from "../failure.ts";
import { type CheckedProof, checkProof } from "../ledger/check-proof.ts";
import { placeText } from "../ledger/entry-json.ts";
import { headText } from "../ledger/expected-head.ts";
import { findEntry } from "../ledger/find-entry.ts";
import type { LedgerWalk, WalkedEntry } from "../ledger/ledger-walk.ts";
import { certificateOf, makeProof, receiptsRoot } from "../ledger/make-proof.ts";
import { writeProofLine } from "../ledger/proof-lines.ts";
import { kindName } from "../ledger/query.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { pathsOf } from "../mesh-dir.ts";
import { rejectWords } from "../reject-words.ts";
import { type Terminal, timeText } from "../terminal.ts";

export interface ProveFlags extends AccessFlags {
  readonly check?: string;
  readonly mesh?: string;
  readonly out?: string;
}

export async function runLedgerProve(
  args: readonly string[],
  flags: ProveFlags,
  terminal: Terminal,
): Promise<number> {
  const [id] = args;
  if ((id === undefined) === (flags.check === undefined)) {
    throw usage("give what to prove (an id, c:N or s:N), or --check FILE");
  }
  if (flags.check !== undefined) return check(flags.check, flags, terminal);
  return await prove(id as string, flags, terminal);
}

async function prove(id: string, flags: ProveFlags, terminal: Terminal): Promise<number> {
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh();
    const proven = findEntry(mesh.walk, id);
    const at = placeText(proven);
    const receipts = await receiptsFor(access, mesh.walk, proven);
    const lines = makeProof(access.crypto, mesh.walk, { proven, receipts });
    const out = flags.out ?? `${at.replace(":", "-")}.proof.jsonl`;
    if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw usage(`--out ${out} is a folder: name a file in it`);
    }
    writeFileSync(`${out}.new`, lines.map((line) => `${writeProofLine(line)}\n`).join(""), {
      mode: 0o600,
    });
    renameSync(`${out}.new`, out);
    const held = lines.filter(({ kind }) => kind === "receipt").length;
    const hasCertificate = lines.some(({ kind }) => kind === "coverage");
    if (flags.json) terminal.json({ out, at, certificate: hasCertificate, receipts: held });
    else {
      const more = hasCertificate ? `, with its coverage certificate and ${held} receipts` : "";
      terminal.say(`${out}: ${at} ${kindName(proven.entry.effect.case)}${more}`);
      const mine = access.genesis.mesh;
      terminal.note(`anyone checks it with: ostraka ledger prove --check ${out} --mesh ${mine}`);
      terminal.note("it holds the subject's name: hand it to those alone who may know");
    }
    return EXIT.done;
  });
}

/** Receipts under the root of a verdict's certificate, from the coordinator that claimed it. */
async function receiptsFor(
  { client, file, crypto }: Access,
  walk: LedgerWalk,
  proven: WalkedEntry,
): Promise<Envelope[]> {
  const [certificate] = certificateOf(walk, proven) ?? [];
  const effect = certificate?.entry.effect;
  if (effect?.case !== "coverage") return [];
  const { receiptsRoot: root } = effect.value;
  for (const { api } of file.coordinators) {
    const receipts = await claimedAt(client.only(api), root);
    if (equalBytes(receiptsRoot(crypto, receipts), root)) return receipts;
  }
  return [];
}

async function claimedAt(
  client: Pick<AdminClient, "ledger">,
  root: Uint8Array,
): Promise<Envelope[]> {
  const receipts: Envelope[] = [];
  try {
    for (;;) {
      const from = receipts.length;
      const page = await client.ledger.listClaimedReceipts({ receiptsRoot: root, from });
      receipts.push(...page.receipts);
      if (page.receipts.length === 0 || receipts.length >= page.count) return receipts;
    }
  } catch (error) {
    // Whoever does not answer has none for us: the proof stands without receipts.
    if (error instanceof OstrakaError) return [];
    throw error;
  }
}

function check(path: string, flags: ProveFlags, terminal: Terminal): number {
  const crypto = openCrypto();
  const mesh = meshOf(flags);
  const checked = checkProof(crypto, readProof(path), mesh);
  if ("line" in checked) {
    if (flags.json) terminal.json({ verified: false, ...checked });
    else {
      const { line, code } = checked;
      terminal.say(terminal.paint("red", `${path} does NOT prove anything: line ${line}: ${code}`));
      terminal.note(rejectWords(code));
    }
    return EXIT.no;
  }
  tellChecked(path, checked, mesh !== undefined, flags, terminal);
  return EXIT.done;
}

function tellChecked(
  path: string,
  checked: CheckedProof,
  isMeshKnown: boolean,
  flags: ProveFlags,
  terminal: Terminal,
): void {
  const { entry, head, sealed, judged, mesh, coverage } = checked;
  const at = `${ledgerLetter(entry.ledger as LedgerId)}:${entry.index}`;
  const kind = kindName(entry.effect.case);
  const view = mesh.viewAt(Number(head.controlIndex));
  const seals = { seals: sealed.seals.length, coordinators: view.coordinatorKeys().length };
  const receipts = coverage?.receipts.length ?? 0;
  const missing =
    coverage?.entry.effect.case === "coverage" ? coverage.entry.effect.value.missingHostKeys : [];
  const time = timeText(entry.machineTimeMs);
  if (flags.json) {
    const covered = coverage === undefined ? null : { receipts, missing: missing.map(hex) };
    const facts = { at, kind, time, judged, head: headText(head), ...seals, coverage: covered };
    terminal.json({ verified: true, mesh: view.mesh, isMeshKnown, ...facts });
    return;
  }
  terminal.say(
    terminal.paint("green", `${path} holds: ${at} ${kind} of ${time}, ${WORDS[judged]}`),
  );
  terminal.say(`  mesh ${view.mesh} (${view.meshName})`);
  terminal.say(`  head ${headText(head)}  sealed by ${seals.seals} of ${seals.coordinators}`);
  if (coverage !== undefined) {
    const names = missing.map((key) => view.hostOf(key)?.name ?? hex(key).slice(0, 16));
    const who = names.length === 0 ? "no host missing" : `missing: ${names.join(", ")}`;
    terminal.say(
      `  coverage certificate c:${coverage.entry.index}: ${who}, ${receipts} receipts here`,
    );
  }
  if (!isMeshKnown) {
    terminal.note("the file names its own mesh: give --mesh ID, as you know it from elsewhere");
  }
}

const WORDS: Readonly<Record<CheckedProof["judged"], string>> = {
  "re-derived": "re-derived from what it rests on",
  "by-seals": "its subject by seals only: its words were erased or pruned",
  place: "under the seals of a majority",
};

/** The mesh asked for, or the one of the data directory, where there is one. */
function meshOf(flags: ProveFlags): MeshId | undefined {
  if (flags.mesh !== undefined) {
    if (/^[0-9a-f]{64}$/.test(flags.mesh)) return flags.mesh as MeshId;
    throw usage(`--mesh ${flags.mesh.slice(0, 80)}: give the 64 hex digits of a mesh's id`);
  }
  const path = pathsOf(flags.data).genesis;
  const isHere = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isHere ? readGenesisFile(openCrypto(), path).mesh : undefined;
}

function readProof(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const why = `${path} cannot be read: name the file that \`ostraka ledger prove\` wrote`;
    throw new OstrakaError("OSTRAKA_NOT_FOUND", why, { cause: error });
  }
}
