// The verdicts a sidecar holds: judged (I1), merged into the deny set, compared with the digests
// that heads name, and kept in the store. What cannot be recomputed is not enforced, and the
// receipt says so.

import {
  type Bytes,
  type Crypto,
  decode,
  EntryRecordSchema,
  EntrySchema,
  encode,
  equalBytes,
  type Halt,
  hex,
  isReject,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  type Revocation,
  Stage,
  type SubjectText,
  unhex,
} from "@ostraka/proto";
import {
  DenySet,
  type EdgeTime,
  type Held,
  type HeldLease,
  type HeldWidening,
  type Here,
  hasBegun,
} from "../../enforcer/index.ts";
import {
  ActiveSet,
  endedUntilMs,
  enforcedFromMs,
  type Out,
  permilleAt,
  type Store,
  shareOf,
} from "../../kernel/index.ts";
import type { Mesh } from "../mesh.ts";
import { type CheckedVerdict, checkVerdict } from "../verdict-check.ts";
import { EdgeMemory } from "./edge-memory.ts";
import type { FollowedEntry, LedgerFollower } from "./ledger-follower.ts";

type EndedWhy = "lifted" | "superseded" | "expired" | "halted";

/** What enforcers hear of, after it is durable. */
export type SidecarEffect =
  | { readonly type: "enforced"; readonly held: Held }
  | { readonly type: "ended"; readonly held: Held; readonly why: EndedWhy }
  | { readonly type: "leased"; readonly lease: HeldLease; readonly isRenewal: boolean };

export interface EdgeVerdictsOptions {
  readonly crypto: Crypto;
  readonly mesh: Mesh;
  readonly here: Here;
  readonly hostKey: Bytes;
  /** Random bytes of this process, for the deny set's look-ups. */
  readonly secret: Bytes;
  /** Stages that this host's enforcers can really do. */
  readonly stages: ReadonlySet<Stage>;
  /** Time as the edge judges expiry. */
  readonly time: () => EdgeTime;
  /** Told of every subject that a lift speaks of: its lease ends too. */
  readonly endLease: (subject: SubjectText, out: Out<SidecarEffect>) => void;
  /** Told of every lift, at its control index and machine time: what fired counts less. */
  readonly onLift: (subject: SubjectText, index: number, atMs: number) => void;
  /** Told of a lift that pardons a subject. */
  readonly onPardon: (subject: SubjectText, beforeMs: number) => void;
}

interface EndAhead {
  readonly index: number;
  readonly ids: readonly Bytes[];
  readonly untilMs: number;
  readonly subject: SubjectText;
}

export class EdgeVerdicts {
  readonly denySet: DenySet;
  readonly #o: EdgeVerdictsOptions;
  /** Each ledger's set in force as its head says it, to compare digests with. */
  readonly #active: ReadonlyMap<LedgerId, ActiveSet>;
  readonly #differing = new Set<LedgerId>();
  readonly #memory: EdgeMemory;
  readonly #exceptions = new Map<string, { readonly id: Bytes; readonly reason: string }>();
  /** Hex ids of what this host enforces from a later step of its widening on. */
  readonly #waiting = new Set<string>();
  /** Hex ids of revocations of the signals ledger that are in the store. */
  readonly #stored = new Set<string>();
  #errors = 0;
  /** What control has ended and the signals ledger's head has not yet imported. */
  #endsAhead: EndAhead[] = [];

  constructor(options: EdgeVerdictsOptions) {
    this.#o = options;
    this.#memory = new EdgeMemory();
    this.denySet = new DenySet(options.crypto, options.here, options.secret);
    this.#active = new Map(LEDGERS.map((ledger) => [ledger, new ActiveSet(options.crypto)]));
  }

  /** Whether the sets in force are the ones that the heads name. */
  get isDigestEqual(): boolean {
    return this.#differing.size === 0;
  }

  /** What is not enforced; past a bound, one exception without an id stands for all the rest. */
  exceptions(): { readonly id: Bytes; readonly reason: string }[] {
    const all = [...this.#exceptions.values()];
    if (all.length <= LIMITS.exceptionsMax) return all;
    const rest = all.length - LIMITS.exceptionsMax;
    const others = { id: new Uint8Array(), reason: `${rest} more are not enforced` };
    return [...all.slice(0, LIMITS.exceptionsMax), others];
  }

  /** Judges and applies the verdict of an entry that stands under a sealed head. */
  apply(followed: FollowedEntry, out: Out<SidecarEffect>): void {
    const { entry, privates } = followed;
    const { effect } = entry;
    if (effect.case === "halt") this.#halt(effect.value, Number(entry.machineTimeMs), out);
    if (effect.case !== "revocation" && effect.case !== "lift") return;
    // It is over by the time that the seals say: nothing of it is left to do.
    if (followed.isStripped === true) return;
    const verdict = checkVerdict(this.#o.crypto, this.#o.mesh, entry, privates);
    const ledger = entry.ledger === Ledger.CONTROL ? Ledger.CONTROL : Ledger.SIGNALS;
    if (verdict === undefined || isReject(verdict)) {
      const code = isReject(verdict) ? verdict.reject : "malformed";
      const at = `${ledgerLetter(ledger)}:${entry.index}`;
      out.trace.push({ what: "unverified", at, effect: effect.case, code });
      this.#except(effect.value.id, `not verified: ${code}`);
      return;
    }
    const fault =
      verdict.kind === "revocation"
        ? this.#memory.faultOf(verdict.revocation, verdict.subject)
        : undefined;
    if (fault !== undefined) {
      const at = `${ledgerLetter(ledger)}:${entry.index}`;
      out.trace.push({ what: "unverified", at, effect: effect.case, code: fault });
      this.#except(effect.value.id, `not verified: ${fault}`);
      return;
    }
    this.#noteActive(ledger, verdict, Number(entry.index), Number(entry.machineTimeMs));
    const atMs = Number(entry.machineTimeMs);
    if (verdict.kind === "lift") this.#lift(verdict, Number(entry.index), atMs, out);
    else this.#enforce(verdict, followed, ledger, out);
  }

  /** Takes back what a run of entries cut off and lifted again: enforcers hear only how it ends. */
  settle(out: Out<SidecarEffect>): void {
    const enforced = new Set<string>();
    const passing = new Set<string>();
    for (const effect of out.enforce) {
      if (effect.type === "enforced") enforced.add(effect.held.id);
      if (effect.type === "ended" && enforced.has(effect.held.id)) passing.add(effect.held.id);
    }
    if (passing.size === 0) return;
    const kept = out.enforce.filter((e) => e.type === "leased" || !passing.has(e.held.id));
    out.enforce.splice(0, out.enforce.length, ...kept);
  }

  /** Drops what has expired. */
  expire(time: EdgeTime, out: Out<SidecarEffect>): void {
    this.#memory.expire(time.machineMs);
    for (const held of this.denySet.expire(time)) {
      this.#ended(held, "expired", out);
    }
    for (const id of this.#waiting) {
      const held = this.denySet.find(id);
      if (held === undefined || hasBegun(held, time)) this.#waiting.delete(id);
      if (held !== undefined && hasBegun(held, time)) this.#begin(held, out);
    }
  }

  /** Brings a ledger's set to its newest head and compares digests. */
  onHead(follower: LedgerFollower, out: Out<SidecarEffect>): void {
    const head = follower.head?.head;
    if (head === undefined) return;
    const active = this.#active.get(follower.ledger) as ActiveSet;
    if (follower.ledger === Ledger.SIGNALS) {
      const imported = this.#endsAhead.filter((l) => l.index <= Number(head.controlIndex));
      for (const { ids, untilMs, subject } of imported) {
        for (const id of ids) {
          if (active.end(id, untilMs, subject)) this.#forgetStored(hex(id), out);
        }
      }
      this.#endsAhead = this.#endsAhead.filter((l) => !imported.includes(l));
    }
    // Also what is of other hosts alone, and was kept for the digest.
    const expired = active.expire(Number(head.machineTimeMs));
    if (follower.ledger === Ledger.SIGNALS) {
      for (const id of expired) this.#forgetStored(hex(id), out);
    }
    if (equalBytes(active.digest(), head.activeSetDigest)) {
      this.#differing.delete(follower.ledger);
      return;
    }
    this.#differing.add(follower.ledger);
    out.trace.push({
      what: "digest-differs",
      at: `${ledgerLetter(follower.ledger)}:${head.index}`,
    });
  }

  /** Entries of the signals ledger's revocations in force, as stored, in order. */
  stored(store: Store): FollowedEntry[] {
    const entries: FollowedEntry[] = [];
    for (const [, bytes] of store.scan("active/s/")) {
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      if (record !== undefined && entry !== undefined) {
        entries.push({ entry, privates: record.privates, record });
      }
    }
    return entries.sort((a, b) => Number(a.entry.index - b.entry.index));
  }

  #enforce(
    { revocation, subject }: CheckedVerdict & { kind: "revocation" },
    { entry, record }: FollowedEntry,
    ledger: LedgerId,
    out: Out<SidecarEffect>,
  ): void {
    this.#supersede(revocation, subject, out);
    // What a newcomer reads of the past must not be acted upon as if it were now.
    const id = hex(revocation.id);
    if (Number(revocation.expiresMs) <= this.#o.time().machineMs) {
      // It ran out while this host was down: no row of it outlasts it.
      if (ledger === Ledger.SIGNALS) out.persist.push({ key: `active/s/${id}` });
      return;
    }
    this.#memory.spend(revocation, ledger === Ledger.SIGNALS ? 0 : Number(entry.index));
    if (ledger === Ledger.SIGNALS) {
      this.#stored.add(id);
      const value = encode(EntryRecordSchema, record);
      out.persist.push({ key: `active/s/${id}`, value });
    }
    const widening = this.#wideningOf(revocation, Number(entry.machineTimeMs));
    const index = Number(entry.index);
    const held = this.denySet.add(revocation, subject, { ledger, index, widening });
    if (held === undefined) return;
    if (hasBegun(held, this.#o.time())) this.#begin(held, out);
    else {
      this.#waiting.add(id);
      out.trace.push({ what: "waiting-for-step", id, subject });
    }
  }

  /** The step that this host waits for comes: from here on it enforces, and says what it cannot. */
  #begin(held: Held, out: Out<SidecarEffect>): void {
    const { id, subject } = held;
    if (!held.isDryRun && held.stage !== Stage.OBSERVE && !this.#o.stages.has(held.stage)) {
      this.#except(
        unhex(id) as Bytes,
        `stage ${held.stage} is more than this host's enforcers can do`,
      );
    }
    out.enforce.push({ type: "enforced", held });
    out.trace.push({ what: "enforced", id, subject, stage: held.stage });
  }

  #wideningOf(revocation: Revocation, enteredMs: number): HeldWidening | undefined {
    const { crypto, hostKey } = this.#o;
    const { id, widening: steps } = revocation;
    if (steps.length === 0) return undefined;
    const share = shareOf(crypto, id, hostKey);
    return { share, enteredMs, steps, fromMs: enforcedFromMs(steps, enteredMs, share) };
  }

  /** Stops a widening at the step that it has reached, which this host knows for itself. */
  #halt({ verdictId, permille }: Halt, atMs: number, out: Out<SidecarEffect>): void {
    const id = hex(verdictId);
    const widening = this.denySet.find(id)?.widening;
    if (widening === undefined) return;
    if (permille !== permilleAt(widening.steps, atMs - widening.enteredMs)) {
      out.trace.push({ what: "unverified", effect: "halt", id, code: "body-differs" });
      return;
    }
    const held = this.denySet.halt(id, permille);
    out.trace.push({ what: "halted", id, permille });
    if (held === undefined || widening.share < permille) return;
    // Our clock may have run ahead of the middle's: then we had begun.
    if (!this.#waiting.delete(id)) out.enforce.push({ type: "ended", held, why: "halted" });
    this.#exceptions.delete(id);
  }

  /** Ends what a revocation supersedes, also when it has itself run out by now. */
  #supersede(revocation: Revocation, subject: SubjectText, out: Out<SidecarEffect>): void {
    for (const held of this.denySet.supersede(revocation, subject)) {
      this.#ended(held, "superseded", out);
    }
  }

  #ended(held: Held, why: EndedWhy, out: Out<SidecarEffect>): void {
    out.enforce.push({ type: "ended", held, why });
    if (why !== "expired") out.trace.push({ what: why, id: held.id, subject: held.subject });
    this.#forgetStored(held.id, out);
    this.#exceptions.delete(held.id);
  }

  #lift(
    { lift, subject }: CheckedVerdict & { kind: "lift" },
    index: number,
    atMs: number,
    out: Out<SidecarEffect>,
  ): void {
    this.#o.onLift(subject, index, atMs);
    this.#memory.lift(lift.revocationIds, Number(lift.expiresMs), index);
    for (const held of this.denySet.lift(lift.revocationIds, Number(lift.expiresMs), subject)) {
      this.#ended(held, "lifted", out);
      this.#o.endLease(held.subject, out);
    }
    this.#o.endLease(subject, out);
    const beforeMs = Number(lift.pardonBeforeMs);
    if (beforeMs === 0) return;
    this.#memory.pardon(subject, beforeMs, index);
    this.#o.onPardon(subject, beforeMs);
  }

  #noteActive(ledger: LedgerId, verdict: CheckedVerdict, index: number, atMs: number): void {
    const active = this.#active.get(ledger) as ActiveSet;
    if (verdict.kind === "revocation") {
      const { id, fromMs, expiresMs, supersedes } = verdict.revocation;
      active.add(id, Number(expiresMs), atMs, verdict.subject);
      const untilMs = endedUntilMs(Number(fromMs));
      this.#endActive(active, { index, ids: supersedes, untilMs, subject: verdict.subject });
      return;
    }
    const { revocationIds: ids, expiresMs } = verdict.lift;
    const untilMs = Number(expiresMs);
    this.#endActive(active, { index, ids, untilMs, subject: verdict.subject });
  }

  /** Ends in a ledger at once, and in the signals ledger from the head that has imported it. */
  #endActive(active: ActiveSet, end: EndAhead): void {
    for (const id of end.ids) active.end(id, end.untilMs, end.subject);
    if (end.ids.length > 0) this.#endsAhead.push(end);
  }

  /** How often this host had to say since it began that it does not enforce something. */
  get errors(): number {
    return this.#errors;
  }

  #except(id: Bytes, reason: string): void {
    if (!this.#exceptions.has(hex(id))) this.#errors++;
    this.#exceptions.set(hex(id), { id, reason });
  }

  #forgetStored(id: string, out: Out<SidecarEffect>): void {
    if (this.#stored.delete(id)) out.persist.push({ key: `active/s/${id}` });
  }
}
