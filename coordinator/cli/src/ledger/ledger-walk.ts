// Walks both ledgers of a mesh from its genesis and re-derives every entry: control first, then
// signals, each up to a sealed head. Trusts the genesis alone; whoever serves the records can only
// be found out. Pure: the same records give the same answer, with a network or without.

import { commitmentOf, evidenceOf, openInquiry } from "@ostraka/agents/kernel";
import {
  type CheckedVerdict,
  checkVerdict,
  Mesh,
  type OpenedGenesis,
  openSealedHead,
  privatesNeededUntilMs,
} from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  compareBytes,
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  EnvelopeSchema,
  encode,
  equalBytes,
  Frontier,
  type Head,
  isReject,
  Ledger,
  type LedgerId,
  LIMITS,
  leafHash,
  ledgerLetter,
  type PrivatePart,
  type Reject,
  reject,
  type SealedHead,
  verifyInclusion,
} from "@ostraka/proto";
import { type MatchedParts, type MissingPart, MissingParts, matchParts } from "./entry-parts.ts";
import { faultOfPlace, isBehind, type VersionRange, versionsBetween } from "./entry-place.ts";
import { claimsOf } from "./head-claims.ts";
import { PeopleRecord } from "./people-record.ts";
import { faultOfRefusals } from "./refusals-check.ts";
import { checkSealedOnly } from "./sealed-only.ts";
import { SpentSignals } from "./spent-signals.ts";
import { faultOfSuggestion } from "./suggestion-check.ts";
import { idOf, VerdictBook } from "./verdict-book.ts";
import { newTrail, placeOf, type Trail } from "./walk-trail.ts";

/** An entry that stands. */
export interface WalkedEntry {
  readonly ledger: LedgerId;
  readonly index: number;
  readonly entry: Entry;
  readonly record: EntryRecord;
  /** Set for a revocation or a lift. */
  readonly verdict?: CheckedVerdict;
  /** Private parts are gone: that its witnesses speak of one subject is taken from the seals. */
  readonly bySealsOnly?: true;
}

export interface Inclusion {
  /** Entries under the head. */
  readonly size: number;
  readonly path: readonly Bytes[];
  readonly isVerified: boolean;
}

/** Effects of the control ledger that change who and what counts in the signals ledger. */
const TURNING: ReadonlySet<Entry["effect"]["case"]> = new Set([
  "roster",
  "member",
  "activation",
  "rollout",
  "rolloutChange",
  "version",
  "equivocation",
] as const);

export { idOf };

export class LedgerWalk {
  readonly mesh: Mesh;
  readonly people: PeopleRecord;
  readonly #crypto: Crypto;
  readonly #keepsEntries: boolean;
  readonly #spent = new SpentSignals();
  readonly #trails: ReadonlyMap<LedgerId, Trail>;
  /** Private parts that are gone, so far. */
  readonly missing = new MissingParts();
  /**
   * The verdict that the last approval completed: the next control entry must be it. By seals where
   * the proposal's words are gone: a verdict may be it.
   */
  #due: CheckedVerdict | "by-seals" | undefined;
  #lastJudgedAt = 0n;
  /** Control indices at which it changed who and what counts. */
  readonly #turns: number[] = [];
  readonly #verdicts: VerdictBook;

  /** @param keepsEntries whether `entries` and `entryAt` will be asked, which costs memory. */
  constructor(crypto: Crypto, genesis: OpenedGenesis, keepsEntries = false) {
    this.#crypto = crypto;
    this.#keepsEntries = keepsEntries;
    this.mesh = new Mesh(crypto, genesis);
    this.people = new PeopleRecord(crypto);
    this.#verdicts = new VerdictBook(crypto);
    this.#trails = new Map([
      [Ledger.CONTROL as LedgerId, newTrail(crypto)],
      [Ledger.SIGNALS as LedgerId, newTrail(crypto)],
    ]);
  }

  /** Everything walked, control first. */
  *entries(): Iterable<WalkedEntry> {
    for (const { walked } of this.#trails.values()) yield* walked;
  }

  /** An entry by its place. */
  entryAt(ledger: LedgerId, index: number): WalkedEntry | undefined {
    return this.#trail(ledger).walked[index - 1];
  }

  /** Last index walked. */
  indexOf(ledger: LedgerId): number {
    return this.#trail(ledger).tree.size;
  }

  /** Root of the tree of a ledger's first entries, as many as have been walked. */
  rootAt(ledger: LedgerId, index: number): Bytes {
    return this.#trail(ledger).tree.root(index);
  }

  /** The right edge of what has been walked of a ledger, to try on it what comes next. */
  frontierOf(ledger: LedgerId): Frontier {
    const { tree } = this.#trail(ledger);
    return new Frontier(this.#crypto, tree.size, tree.frontier());
  }

  /** Revocations and lifts of a ledger, in order. */
  verdictsOf(ledger: LedgerId): readonly WalkedEntry[] {
    return this.#verdicts.of(ledger);
  }

  /** A verdict by its id in hex, in either ledger. */
  verdictOf(id: string): WalkedEntry | undefined {
    return this.#verdicts.byId(id);
  }

  /** Verdicts whose witnesses can only be said to speak of one subject because of the seals. */
  sealedOnly(): readonly WalkedEntry[] {
    const all = [...this.#trails.keys()].flatMap((ledger) => this.#verdicts.of(ledger));
    return all.filter(({ bySealsOnly }) => bySealsOnly === true);
  }

  /** The sealed head that a ledger was last closed with. */
  headOf(ledger: LedgerId): { readonly head: Head; readonly sealed: SealedHead } | undefined {
    return this.#trail(ledger).head;
  }

  /** Takes the next entry of a ledger. @returns why it may not stand; nothing has changed then. */
  take(ledger: LedgerId, record: EntryRecord): WalkedEntry | Reject {
    const trail = this.#trail(ledger);
    const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry === undefined) return reject("malformed");
    const fault = faultOfPlace(placeOf(trail), ledger, entry, this.#versionsFor(ledger, entry));
    if (fault !== undefined) return fault;
    const matched = matchParts(this.#crypto, entry, record.privates);
    if (isReject(matched)) return matched;
    const verdict =
      ledger === Ledger.CONTROL
        ? this.#checkControl(entry, record.privates, matched)
        : this.#checkSignals(entry, record.privates, matched);
    if (isReject(verdict)) return verdict;
    trail.tree.append(leafHash(this.#crypto, record.entry));
    trail.lastPosition = entry.position;
    trail.lastTimeMs = entry.machineTimeMs;
    trail.lastGeneration = entry.generation;
    trail.lastVersion = entry.machineVersion;
    if (ledger === Ledger.CONTROL) this.mesh.apply(entry);
    const index = Number(entry.index);
    const at = `${ledgerLetter(ledger)}:${index}`;
    this.missing.note(at, privatesNeededUntilMs(entry), matched.missing);
    const walked: WalkedEntry = {
      ledger,
      index,
      entry,
      record,
      ...(verdict === undefined ? {} : { verdict }),
      ...(verdict === undefined || matched.missing.length === 0 ? {} : { bySealsOnly: true }),
    };
    this.#remember(walked);
    return walked;
  }

  /** Machine versions that an entry may have here; exact wherever the control index is known. */
  #versionsFor(ledger: LedgerId, { effect }: Entry): VersionRange {
    const { view, controlIndex } = this.mesh;
    if (ledger === Ledger.CONTROL) return { least: view.machineVersion, most: view.machineVersion };
    const viewAt = (index: number) => this.mesh.viewAt(index);
    const named = effect.case === "revocation" ? Number(effect.value.controlIndex) : undefined;
    const before = this.#trail(ledger).lastVersion;
    const from = named ?? Number(this.#lastJudgedAt);
    return versionsBetween(viewAt, from, named ?? controlIndex, before);
  }

  /** Ends a ledger with its sealed head: everything walked must be under it, nothing beyond. */
  close(ledger: LedgerId, sealed: SealedHead): Head | Reject {
    const trail = this.#trail(ledger);
    const head = openSealedHead(this.#crypto, this.#viewOf(sealed), sealed);
    if (isReject(head)) return head;
    if (!isSortedByKey(sealed)) return reject("duplicate");
    if (head.ledger !== ledger) return reject("wrong-type");
    if (Number(head.index) !== trail.tree.size) return reject("wrong-index");
    if (!equalBytes(head.root, trail.tree.root())) return reject("wrong-root");
    if (isBehind(placeOf(trail), head)) return reject("stale-tick");
    const fault = this.#faultOfNames(ledger, head);
    if (fault !== undefined) return fault;
    if (!equalBytes(this.#verdicts.activeAt(ledger, head).digest(), head.activeSetDigest)) {
      return reject("wrong-digest");
    }
    trail.head = { head, sealed };
    return head;
  }

  /**
   * The first private part that is gone though nobody erased it and its age is no reason: withheld.
   * Asked after both ledgers are closed.
   */
  firstWithheld(): MissingPart | undefined {
    const { view } = this.mesh;
    const ages: number[] = [];
    for (let epoch = 1; epoch <= Math.max(1, view.epoch); epoch++) {
      ages.push(view.policyOf(epoch)?.retention?.privatesMs ?? LIMITS.privatesMs);
    }
    const times = [...this.#trails.values()].map(({ head }) => head?.head.machineTimeMs ?? 0n);
    return this.missing.firstUnexplained(Math.max(...times.map(Number)), Math.min(...ages));
  }

  /** The lift, or the revocation that replaced it, that ended a revocation early. */
  endingOf(id: Uint8Array): WalkedEntry | undefined {
    return this.#verdicts.endingOf(id);
  }

  /**
   * The inclusion proof of a walked entry under its ledger's sealed head (RFC 9162), and whether it
   * holds.
   */
  inclusionOf({ ledger, index, record }: WalkedEntry): Inclusion {
    const { tree, head } = this.#trail(ledger);
    const size = Number(head?.head.index ?? 0n);
    if (head === undefined || index > size) return { size, path: [], isVerified: false };
    const path = tree.inclusionPath(index - 1, size);
    const leaf = leafHash(this.#crypto, record.entry);
    const { root } = head.head;
    const isVerified = verifyInclusion(this.#crypto, index - 1, size, leaf, path, root);
    return { size, path, isVerified };
  }

  /** The mesh by whose coordinators a head is sealed: as of the control index that it names. */
  #viewOf(sealed: SealedHead) {
    const named = claimsOf(sealed)?.controlIndex ?? 0;
    return this.mesh.viewAt(Math.min(named, this.mesh.controlIndex));
  }

  #trail(ledger: LedgerId): Trail {
    return this.#trails.get(ledger) as Trail;
  }

  #faultOfNames(ledger: LedgerId, head: Head): Reject | undefined {
    if (ledger === Ledger.CONTROL) {
      if (this.#due !== undefined && this.#due !== "by-seals") return reject("body-differs");
      if (head.controlIndex !== head.index) return reject("wrong-index");
    } else if (head.controlIndex > BigInt(this.mesh.controlIndex)) return reject("wrong-index");
    if (head.controlIndex < this.#lastJudgedAt && ledger === Ledger.SIGNALS) {
      return reject("wrong-index");
    }
    const view = this.mesh.viewAt(Number(head.controlIndex));
    if (head.epoch !== view.epoch) return reject("wrong-epoch");
    if (head.machineVersion !== view.machineVersion) return reject("unsupported-format");
    return head.rosterVersion === view.rosterVersion ? undefined : reject("roster-not-next");
  }

  #checkControl(
    entry: Entry,
    privates: readonly PrivatePart[],
    matched: MatchedParts,
  ): CheckedVerdict | Reject | undefined {
    const { effect } = entry;
    const isVerdict = effect.case === "revocation" || effect.case === "lift";
    if (this.#due === undefined ? isVerdict : !isVerdict && this.#due !== "by-seals") {
      return reject("body-differs");
    }
    if (isVerdict) return this.#checkDue(entry, privates, matched);
    if ((entry.index === 1n) !== (effect.case === "genesis")) return reject("wrong-index");
    this.#due = undefined;
    const fault = this.#checkCommand(entry, matched);
    if (fault !== undefined || matched.missing.length > 0) return fault;
    return this.mesh.faultOf(entry, privates);
  }

  /** What `faultOf` does not look at: the genesis whole, people's order, well-formed refusals. */
  #checkCommand(entry: Entry, { parts }: MatchedParts): Reject | undefined {
    const { effect } = entry;
    const { view, genesis } = this.mesh;
    const index = Number(entry.index);
    const machineTimeMs = Number(entry.machineTimeMs);
    switch (effect.case) {
      case "genesis": {
        const ours = encode(EnvelopeSchema, genesis.envelope);
        const isSame = equalBytes(encode(EnvelopeSchema, effect.value), ours);
        return isSame ? undefined : reject("wrong-mesh");
      }
      case "proposal":
        return this.people.takeProposal(view, effect.value, parts, { index, machineTimeMs });
      case "approval": {
        const verdict = this.people.takeApproval(view, effect.value, index, machineTimeMs);
        if (isReject(verdict)) return verdict;
        this.#due = verdict;
        return undefined;
      }
      case "refusals":
        return faultOfRefusals(effect.value, entry);
      default:
        return undefined;
    }
  }

  #checkDue(
    entry: Entry,
    privates: readonly PrivatePart[],
    { missing }: MatchedParts,
  ): CheckedVerdict | Reject {
    const { lastPosition } = this.#trail(Ledger.CONTROL);
    if (entry.position !== lastPosition) return reject("body-differs");
    const verdict = this.#verdictOf(entry, privates, missing.length > 0);
    if (isReject(verdict)) return verdict;
    const due = this.#due;
    if (due === undefined) return reject("body-differs");
    if (due !== "by-seals" && !equalBytes(idOf(verdict), idOf(due))) return reject("body-differs");
    if (verdict.kind === "revocation") {
      const evidence = evidenceOf(verdict.revocation.warrant);
      const fault = this.#spent.spendByPeople(evidence, Number(entry.index));
      if (fault !== undefined) return fault;
    }
    this.#due = undefined;
    return verdict;
  }

  #verdictOf(
    entry: Entry,
    privates: readonly PrivatePart[],
    bySeals: boolean,
  ): CheckedVerdict | Reject {
    const { effect } = entry;
    if (effect.case !== "revocation" && effect.case !== "lift") return reject("malformed");
    const judgedAt = Number(effect.value.controlIndex);
    if (judgedAt > this.mesh.controlIndex) return reject("wrong-index");
    if (bySeals) return checkSealedOnly(this.#crypto, this.mesh.viewAt(judgedAt), entry);
    return checkVerdict(this.#crypto, this.mesh, entry, privates) ?? reject("malformed");
  }

  #checkSignals(
    entry: Entry,
    privates: readonly PrivatePart[],
    { missing }: MatchedParts,
  ): CheckedVerdict | Reject | undefined {
    const { effect } = entry;
    if (effect.case === "refusals") return faultOfRefusals(effect.value, entry);
    if (effect.case !== "revocation") {
      return missing.length > 0 ? undefined : this.#faultOfSignalsEffect(entry, privates);
    }
    const { controlIndex, warrant } = effect.value;
    if (controlIndex < this.#lastJudgedAt) return reject("wrong-index");
    const verdict = this.#verdictOf(entry, privates, missing.length > 0);
    if (isReject(verdict)) return verdict;
    const pardonedMs = this.#verdicts.pardonOf(verdict.subject, Number(controlIndex));
    const judgedAt = Number(controlIndex);
    const fault = this.#spent.spend(warrant?.signals ?? [], pardonedMs, judgedAt);
    if (fault !== undefined) return fault;
    this.#lastJudgedAt = controlIndex;
    return verdict;
  }

  /**
   * These entries name no control index: each may rest on any that was imported by then.
   */
  #faultOfSignalsEffect(entry: Entry, privates: readonly PrivatePart[]): Reject | undefined {
    const { effect } = entry;
    if (effect.case !== "inquiry" && effect.case !== "suggestion") {
      return this.mesh.faultOf(entry, privates);
    }
    const from = Number(this.#lastJudgedAt);
    const indices = [from, ...this.#turns.filter((index) => index > from)];
    const atMs = Number(entry.machineTimeMs);
    let fault: Reject | undefined;
    for (const index of indices) {
      const view = this.mesh.viewAt(index);
      const opened =
        effect.case === "inquiry"
          ? openInquiry(this.#crypto, view, effect.value, privates[0], atMs)
          : faultOfSuggestion(this.#crypto, view, effect.value, privates, entry);
      if (!isReject(opened)) return undefined;
      fault = opened;
    }
    return fault;
  }

  /** Drops what is kept here beside every entry that an erasure speaks of. */
  #forget(commitments: readonly Uint8Array[]): void {
    this.missing.erase(commitments);
    for (const { record } of this.entries()) {
      const isErased = record.privates.some((part) =>
        this.missing.isErased(commitmentOf(this.#crypto, part)),
      );
      if (isErased) record.privates = [];
    }
  }

  #remember(walked: WalkedEntry): void {
    const { index, ledger, entry } = walked;
    if (this.#keepsEntries) this.#trail(ledger).walked.push(walked);
    if (TURNING.has(entry.effect.case)) this.#turns.push(index);
    if (entry.effect.case === "erasure") this.#forget(entry.effect.value.commitments);
    this.#verdicts.add(walked);
  }
}

/** One sealed head has one spelling: seals in the order of their keys. */
function isSortedByKey({ seals }: SealedHead): boolean {
  return seals.every((s, i) => i === 0 || compareBytes(seals[i - 1]?.key as Bytes, s.key) < 0);
}
