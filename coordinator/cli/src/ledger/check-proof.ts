// Checks a proof file with nothing but itself, and the mesh id that it should be of: seals, paths,
// the verdict's body from its warrant, the certificate of coverage and the receipts under its root.

import {
  checkVerdict,
  Mesh,
  type OpenedGenesis,
  openGenesis,
  openReceipt,
  openSealedHead,
} from "@ostraka/agents/node";
import {
  CoverageClaimSchema,
  type Crypto,
  compareBytes,
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  type Envelope,
  equalBytes,
  type Head,
  isReject,
  Ledger,
  type LedgerId,
  LIMITS,
  leafHash,
  type MeshId,
  openEnvelope,
  type Receipt,
  type Reject,
  type RejectCode,
  reject,
  type SealedHead,
  verifyInclusion,
} from "@ostraka/proto";
import { matchParts } from "./entry-parts.ts";
import { claimsOf } from "./head-claims.ts";
import { receiptsRoot } from "./make-proof.ts";
import { type ProofLine, readProofLine } from "./proof-lines.ts";
import { checkSealedOnly } from "./sealed-only.ts";

export interface ProofFault {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly code: RejectCode;
}

export interface CheckedProof {
  readonly mesh: Mesh;
  readonly entry: Entry;
  readonly record: EntryRecord;
  readonly head: Head;
  readonly sealed: SealedHead;
  /** How the entry was judged: its body re-derived, by seals only, or by its place alone. */
  readonly judged: "re-derived" | "by-seals" | "place";
  readonly coverage?: { readonly entry: Entry; readonly receipts: readonly Receipt[] };
}

const PROOF_BYTES_MAX = 64_000_000;

type EntryLine = Extract<ProofLine, { readonly record: EntryRecord }>;

/** Parts of a file in the one order they may come in. */
interface ReadProof {
  readonly genesis: OpenedGenesis;
  readonly basis: readonly EntryLine[];
  readonly heads: ReadonlyMap<LedgerId, SealedHead>;
  readonly proven: EntryLine;
  readonly coverage: EntryLine | undefined;
  readonly receipts: readonly Envelope[];
}

/** Checks the text of a proof. @param expected the mesh that it must be of, if known. */
export function checkProof(
  crypto: Crypto,
  text: string,
  expected: MeshId | undefined,
): CheckedProof | ProofFault {
  const lines: ProofLine[] = [];
  if (text.length > PROOF_BYTES_MAX || !text.endsWith("\n")) return { line: 1, code: "malformed" };
  for (const written of text.slice(0, -1).split("\n")) {
    const line = readProofLine(written);
    if (line === undefined) return { line: lines.length + 1, code: "malformed" };
    lines.push(line);
  }
  const read = arrange(crypto, lines, expected);
  if ("line" in read) return read;
  const checker = new ProofChecker(crypto, read);
  const found = checker.check();
  return isReject(found) ? { line: lines.indexOf(checker.at) + 1, code: found.reject } : found;
}

function arrange(
  crypto: Crypto,
  lines: readonly ProofLine[],
  expected: MeshId | undefined,
): ReadProof | ProofFault {
  const [header] = lines;
  if (header?.kind !== "proof") return { line: 1, code: "malformed" };
  if (expected !== undefined && header.mesh !== expected) return { line: 1, code: "wrong-mesh" };
  const records = lines.flatMap((line) => ("record" in line ? [line.record] : []));
  // The genesis comes first, or it is what is proven.
  const genesis = records.map((record) => genesisIn(crypto, record)).find((g) => !isReject(g));
  if (genesis === undefined || isReject(genesis)) return { line: 2, code: "no-genesis" };
  if (genesis.mesh !== header.mesh) return { line: 2, code: "wrong-mesh" };
  const heads = new Map<LedgerId, SealedHead>();
  const entries: EntryLine[] = [];
  const receipts: Envelope[] = [];
  for (const [i, line] of lines.slice(1).entries()) {
    if (line.kind === "proof") return { line: i + 2, code: "wrong-type" };
    if (line.kind === "receipt") receipts.push(line.receipt);
    else if (line.kind !== "head") entries.push(line);
    else if (heads.has(line.ledger)) return { line: i + 2, code: "duplicate" };
    else heads.set(line.ledger, line.sealed);
  }
  const proven = entries.filter(({ kind }) => kind === "proven");
  const coverage = entries.filter(({ kind }) => kind === "coverage");
  const [only] = proven;
  if (only === undefined || proven.length > 1 || coverage.length > 1) {
    return { line: lines.length, code: "malformed" };
  }
  const basis = entries.filter(({ kind }) => kind === "basis");
  return { genesis, basis, heads, proven: only, coverage: coverage[0], receipts };
}

function genesisIn(crypto: Crypto, { entry: bytes }: EntryRecord): OpenedGenesis | Reject {
  const entry = decode(EntrySchema, bytes, LIMITS.entryBytesMax);
  return entry?.effect.case === "genesis"
    ? openGenesis(crypto, entry.effect.value)
    : reject("no-genesis");
}

/** Effects whose check needs no more than the basis holds. */
const RECHECKED: ReadonlySet<string | undefined> = new Set([
  "genesis",
  "roster",
  "version",
  "grant",
  "member",
  "policy",
  "activation",
]);

class ProofChecker {
  /** The line that is being looked at. */
  at: ProofLine;
  readonly #crypto: Crypto;
  readonly #proof: ReadProof;
  readonly #mesh: Mesh;

  constructor(crypto: Crypto, proof: ReadProof) {
    this.#crypto = crypto;
    this.#proof = proof;
    this.#mesh = new Mesh(crypto, proof.genesis);
    this.at = proof.proven;
  }

  check(): CheckedProof | Reject {
    const { proven, heads, coverage } = this.#proof;
    const entry = decode(EntrySchema, proven.record.entry, LIMITS.entryBytesMax);
    if (entry === undefined || entry.ledger !== proven.ledger) return reject("malformed");
    // Judged as of its own place: what came later may not speak for it.
    const isOfControl = proven.ledger === Ledger.CONTROL;
    const until = isOfControl ? entry.index : BigInt(Number.MAX_SAFE_INTEGER);
    const before = this.#applyBasis(0n, until);
    if (before !== undefined) return before;
    this.at = proven;
    const judged = this.#judge(entry);
    if (isReject(judged)) return judged;
    if (isOfControl) this.#mesh.apply(entry);
    const after = this.#applyBasis(until, BigInt(Number.MAX_SAFE_INTEGER));
    if (after !== undefined) return after;
    this.at = proven;
    const head = this.#openHead(proven.ledger);
    if (isReject(head)) return head;
    const place = this.#faultOfPaths();
    if (place !== undefined) return place;
    const sealed = heads.get(proven.ledger) as SealedHead;
    const found = { mesh: this.#mesh, entry, record: proven.record, head, sealed, judged };
    if (coverage === undefined) return found;
    this.at = coverage;
    const covered = this.#checkCoverage(coverage, entry);
    return isReject(covered) ? covered : { ...found, coverage: covered };
  }

  #applyBasis(above: bigint, below: bigint): Reject | undefined {
    let last = above;
    for (const line of this.#proof.basis) {
      const entry = decode(EntrySchema, line.record.entry, LIMITS.entryBytesMax);
      if (entry === undefined) return reject("malformed");
      if (entry.index <= above || entry.index >= below) continue;
      this.at = line;
      if (entry.ledger !== Ledger.CONTROL || line.ledger !== Ledger.CONTROL) {
        return reject("wrong-type");
      }
      if (entry.index <= last) return reject("wrong-index");
      last = entry.index;
      const isChecked = RECHECKED.has(entry.effect.case);
      const fault = isChecked ? this.#mesh.faultOf(entry, line.record.privates) : undefined;
      if (fault !== undefined) return fault;
      this.#mesh.apply(entry);
    }
    return undefined;
  }

  #judge(entry: Entry): CheckedProof["judged"] | Reject {
    const { record } = this.#proof.proven;
    const matched = matchParts(this.#crypto, entry, record.privates);
    if (isReject(matched)) return matched;
    const { effect } = entry;
    if (effect.case === "revocation" || effect.case === "lift") {
      const judgedAt = Number(effect.value.controlIndex);
      if (matched.missing.length > 0) {
        const sealed = checkSealedOnly(this.#crypto, this.#mesh.viewAt(judgedAt), entry);
        return isReject(sealed) ? sealed : "by-seals";
      }
      const verdict = checkVerdict(this.#crypto, this.#mesh, entry, record.privates);
      if (verdict === undefined) return reject("malformed");
      return isReject(verdict) ? verdict : "re-derived";
    }
    // What hangs on entries that are not in the proof stands by its place under the seals.
    if (!RECHECKED.has(effect.case) || matched.missing.length > 0) return "place";
    return this.#mesh.faultOf(entry, record.privates) ?? "re-derived";
  }

  #openHead(ledger: LedgerId): Head | Reject {
    const sealed = this.#proof.heads.get(ledger);
    if (sealed === undefined) return reject("not-sealed");
    const view = this.#mesh.viewAt(claimsOf(sealed)?.controlIndex ?? 0);
    const head = openSealedHead(this.#crypto, view, sealed);
    if (isReject(head)) return head;
    return head.ledger === ledger ? head : reject("wrong-type");
  }

  #faultOfPaths(): Reject | undefined {
    const { basis, proven, coverage } = this.#proof;
    const heads = new Map<LedgerId, Head | Reject>();
    for (const line of [...basis, proven, ...(coverage === undefined ? [] : [coverage])]) {
      this.at = line;
      const head = heads.get(line.ledger) ?? this.#openHead(line.ledger);
      heads.set(line.ledger, head);
      if (isReject(head)) return head;
      if (!this.#isUnder(line, head)) return reject("wrong-root");
    }
    return undefined;
  }

  #isUnder({ record, path }: EntryLine, head: Head): boolean {
    const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry === undefined || entry.ledger !== head.ledger) return false;
    const leaf = leafHash(this.#crypto, record.entry);
    const at = Number(entry.index) - 1;
    return verifyInclusion(this.#crypto, at, Number(head.index), leaf, path, head.root);
  }

  #checkCoverage(line: EntryLine, verdict: Entry): NonNullable<CheckedProof["coverage"]> | Reject {
    const entry = decode(EntrySchema, line.record.entry, LIMITS.entryBytesMax);
    const { effect } = verdict;
    if (entry?.effect.case !== "coverage") return reject("wrong-type");
    if (effect.case !== "revocation" && effect.case !== "lift") return reject("unknown-verdict");
    const certificate = entry.effect.value;
    const { view } = this.#mesh;
    const opened = openEnvelope(
      this.#crypto,
      view.mesh,
      "coverage",
      certificate.claim,
      view.findHolder,
    );
    if (isReject(opened)) return opened;
    const claim = decode(CoverageClaimSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    if (claim === undefined) return reject("malformed");
    const isOfIt =
      equalBytes(claim.verdictId, effect.value.id) &&
      equalBytes(certificate.verdictId, effect.value.id) &&
      equalBytes(claim.receiptsRoot, certificate.receiptsRoot) &&
      claim.ledger === verdict.ledger &&
      claim.index === verdict.index;
    if (!isOfIt) return reject("body-differs");
    const receipts = this.#openReceipts(certificate.receiptsRoot, verdict);
    return isReject(receipts) ? receipts : { entry, receipts };
  }

  #openReceipts(root: Uint8Array, verdict: Entry): readonly Receipt[] | Reject {
    const { receipts: envelopes } = this.#proof;
    if (envelopes.length === 0) return [];
    if (!equalBytes(receiptsRoot(this.#crypto, envelopes), root)) return reject("wrong-root");
    const receipts: Receipt[] = [];
    for (const envelope of envelopes) {
      const receipt = openReceipt(this.#crypto, this.#mesh.view, envelope);
      if (isReject(receipt)) return receipt;
      const last = receipts.at(-1);
      if (last !== undefined && compareBytes(last.hostKey, receipt.hostKey) >= 0) {
        return reject("duplicate");
      }
      const reached =
        verdict.ledger === Ledger.CONTROL ? receipt.controlIndex : receipt.signalsIndex;
      if (reached < verdict.index) return reject("wrong-index");
      receipts.push(receipt);
    }
    return receipts;
  }
}
