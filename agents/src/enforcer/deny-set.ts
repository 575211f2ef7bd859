// The enforcer agent's memory: verified revocations merged by union, lifts that are final, local
// leases; and the answer to one access request. Synchronous, all in memory, the same end in
// whatever order verdicts came (I5).

import {
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
import { endedUntilMs, type WideningStep } from "../kernel/index.ts";
import { DenyIndex } from "./deny-index.ts";
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

/** A revocation that this host holds. */
export interface Held {
  /** Hex. */
  readonly id: string;
  readonly subject: SubjectText;
  readonly stage: Stage;
  readonly expiresMs: number;
  readonly rule: string;
  readonly hostCount: number;
  readonly ledger: LedgerId;
  readonly index: number;
  readonly isDryRun: boolean;
  /** Steps of a staged widening, and how it concerns this host; absent where it does not widen. */
  readonly widening?: HeldWidening;
  readonly resources: readonly string[];
  readonly actions: readonly string[];
}

/** A revocation that widens by steps, as one host sees it. */
export interface HeldWidening {
  /** This host's share, of a thousand. */
  readonly share: number;
  /** Machine time of its entry, which the steps count from. */
  readonly enteredMs: number;
  readonly steps: readonly WideningStep[];
  /** Machine time of a head from which on this host enforces it; infinity for never. */
  readonly fromMs: number;
}

/** A short denial on this host on its own evidence. */
export interface HeldLease {
  readonly id: string;
  readonly subject: SubjectText;
  readonly stage: Stage;
  readonly untilMs: number;
}

/** Time as the edge judges expiry: machine time carried on, and the own wall clock. */
export interface EdgeTime {
  readonly machineMs: number;
  /** Machine time of the newest sealed head, carried on by nothing. */
  readonly headMs: number;
  readonly wallMs: number;
}

/** Everything that this host holds against a subject. */
interface Denials {
  readonly subject: SubjectText;
  helds: readonly Held[];
  lease: HeldLease | undefined;
}

export class DenySet {
  readonly #here: Here;
  readonly #trie: DigestTrie;
  readonly #bySubject: DenyIndex<Denials>;
  readonly #byId = new Map<string, Held>();
  /**
   * Ended early by a lift or superseded, by id and subject, with the time until which that must be
   * remembered.
   */
  readonly #ended = new Map<string, number>();
  readonly #leases = new Map<SubjectText, HeldLease>();
  #dryRuns = 0;

  /**
   * @param secret random bytes of this process: who knows them and chooses subjects could slow
   * look-ups down, never change an answer.
   */
  constructor(crypto: Pick<Crypto, "sha256">, here: Here, secret: Uint8Array = utf8(here.host)) {
    this.#here = here;
    this.#trie = new DigestTrie(crypto);
    this.#bySubject = new DenyIndex(keyedHash(crypto.sha256(secret)));
  }

  get size(): number {
    return this.#byId.size;
  }

  /** How many of what is held are dry runs. */
  get dryRuns(): number {
    return this.#dryRuns;
  }

  digest(): Bytes {
    return this.#trie.digest();
  }

  all(): Iterable<Held> {
    return [...this.#byId.values()];
  }

  leases(): Iterable<HeldLease> {
    return this.#leases.values();
  }

  find(id: string): Held | undefined {
    return this.#byId.get(id);
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
    if (isEnded || this.#byId.has(id) || !this.#applies(revocation)) return undefined;
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
    this.#byId.set(id, held);
    if (held.isDryRun) this.#dryRuns++;
    const denials = this.#denialsOf(subject);
    denials.helds = [...denials.helds, held];
    this.#trie.add(revocation.id);
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
    const held = this.#byId.get(id);
    if (held?.widening === undefined) return undefined;
    if (held.widening.share < permille) return held;
    const widening = { ...held.widening, fromMs: Number.POSITIVE_INFINITY };
    const halted = { ...held, widening };
    this.#byId.set(id, halted);
    const denials = this.#denialsOf(held.subject);
    denials.helds = denials.helds.map((other) => (other === held ? halted : other));
    return held;
  }

  lease(lease: HeldLease): void {
    this.#leases.set(lease.subject, lease);
    this.#denialsOf(lease.subject).lease = lease;
  }

  /** Ends a lease early: a pardon or a lift of its subject. */
  endLease(subject: SubjectText): boolean {
    const denials = this.#bySubject.get(subject);
    if (denials !== undefined) {
      denials.lease = undefined;
      this.#forgetEmpty(denials);
    }
    return this.#leases.delete(subject);
  }

  /** The strongest denial of any of the request's subjects, or `undefined` to permit. */
  decide(access: Access, time: EdgeTime): Held | HeldLease | undefined {
    let strongest: Held | HeldLease | undefined;
    for (const subject of access.subjects) {
      const denials = this.#bySubject.get(subject);
      if (denials === undefined) continue;
      const { helds, lease } = denials;
      for (const held of helds) {
        if (isDenying(held, access, time) && isStronger(held, strongest)) strongest = held;
      }
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
      for (const held of this.#bySubject.get(subject)?.helds ?? NOTHING_HELD) {
        const isShown = held.isDryRun && isEffective(held, access, time);
        if (isShown && isStronger(held, strongest)) strongest = held;
      }
    }
    return strongest;
  }

  /** Drops what has expired. @returns what was held until now. */
  expire(time: EdgeTime): Held[] {
    const dropped: Held[] = [];
    for (const held of this.#byId.values()) {
      if (hasExpired(held, time)) dropped.push(held);
    }
    for (const held of dropped) this.#drop(held.id);
    for (const [subject, lease] of this.#leases) {
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
    return this.#byId.get(id)?.subject === subject ? this.#drop(id) : undefined;
  }

  #drop(id: string): Held | undefined {
    const held = this.#byId.get(id);
    if (held === undefined) return undefined;
    if (held.isDryRun) this.#dryRuns--;
    this.#byId.delete(id);
    this.#trie.delete(unhex(id) ?? NO_ID);
    const denials = this.#bySubject.get(held.subject);
    if (denials !== undefined) {
      denials.helds = denials.helds.filter((other) => other !== held);
      this.#forgetEmpty(denials);
    }
    return held;
  }

  #denialsOf(subject: SubjectText): Denials {
    const known = this.#bySubject.get(subject);
    if (known !== undefined) return known;
    const denials: Denials = { subject, helds: [], lease: undefined };
    this.#bySubject.set(denials);
    return denials;
  }

  #forgetEmpty({ subject, helds, lease }: Denials): void {
    if (helds.length === 0 && lease === undefined) this.#bySubject.delete(subject);
  }
}

const NO_ID = new Uint8Array(0);
const NOTHING_HELD: readonly Held[] = [];
/** A scope that names nothing. */
const EVERYTHING: readonly string[] = [];

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
