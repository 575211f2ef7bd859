// Makes the proof of one entry out of a walk that has verified it: the entry with its path, the
// sealed heads, and of the control ledger what its check builds on: genesis, rosters, policies,
// and the members that it names.

import {
  type Crypto,
  type Envelope,
  EnvelopeSchema,
  encode,
  equalBytes,
  hex,
  Ledger,
  leafHash,
  MerkleTree,
} from "@ostraka/proto";
import { refused } from "../failure.ts";
import { factsOf } from "./entry-facts.ts";
import { idOf, type LedgerWalk, type WalkedEntry } from "./ledger-walk.ts";
import type { ProofLine, ProofPart } from "./proof-lines.ts";

/** Effects that every check builds on. */
const ALWAYS: ReadonlySet<string | undefined> = new Set([
  "genesis",
  "roster",
  "version",
  "policy",
  "activation",
  "rollout",
  "rolloutChange",
]);

export interface ProofWish {
  readonly proven: WalkedEntry;
  /** Receipts under the certificate's root, in its order; others do not go into the proof. */
  readonly receipts: readonly Envelope[];
}

/** Lines of the proof. @throws OstrakaError OSTRAKA_REFUSED when the entry is not under a head. */
export function makeProof(
  crypto: Crypto,
  walk: LedgerWalk,
  { proven, receipts }: ProofWish,
): ProofLine[] {
  const coverage = certificateOf(walk, proven);
  const kept = coverage === undefined ? [] : receiptsUnder(crypto, coverage, receipts);
  const judgedAt = judgedAtOf(proven);
  const judged = judgedAt === undefined ? undefined : walk.entryAt(Ledger.CONTROL, judgedAt);
  const named = [proven, ...(coverage ?? []), ...(judged === undefined ? [] : [judged])];
  const hosts = new Set(named.flatMap((walked) => factsOf(walk, walked).hosts));
  const keys = new Set(kept.map(({ signatures }) => hex(signatures[0]?.key ?? new Uint8Array())));
  const basis = [...walk.entries()].filter(
    (walked) =>
      walked.ledger === Ledger.CONTROL &&
      walked !== proven &&
      (isBasis(walk, walked, hosts, keys) || walked === judged),
  );
  const lines: ProofLine[] = [{ kind: "proof", mesh: walk.mesh.view.mesh }];
  for (const walked of basis) lines.push(lineOf(walk, "basis", walked));
  lines.push(headLine(walk, Ledger.CONTROL));
  lines.push(lineOf(walk, "proven", proven));
  if (proven.ledger === Ledger.SIGNALS) lines.push(headLine(walk, Ledger.SIGNALS));
  for (const certificate of coverage ?? []) lines.push(lineOf(walk, "coverage", certificate));
  for (const receipt of kept) lines.push({ kind: "receipt", receipt });
  return lines;
}

/** The newest coverage certificate of a verdict, if one has been entered. */
export function certificateOf(
  walk: LedgerWalk,
  { verdict }: WalkedEntry,
): readonly [WalkedEntry] | undefined {
  if (verdict === undefined) return undefined;
  const id = idOf(verdict);
  const found = [...walk.entries()].findLast(
    ({ entry }) => entry.effect.case === "coverage" && equalBytes(entry.effect.value.verdictId, id),
  );
  return found === undefined ? undefined : [found];
}

/** RFC 9162 root over receipts' envelopes, as given: whoever asks has sorted them by host key. */
export function receiptsRoot(crypto: Crypto, receipts: readonly Envelope[]): Uint8Array {
  const tree = new MerkleTree(crypto);
  for (const receipt of receipts) tree.append(leafHash(crypto, encode(EnvelopeSchema, receipt)));
  return tree.root();
}

/** Only all of them make the root; other ones prove nothing of the certificate. */
function receiptsUnder(
  crypto: Crypto,
  [certificate]: readonly [WalkedEntry],
  receipts: readonly Envelope[],
): readonly Envelope[] {
  const { effect } = certificate.entry;
  if (effect.case !== "coverage") return [];
  const root = receiptsRoot(crypto, receipts);
  return equalBytes(root, effect.value.receiptsRoot) ? receipts : [];
}

function judgedAtOf({ verdict }: WalkedEntry): number | undefined {
  if (verdict === undefined) return undefined;
  const { controlIndex } = verdict.kind === "lift" ? verdict.lift : verdict.revocation;
  return Number(controlIndex);
}

function isBasis(
  walk: LedgerWalk,
  walked: WalkedEntry,
  hosts: ReadonlySet<string>,
  keys: ReadonlySet<string>,
): boolean {
  const { effect } = walked.entry;
  if (ALWAYS.has(effect.case)) return true;
  if (effect.case === "member") {
    return hosts.has(effect.value.name) || keys.has(hex(effect.value.hostKey));
  }
  if (effect.case !== "grant") return false;
  const [name = ""] = factsOf(walk, walked).hosts;
  const member = walk.mesh.view.hostNamed(name);
  return hosts.has(name) || (member !== undefined && keys.has(hex(member.key)));
}

function lineOf(walk: LedgerWalk, kind: ProofPart, walked: WalkedEntry): ProofLine {
  const { path, isVerified } = walk.inclusionOf(walked);
  if (!isVerified) throw refused("the entry is not under a sealed head yet: try again in a moment");
  return { kind, ledger: walked.ledger, record: walked.record, path };
}

function headLine(
  walk: LedgerWalk,
  ledger: typeof Ledger.CONTROL | typeof Ledger.SIGNALS,
): ProofLine {
  const head = walk.headOf(ledger);
  if (head === undefined) throw refused("nothing is sealed yet: ask `ostraka status`");
  return { kind: "head", ledger, sealed: head.sealed };
}
