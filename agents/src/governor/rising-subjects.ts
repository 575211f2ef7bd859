// Subjects that rise together: over a line at two hosts or more within one time (DESIGN.md 6.5).
// Two hosts, so that no single one can stop the machines by naming many. Keeps no more of them than
// it takes to say so, and of each no more than a key.

import { LIMITS } from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  type GovernorPolicy,
  loadAll,
  loadNumber,
  saveAll,
  saveNumber,
} from "../kernel/index.ts";

type RisingTogether = NonNullable<GovernorPolicy["risingTogether"]>;

interface Seen {
  readonly host: string;
  readonly atMs: number;
}

export class RisingSubjects {
  /** Seen over a line at one host so far, oldest first. */
  readonly #once = new Map<string, Seen>();
  /** Seen so at two hosts or more, with the time of the second, oldest first. */
  readonly #rising = new Map<string, number>();

  /** A host's signal about a subject was counted at this machine time. */
  see(rule: RisingTogether, subject: string, host: string, nowMs: number): void {
    this.expire(rule, nowMs);
    // Not renewed: one host alone must not keep them up either.
    if (this.#rising.has(subject)) return;
    const first = this.#once.get(subject);
    if (first === undefined || first.host === host) {
      this.#once.delete(subject);
      this.#once.set(subject, { host, atMs: nowMs });
      if (this.#once.size > LIMITS.risingSubjectsMax) this.#once.delete(firstKey(this.#once));
      return;
    }
    this.#once.delete(subject);
    this.#rising.set(subject, nowMs);
    // More than the rule asks for says nothing more.
    if (this.#rising.size > rule.subjects) this.#rising.delete(firstKey(this.#rising));
  }

  /** Whether as many have risen within the rule's time as make machines wait for people. */
  isTogether(rule: RisingTogether, nowMs: number): boolean {
    this.expire(rule, nowMs);
    return this.#rising.size >= rule.subjects;
  }

  expire({ withinMs }: RisingTogether, nowMs: number): void {
    for (const [subject, { atMs }] of this.#once) {
      if (atMs + withinMs >= nowMs) break;
      this.#once.delete(subject);
    }
    for (const [subject, atMs] of this.#rising) {
      if (atMs + withinMs >= nowMs) break;
      this.#rising.delete(subject);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#once, (_, [subject, { host, atMs }]) => {
      w.string(subject).string(host);
      saveNumber(w, atMs);
    });
    saveAll(w, this.#rising, (_, [subject, atMs]) => {
      w.string(subject);
      saveNumber(w, atMs);
    });
  }

  load(r: BinaryReader): void {
    const once = loadAll(r, () => [r.string(), { host: r.string(), atMs: loadNumber(r) }] as const);
    for (const [subject, seen] of once) this.#once.set(subject, seen);
    for (const [subject, atMs] of loadAll(r, () => [r.string(), loadNumber(r)] as const)) {
      this.#rising.set(subject, atMs);
    }
  }
}

function firstKey<K>(map: ReadonlyMap<K, unknown>): K {
  return map.keys().next().value as K;
}
