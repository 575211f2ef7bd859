// The testbed's figures from its tallies: shares, medians, the gain of the mesh. Owns how they are
// worked out. A median is over attacks that were caught, -1 where none was.

import type { Figures } from "../eval-set.ts";
import { ATTACK_KINDS, type AttackKind } from "./attack.ts";
import { type AttackCourse, ownEvents, type TestbedTally } from "./tally.ts";

const MINUTE_MS = 60_000;
const PER = 10_000;
/** None of them was caught. */
export const NONE = -1;

export interface AttackFigures {
  /** Cut off for some minutes by a host of its own accord. */
  readonly leased: number;
  readonly minutesToLease: number;
  readonly signalled: number;
  readonly quorum: number;
  readonly minutesToSignal: number;
  readonly eventsToSignal: number;
  readonly minutesToQuorum: number;
  readonly eventsToQuorum: number;
}

export interface TestbedFigures {
  readonly attacks: Readonly<Record<AttackKind, AttackFigures>>;
  readonly subjectDays: number;
  readonly honestLeasedPer10000: number;
  readonly honestSignalledPer10000: number;
  readonly honestRevokedPer10000: number;
  readonly budget: number;
  /** Attack events after the quorum for each one that the best host would have cut off alone. */
  readonly meshGain: number;
}

/** @param budget signals that honest subjects may cost per 10,000 subject-days. */
export function figuresOf(tallies: readonly TestbedTally[], budget: number): TestbedFigures {
  const courses = tallies.flatMap((tally) => tally.courses);
  const attacks = ATTACK_KINDS.map((kind) => {
    const own = courses.filter(({ attack }) => attack.kind === kind);
    return [kind, attackFigures(own)] as const;
  });
  const subjectDays = sum(tallies.map((tally) => tally.subjectDays));
  const per = (of: (tally: TestbedTally) => number) =>
    rounded((sum(tallies.map(of)) * PER) / subjectDays);
  return {
    attacks: Object.fromEntries(attacks) as Record<AttackKind, AttackFigures>,
    subjectDays,
    honestLeasedPer10000: per((tally) => tally.leased.size),
    honestSignalledPer10000: per((tally) => tally.signalled.size),
    honestRevokedPer10000: per((tally) => tally.revoked.size),
    budget,
    meshGain: rounded(meshGainOf(courses)),
  };
}

export function asFigures({ subjectDays: _, ...figures }: TestbedFigures): Figures {
  return figures as unknown as Figures;
}

function attackFigures(courses: readonly AttackCourse[]): AttackFigures {
  const leases = courses.filter(({ leasedMs }) => leasedMs !== undefined);
  const signals = courses.filter(({ signalledMs }) => signalledMs !== undefined);
  const quorums = courses.filter(({ quorumMs }) => quorumMs !== undefined);
  const signalled = (c: AttackCourse) => c.signalledMs as number;
  const revoked = (c: AttackCourse) => c.quorumMs as number;
  return {
    leased: share(leases, courses),
    minutesToLease: median(leases.map((c) => minutesUntil(c, c.leasedMs as number))),
    signalled: share(signals, courses),
    quorum: share(quorums, courses),
    minutesToSignal: median(signals.map((c) => minutesUntil(c, signalled(c)))),
    eventsToSignal: median(signals.map((c) => eventsUntil(c, signalled(c)))),
    minutesToQuorum: median(quorums.map((c) => minutesUntil(c, revoked(c)))),
    eventsToQuorum: median(quorums.map((c) => eventsUntil(c, revoked(c)))),
  };
}

function minutesUntil({ attack }: AttackCourse, timeMs: number): number {
  const first = ownEvents(attack.events)[0];
  return rounded((timeMs - (first?.event.timeMs ?? timeMs)) / MINUTE_MS);
}

function eventsUntil({ attack }: AttackCourse, timeMs: number): number {
  return ownEvents(attack.events).filter(({ event }) => event.timeMs <= timeMs).length;
}

/**
 * Attack events that the mesh would have cut off everywhere once a quorum was there, for each one
 * that the best single host would have cut off at itself once it had signalled. 0 where no host
 * ever signals.
 */
function meshGainOf(courses: readonly AttackCourse[]): number {
  let byMesh = 0;
  let byHost = 0;
  for (const { attack, quorumMs, hostMs } of courses) {
    const own = ownEvents(attack.events);
    if (quorumMs !== undefined) byMesh += own.filter((e) => e.event.timeMs > quorumMs).length;
    const cutOff = [...hostMs].map(
      ([host, ms]) => own.filter((e) => e.host === host && e.event.timeMs > ms).length,
    );
    byHost += Math.max(0, ...cutOff);
  }
  return byHost === 0 ? 0 : byMesh / byHost;
}

function share(some: readonly unknown[], all: readonly unknown[]): number {
  return all.length === 0 ? 0 : rounded(some.length / all.length);
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return NONE;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]] as [number, number];
  return rounded((low + high) / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
