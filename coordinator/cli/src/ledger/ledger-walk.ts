// Walks both ledgers of a mesh from its genesis and re-derives every entry: control first, then
// signals, each up to a sealed head. Trusts the genesis alone; whoever serves the records can only
// be found out. Pure: the same records give the same answer, with a network or without.

import { ActiveSet } from "@ostraka/agents/kernel";
import {
  type CheckedVerdict,
  checkVerdict,
  MACHINE_VERSION_MAX,
  Mesh,
  type OpenedGenesis,
  openSealedHead,
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
  type Head,
  hex,
  isReject,
  Ledger,
  type LedgerId,
  LIMITS,
  leafHash,
  MerkleTree,
  type PrivatePart,
  REJECT_CODES,
  type Refusals,
  type Reject,
  reject,
  type SealedHead,
  verifyInclusion,
} from "@ostraka/proto";
import { PeopleRecord } from "./people-record.ts";
import { SpentSignals } from "./spent-signals.ts";

/** An entry that stands. */
export interface WalkedEntry {
  readonly ledger: LedgerId;
  readonly index: number;
  readonly entry: Entry;
  readonly record: EntryRecord;
  /** Set for a revocation or a lift. */
  readonly verdict?: CheckedVerdict;
}

export interface Inclusion {
  /** Entries under the head. */
  readonly size: number;
  readonly path: readonly Bytes[];
  readonly isVerified: boolean;
}

/** One ledger as far as it has been walked. */
interface Trail {
  readonly tree: MerkleTree;
  readonly verdicts: WalkedEntry[];
  lastPosition: bigint;
  lastTimeMs: bigint;
  lastGeneration: number;
  head?: { readonly head: Head; readonly sealed: SealedHead };
}

const MINUTE_MS = 60_000n;

export class LedgerWalk {
  readonly mesh: Mesh;
  readonly people: PeopleRecord;
  readonly #crypto: Crypto;
  readonly #spent: SpentSignals;
  readonly #trails: ReadonlyMap<LedgerId, Trail>;
  /** The verdict that the last approval completed: the next control entry must be it. */
  #due: CheckedVerdict | undefined;
  #lastJudgedAt = 0n;
  /** Pardons by subject, and by hex id the verdict that ended a revocation early. */
  readonly #pardons = new Map<string, { readonly index: number; readonly beforeMs: number }[]>();
  readonly #endings = new Map<string, WalkedEntry>();

  constructor(crypto: Crypto, genesis: OpenedGenesis) {
    this.#crypto = crypto;
    this.mesh = new Mesh(crypto, genesis);
    this.people = new PeopleRecord(crypto);
    this.#spent = new SpentSignals(crypto, genesis.mesh);
    const trail = (): Trail => ({
      tree: new MerkleTree(crypto),
      verdicts: [],
      lastPosition: 0n,
      lastTimeMs: 0n,
      lastGeneration: 0,
    });
    this.#trails = new Map([
      [Ledger.CONTROL as LedgerId, trail()],
      [Ledger.SIGNALS as LedgerId, trail()],
    ]);
  }

  /** Last index walked. */
  indexOf(ledger: LedgerId): number {
    return this.#trail(ledger).tree.size;
  }

  /** Revocations and lifts of a ledger, in order. */
  verdictsOf(ledger: LedgerId): readonly WalkedEntry[] {
    return this.#trail(ledger).verdicts;
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
    const fault = faultOfPlace(trail, ledger, entry);
    if (fault !== undefined) return fault;
    const verdict =
      ledger === Ledger.CONTROL
        ? this.#checkControl(entry, record.privates)
        : this.#checkSignals(entry, record.privates);
    if (isReject(verdict)) return verdict;
    trail.tree.append(leafHash(this.#crypto, record.entry));
    trail.lastPosition = entry.position;
    trail.lastTimeMs = entry.machineTimeMs;
    trail.lastGeneration = entry.generation;
    if (ledger === Ledger.CONTROL) this.mesh.apply(entry);
    const index = Number(entry.index);
    const walked: WalkedEntry = {
      ledger,
      index,
      entry,
      record,
      ...(verdict === undefined ? {} : { verdict }),
    };
    this.#remember(walked);
    return walked;
  }

  /** Ends a ledger with its sealed head: everything walked must be under it, nothing beyond. */
  close(ledger: LedgerId, sealed: SealedHead): Head | Reject {
    const trail = this.#trail(ledger);
    const head = openSealedHead(this.#crypto, this.mesh.view, sealed);
    if (isReject(head)) return head;
    if (!isSortedByKey(sealed)) return reject("duplicate");
    if (head.ledger !== ledger) return reject("wrong-type");
    if (head.machineVersion > MACHINE_VERSION_MAX) return reject("unsupported-format");
    if (Number(head.index) !== trail.tree.size) return reject("wrong-index");
    if (!equalBytes(head.root, trail.tree.root())) return reject("wrong-root");
    const isBefore =
      head.position < trail.lastPosition ||
      head.machineTimeMs < trail.lastTimeMs ||
      head.generation < trail.lastGeneration;
    if (isBefore) return reject("stale-tick");
    const fault = this.#faultOfNames(ledger, head);
    if (fault !== undefined) return fault;
    if (!equalBytes(this.activeAt(ledger, head).digest(), head.activeSetDigest)) {
      return reject("wrong-digest");
    }
    trail.head = { head, sealed };
    return head;
  }

  /** The revocations of a ledger in force at a head. */
  activeAt(ledger: LedgerId, head: Head): ActiveSet {
    const active = new ActiveSet(this.#crypto);
    const enders = this.verdictsOf(Ledger.CONTROL).filter(
      (v) => BigInt(v.index) <= head.controlIndex,
    );
    for (const { verdict } of enders) {
      if (verdict === undefined) continue;
      // An end is final, also for an id that enters later, so ends may all go first.
      const ids =
        verdict.kind === "lift" ? verdict.lift.revocationIds : verdict.revocation.supersedes;
      for (const id of ids) active.end(id, Number.POSITIVE_INFINITY, verdict.subject);
    }
    for (const { verdict, entry } of this.verdictsOf(ledger)) {
      if (verdict?.kind !== "revocation") continue;
      const { id, expiresMs } = verdict.revocation;
      active.add(id, Number(expiresMs), Number(entry.machineTimeMs), verdict.subject);
    }
    active.expire(Number(head.machineTimeMs));
    return active;
  }

  /** The lift, or the revocation that replaced it, that ended a revocation early. */
  endingOf(id: Uint8Array): WalkedEntry | undefined {
    return this.#endings.get(hex(id));
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

  #trail(ledger: LedgerId): Trail {
    return this.#trails.get(ledger) as Trail;
  }

  #faultOfNames(ledger: LedgerId, head: Head): Reject | undefined {
    if (ledger === Ledger.CONTROL) {
      if (this.#due !== undefined) return reject("body-differs");
      if (head.controlIndex !== head.index) return reject("wrong-index");
    } else if (head.controlIndex > BigInt(this.mesh.controlIndex)) return reject("wrong-index");
    if (head.controlIndex < this.#lastJudgedAt && ledger === Ledger.SIGNALS) {
      return reject("wrong-index");
    }
    const view = this.mesh.viewAt(Number(head.controlIndex));
    if (head.epoch !== view.epoch) return reject("wrong-epoch");
    return head.rosterVersion === view.rosterVersion ? undefined : reject("roster-not-next");
  }

  #checkControl(
    entry: Entry,
    privates: readonly PrivatePart[],
  ): CheckedVerdict | Reject | undefined {
    const { effect } = entry;
    const isVerdict = effect.case === "revocation" || effect.case === "lift";
    if (isVerdict !== (this.#due !== undefined)) return reject("body-differs");
    if (isVerdict) return this.#checkDue(entry, privates);
    if ((entry.index === 1n) !== (effect.case === "genesis")) return reject("wrong-index");
    if (privates.length !== (effect.case === "proposal" ? 1 : 0)) {
      return reject("commitment-mismatch");
    }
    return this.#checkCommand(entry, privates) ?? this.mesh.faultOf(entry, privates);
  }

  /** What `faultOf` does not look at: the genesis whole, people's order, well-formed refusals. */
  #checkCommand(entry: Entry, privates: readonly PrivatePart[]): Reject | undefined {
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
        return this.people.takeProposal(view, effect.value, privates[0], { index, machineTimeMs });
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

  #checkDue(entry: Entry, privates: readonly PrivatePart[]): CheckedVerdict | Reject {
    const { lastPosition } = this.#trail(Ledger.CONTROL);
    if (entry.position !== lastPosition) return reject("body-differs");
    const verdict = checkVerdict(this.#crypto, this.mesh, entry, privates);
    if (verdict === undefined || isReject(verdict)) return verdict ?? reject("malformed");
    const due = this.#due as CheckedVerdict;
    if (!equalBytes(idOf(verdict), idOf(due))) return reject("body-differs");
    this.#due = undefined;
    return verdict;
  }

  #checkSignals(
    entry: Entry,
    privates: readonly PrivatePart[],
  ): CheckedVerdict | Reject | undefined {
    const { effect } = entry;
    if (effect.case === "refusals") {
      return privates.length === 0
        ? faultOfRefusals(effect.value, entry)
        : reject("commitment-mismatch");
    }
    if (effect.case !== "revocation") return reject("unsupported-format");
    const { controlIndex, warrant } = effect.value;
    if (controlIndex < this.#lastJudgedAt) return reject("wrong-index");
    const verdict = checkVerdict(this.#crypto, this.mesh, entry, privates);
    if (verdict === undefined || isReject(verdict)) return verdict ?? reject("malformed");
    const pardonedMs = this.#pardonOf(verdict.subject, Number(controlIndex));
    const fault = this.#spent.spend(warrant?.signals ?? [], pardonedMs);
    if (fault !== undefined) return fault;
    this.#lastJudgedAt = controlIndex;
    return verdict;
  }

  /** The latest time before which evidence about a subject is pardoned, as of a control index. */
  #pardonOf(subject: string, controlIndex: number): number {
    const pardons = (this.#pardons.get(subject) ?? []).filter((p) => p.index <= controlIndex);
    return Math.max(0, ...pardons.map((p) => p.beforeMs));
  }

  #remember(walked: WalkedEntry): void {
    const { verdict, index, ledger } = walked;
    if (verdict === undefined) return;
    this.#trail(ledger).verdicts.push(walked);
    const ended =
      verdict.kind === "lift" ? verdict.lift.revocationIds : verdict.revocation.supersedes;
    for (const id of ended) {
      const key = hex(id);
      if (!this.#endings.has(key)) this.#endings.set(key, walked);
    }
    if (verdict.kind !== "lift" || verdict.lift.pardonBeforeMs === 0n) return;
    const pardons = this.#pardons.get(verdict.subject) ?? [];
    pardons.push({ index, beforeMs: Number(verdict.lift.pardonBeforeMs) });
    this.#pardons.set(verdict.subject, pardons);
  }
}

/** Id of a verdict. */
export function idOf(verdict: CheckedVerdict): Bytes {
  return verdict.kind === "lift" ? verdict.lift.id : verdict.revocation.id;
}

function faultOfPlace(trail: Trail, ledger: LedgerId, entry: Entry): Reject | undefined {
  if (entry.format !== 1 || entry.machineVersion > MACHINE_VERSION_MAX) {
    return reject("unsupported-format");
  }
  if (entry.ledger !== ledger) return reject("wrong-type");
  if (entry.index !== BigInt(trail.tree.size + 1)) return reject("wrong-index");
  if (!equalBytes(entry.previousRoot, trail.tree.root())) return reject("wrong-root");
  const isBack =
    entry.position < trail.lastPosition ||
    entry.machineTimeMs < trail.lastTimeMs ||
    entry.generation < Math.max(1, trail.lastGeneration);
  return isBack ? reject("stale-tick") : undefined;
}

function faultOfRefusals({ minute, counts }: Refusals, entry: Entry): Reject | undefined {
  const codes: readonly string[] = REJECT_CODES;
  const isMinute = minute < entry.machineTimeMs / MINUTE_MS;
  const areCounts = counts.every(
    ({ key, code, count }) =>
      (key.length === 0 || key.length === 32) && codes.includes(code) && count > 0,
  );
  const isWhole = isMinute && areCounts && counts.length > 0;
  return isWhole && counts.length <= LIMITS.refusalCountsMax ? undefined : reject("malformed");
}

/** One sealed head has one spelling: seals in the order of their keys. */
function isSortedByKey({ seals }: SealedHead): boolean {
  return seals.every((s, i) => i === 0 || compareBytes(seals[i - 1]?.key as Bytes, s.key) < 0);
}
