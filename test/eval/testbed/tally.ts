// What came of it: which attacks were signalled and revoked, after how long, and which honest
// subjects with them. Owns the only use of a label. Must never be asked before the scorer has
// spoken.

import type { Lease, Signal } from "@ostraka/agents/scorer";
import type { SubjectText } from "@ostraka/proto";
import type { Attack } from "./attack.ts";
import type { HostEvent } from "./host-event.ts";
import type { QuorumWord } from "./quorum-stand.ts";

const DAY_MS = 86_400_000;
/** A signal so long after the last event of an attack is none about it. */
const AFTERMATH_MS = 3_600_000;

/** How one attack went. Times are of events; `undefined` where it did not come to that. */
export interface AttackCourse {
  readonly attack: Attack;
  leasedMs?: number;
  signalledMs?: number;
  quorumMs?: number;
  /** First signal of each host about it. */
  readonly hostMs: Map<number, number>;
}

export class TestbedTally {
  readonly courses: readonly AttackCourse[];
  /** (host, subject, day) of honest events: what the budget is counted over. */
  subjectDays = 0;
  /** Honest subjects that any host ever denied for some minutes by itself. */
  readonly leased = new Set<SubjectText>();
  /** Honest subjects that any host ever signalled, that a quorum revoked, or left to people. */
  readonly signalled = new Set<SubjectText>();
  readonly revoked = new Set<SubjectText>();
  readonly leftToPeople = new Set<SubjectText>();
  events = 0;
  #day = -1;
  readonly #today = new Set<string>();

  constructor(attacks: readonly Attack[]) {
    this.courses = attacks.map((attack) => ({ attack, hostMs: new Map() }));
  }

  see({ host, event, attack }: HostEvent): void {
    this.events++;
    if (attack !== undefined) return;
    const day = Math.floor(event.timeMs / DAY_MS);
    if (day !== this.#day) {
      this.#day = day;
      this.subjectDays += this.#today.size;
      this.#today.clear();
    }
    this.#today.add(`${host} ${event.address}`);
    // A failure is not about the account that it names.
    if (event.kind === "login-failed") return;
    this.#today.add(`${host} ${event.account}`);
    if (event.session !== undefined) this.#today.add(`${host} ${event.session}`);
  }

  end(): void {
    this.subjectDays += this.#today.size;
    this.#today.clear();
  }

  onLease({ subject, fromMs }: Lease): void {
    const courses = this.#about(subject, fromMs);
    for (const course of courses) course.leasedMs ??= fromMs;
    if (courses.length === 0) this.leased.add(subject);
  }

  onSignal(host: number, { subject, timeMs }: Signal, word: QuorumWord): void {
    const courses = this.#about(subject, timeMs);
    for (const course of courses) {
      course.signalledMs ??= timeMs;
      if (word === "revoked") course.quorumMs ??= timeMs;
      if (!course.hostMs.has(host)) course.hostMs.set(host, timeMs);
    }
    if (courses.length > 0) return;
    this.signalled.add(subject);
    if (word === "revoked") this.revoked.add(subject);
    if (word === "for-people") this.leftToPeople.add(subject);
  }

  #about(subject: SubjectText, timeMs: number): AttackCourse[] {
    return this.courses.filter(({ attack }) => isAbout(attack, subject, timeMs));
  }
}

function isAbout({ subjects, events }: Attack, subject: SubjectText, timeMs: number): boolean {
  if (!subjects.has(subject)) return false;
  const own = ownEvents(events);
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) return false;
  return timeMs >= first.event.timeMs && timeMs <= last.event.timeMs + AFTERMATH_MS;
}

/** Without what honest people do in the course of it. */
export function ownEvents(events: readonly HostEvent[]): readonly HostEvent[] {
  return events.filter(({ attack }) => attack !== undefined);
}
