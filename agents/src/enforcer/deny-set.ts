// The enforcer agent's memory: verified revocations merged by union, lifts that are final, local
// leases; and the answer to one access request. Synchronous, all in memory, the same end in
// whatever order verdicts came (I5).

import {
  assert,
  type Bytes,
  type Crypto,
  compareText,
  DigestTrie,
  hex,
  type LedgerId,
  LIMITS,
  type Revocation,
  Stage,
  type SubjectText,
  unhex,
  utf8,
} from "@ostraka/proto";
import { endedUntilMs } from "../kernel/index.ts";
import { DenyIndex } from "./deny-index.ts";
import type { Held, HeldLease, HeldWidening } from "./held.ts";
import { EVERYTHING, HeldRows } from "./held-rows.ts";
import { keyedHash } from "./keyed-hash.ts";

/** One access to decide. */
export interface Access {
  readonly subjects: readonly SubjectText[];
  readonly resource?: string;
  readonly action?: string;
}

/** Where the host stands in scopes. */
export interface Here {
  readonly host: string;
  /** Labels of the host's membership, which is known once the control ledger is. */
  readonly labels: () => readonly string[];
}

/** Time as the edge judges expiry: machine time carried on, and the own wall clock. */
export interface EdgeTime {
  readonly machineMs: number;
  /** Machine time of the newest sealed head, carried on by nothing. */
  readonly headMs: number;
  readonly wallMs: number;
}

/** A lease, with the first row of what is held against its subject beside it, and one; or 0. */
interface Leased {
  readonly number: number;
  lease: HeldLease;
  head: number;
}

export class DenySet {
  readonly #here: Here;
  readonly #trie: DigestTrie;
  /** Of each revocation the row of its id in the trie. */
  readonly #rows = new HeldRows();
  /** A subject's first row and one, doubled; or, odd, the number of its lease and one. */
  readonly #bySubject: DenyIndex;
  /**
   * Ended early by a lift or superseded, by id and subject, with the time until which that must be
   * remembered.
   */
  readonly #ended = new Map<string, number>();
  readonly #leases = new Map<SubjectText, Leased>();
  readonly #leased: (Leased | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #dryRuns = 0;
  /** Nothing expires before. */
  #firstExpiryMs = Number.POSITIVE_INFINITY;

  /**
   * @param secret random bytes of this process: who knows them and chooses subjects could slow
   * look-ups down, never change an answer.
   */
  constructor(crypto: Pick<Crypto, "sha256">, here: Here, secret: Uint8Array = utf8(here.host)) {
    this.#here = here;
    this.#trie = new DigestTrie(crypto);
    const isOf = (word: number, subject: SubjectText) => this.#isOf(word, subject);
    this.#bySubject = new DenyIndex(keyedHash(crypto.sha256(secret)), isOf);
  }

  get size(): number {
    return this.#trie.size;
  }

  /** How many of what is held are dry runs. */
  get dryRuns(): number {
    return this.#dryRuns;
  }

  digest(): Bytes {
    return this.#trie.digest();
  }

  /** Everything that is held, in no order that means anything. */
  all(): Iterable<Held> {
    return [...this.#rows.expiring(Number.POSITIVE_INFINITY)].map((row) => this.#heldIn(row));
  }

  leases(): Iterable<HeldLease> {
    return [...this.#leases.values()].map(({ lease }) => lease);
  }

  /** @param id in hex. */
  find(id: string): Held | undefined {
    const row = this.#trie.slotOf(unhex(id) ?? NO_ID);
    return row === undefined ? undefined : this.#heldIn(row);
  }

  /**
   * Merges a verified revocation. @returns what is held now, or `undefined` when nothing changed.
   */
  add(
    revocation: Revocation,
    subject: SubjectText,
    at: {
      readonly ledger: LedgerId;
      readonly index: number;
      readonly widening?: HeldWidening | undefined;
    },
  ): Held | undefined {
    const id = hex(revocation.id);
    const expiresMs = Number(revocation.expiresMs);
    this.supersede(revocation, subject);
    const isEnded = this.#ended.has(`${id}/${subject}`);
    const isHeld = this.#trie.slotOf(revocation.id) !== undefined;
    if (isEnded || isHeld || !this.#applies(revocation)) return undefined;
    const held: Held = {
      id,
      subject,
      stage: revocation.stage,
      expiresMs,
      rule: revocation.rule,
      hostCount: revocation.hostCount,
      ledger: at.ledger,
      index: at.index,
      isDryRun: revocation.isDryRun,
      ...(at.widening !== undefined && { widening: at.widening }),
      resources: revocation.scope?.resources ?? EVERYTHING,
      actions: revocation.scope?.actions ?? EVERYTHING,
    };
    if (held.isDryRun) this.#dryRuns++;
    this.#trie.add(revocation.id);
    const row = this.#trie.slotOf(revocation.id) as number;
    this.#rows.put(row, held);
    this.#append(row, subject);
    this.#firstExpiryMs = Math.min(this.#firstExpiryMs, expiresMs);
    return held;
  }

  /** Ends what a verified revocation supersedes: also when it has itself expired by now. */
  supersede({ supersedes, fromMs }: Revocation, subject: SubjectText): Held[] {
    const untilMs = endedUntilMs(Number(fromMs));
    return supersedes.flatMap((id) => this.#end(hex(id), untilMs, subject) ?? []);
  }

  /**
   * Ends revocations of one subject for ever, seen or not yet seen; an id of another subject's
   * stays, since nobody consented to that. @returns those that were held.
   */
  lift(ids: readonly Bytes[], untilMs: number, subject: SubjectText): Held[] {
    const lifted = ids.flatMap((id) => this.#end(hex(id), untilMs, subject) ?? []);
    if (lifted.length > 0) this.endLease(subject);
    return lifted;
  }

  /**
   * Stops the widening of a held revocation at a share: a host outside it never enforces it.
   * @returns what was held before, or `undefined` where it is not held or does not widen.
   */
  halt(id: string, permille: number): Held | undefined {
    const row = this.#trie.slotOf(unhex(id) ?? NO_ID);
    const held = row === undefined ? undefined : this.#heldIn(row);
    if (row === undefined || held?.widening === undefined) return undefined;
    if (held.widening.share < permille) return held;
    const widening = { ...held.widening, fromMs: Number.POSITIVE_INFINITY };
    this.#rows.replaceRare(row, { ...held, widening });
    return held;
  }

  lease(lease: HeldLease): void {
    const known = this.#leases.get(lease.subject);
    if (known !== undefined) {
      known.lease = lease;
      return;
    }
    const number = this.#freeNumbers.pop() ?? this.#leased.length;
    const head = this.#headOf(this.#bySubject.get(lease.subject));
    const leased: Leased = { number, lease, head };
    this.#leased[number] = leased;
    this.#leases.set(lease.subject, leased);
    this.#bySubject.set(lease.subject, 2 * (number + 1) + 1);
  }

  /** Ends a lease early: a pardon or a lift of its subject. */
  endLease(subject: SubjectText): boolean {
    const leased = this.#leases.get(subject);
    if (leased === undefined) return false;
    if (leased.head === 0) this.#bySubject.delete(subject);
    else this.#bySubject.set(subject, 2 * leased.head);
    this.#leased[leased.number] = undefined;
    this.#freeNumbers.push(leased.number);
    return this.#leases.delete(subject);
  }

  /** The strongest denial of any of the request's subjects, or `undefined` to permit. */
  decide(access: Access, time: EdgeTime): Held | HeldLease | undefined {
    let strongest: Held | HeldLease | undefined;
    for (const subject of access.subjects) {
      const word = this.#bySubject.get(subject);
      if (word === 0) continue;
      for (const held of this.#heldUnder(word)) {
        if (isDenying(held, access, time) && isStronger(held, strongest)) strongest = held;
      }
      const lease = this.#leasedBy(word)?.lease;
      // A lease only where it is stronger: the mesh's verdict explains more.
      if (lease !== undefined && lease.untilMs > time.wallMs && isStronger(lease, strongest)) {
        strongest = lease;
      }
    }
    return strongest;
  }

  /**
   * The strongest revocation that would deny the request if dry runs were enforced: shown, never
   * enforced. Off the way of `decide`.
   */
  wouldDeny(access: Access, time: EdgeTime): Held | undefined {
    let strongest: Held | undefined;
    for (const subject of access.subjects) {
      for (const held of this.#heldUnder(this.#bySubject.get(subject))) {
        const isShown = held.isDryRun && isEffective(held, access, time);
        if (isShown && isStronger(held, strongest)) strongest = held;
      }
    }
    return strongest;
  }

  /** Drops what has expired. @returns what was held until now. */
  expire(time: EdgeTime): Held[] {
    const dropped: Held[] = [];
    const overMs = Math.max(time.machineMs, time.wallMs - LIMITS.expirySlackMs);
    // A clock comes four times a second; a walk over all is for when something may be over.
    const rows = this.#firstExpiryMs <= overMs ? this.#rows.expiring(overMs) : [];
    for (const row of rows) {
      const held = this.#heldIn(row);
      if (hasExpired(held, time)) dropped.push(held);
    }
    for (const held of dropped) this.#drop(held.id);
    if (this.#firstExpiryMs <= overMs) this.#firstExpiryMs = this.#rows.firstExpiryMs();
    for (const [subject, { lease }] of this.#leases) {
      if (lease.untilMs <= time.wallMs) this.endLease(subject);
    }
    for (const [id, untilMs] of this.#ended) {
      if (untilMs <= time.machineMs) this.#ended.delete(id);
    }
    return dropped.sort((a, b) => compareText(a.id, b.id));
  }

  #applies({ scope }: Revocation): boolean {
    if (scope === undefined) return true;
    const { hosts, labels } = scope;
    const here = this.#here.labels();
    const isHere = hosts.length === 0 || hosts.includes(this.#here.host);
    return isHere && labels.every((label) => here.includes(label));
  }

  #end(id: string, untilMs: number, subject: SubjectText): Held | undefined {
    const ended = `${id}/${subject}`;
    this.#ended.set(ended, Math.max(untilMs, this.#ended.get(ended) ?? 0));
    return this.find(id)?.subject === subject ? this.#drop(id) : undefined;
  }

  #drop(id: string): Held | undefined {
    const bytes = unhex(id) ?? NO_ID;
    const row = this.#trie.slotOf(bytes);
    if (row === undefined) return undefined;
    const held = this.#heldIn(row);
    if (held.isDryRun) this.#dryRuns--;
    this.#unchain(row, held.subject);
    this.#rows.clear(row);
    this.#trie.delete(bytes);
    return held;
  }

  #isOf(word: number, subject: SubjectText): boolean {
    const leased = this.#leasedBy(word);
    if (leased !== undefined) return leased.lease.subject === subject;
    return this.#rows.isOf(this.#headOf(word) - 1, subject);
  }

  #leasedBy(word: number): Leased | undefined {
    return (word & 1) === 0 ? undefined : this.#leased[(word >>> 1) - 1];
  }

  /** First row of what is held, and one; 0 for nothing. */
  #headOf(word: number): number {
    return this.#leasedBy(word)?.head ?? word >>> 1;
  }

  #heldIn(row: number): Held {
    const held = this.#rows.read(row, () => hex(this.#trie.idAt(row)));
    assert(held !== undefined, "a row of the trie is held");
    return held;
  }

  /** What is held against a subject, oldest first. */
  *#heldUnder(word: number): Iterable<Held> {
    for (let next = this.#headOf(word); next !== 0; next = this.#rows.nextOf(next - 1)) {
      yield this.#heldIn(next - 1);
    }
  }

  /** Puts a row behind what is held against its subject already. */
  #append(row: number, subject: SubjectText): void {
    const word = this.#bySubject.get(subject);
    let last = this.#headOf(word);
    if (last === 0) {
      this.#setHead(word, subject, row + 1);
      return;
    }
    while (this.#rows.nextOf(last - 1) !== 0) last = this.#rows.nextOf(last - 1);
    this.#rows.setNext(last - 1, row + 1);
  }

  #unchain(row: number, subject: SubjectText): void {
    const word = this.#bySubject.get(subject);
    const next = this.#rows.nextOf(row);
    let before = this.#headOf(word);
    if (before === row + 1) {
      this.#setHead(word, subject, next);
      return;
    }
    while (this.#rows.nextOf(before - 1) !== row + 1) before = this.#rows.nextOf(before - 1);
    this.#rows.setNext(before - 1, next);
  }

  #setHead(word: number, subject: SubjectText, head: number): void {
    const leased = this.#leasedBy(word);
    if (leased !== undefined) leased.head = head;
    else if (head === 0) this.#bySubject.delete(subject);
    else this.#bySubject.set(subject, 2 * head);
  }
}

const NO_ID = new Uint8Array(0);

/** Expiry at machine time, and never later than the own wall clock plus a minute (DESIGN.md 8). */
function hasExpired(held: Held, time: EdgeTime): boolean {
  return held.expiresMs <= time.machineMs || held.expiresMs + LIMITS.expirySlackMs <= time.wallMs;
}

function isDenying(held: Held, access: Access, time: EdgeTime): boolean {
  return !held.isDryRun && isEffective(held, access, time);
}

/**
 * Whether a revocation is to be enforced here by now, a dry run or not. A step waits for a head
 * past it: with the middle gone nobody is newly denied (I7), and nobody could halt it either.
 */
export function hasBegun({ widening }: Held, time: EdgeTime): boolean {
  return widening === undefined || widening.fromMs <= time.headMs;
}

function isEffective(held: Held, access: Access, time: EdgeTime): boolean {
  if (held.stage === Stage.OBSERVE || hasExpired(held, time) || !hasBegun(held, time)) return false;
  return isWithin(held.resources, access.resource) && isWithin(held.actions, access.action);
}

/** What a request does not say is taken as within every scope. */
function isWithin(scope: readonly string[], value: string | undefined): boolean {
  return scope.length === 0 || value === undefined || scope.includes(value);
}

function isStronger(
  candidate: { readonly stage: Stage },
  strongest: { readonly stage: Stage } | undefined,
): boolean {
  return strongest === undefined || candidate.stage > strongest.stage;
}
