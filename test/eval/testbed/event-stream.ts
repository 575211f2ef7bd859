// The testbed as one stream in event time: honest days with attacks laid over them, a day in memory
// at a time. Owns the order of events and the calendar of attacks. One seed, one stream.

import { Random } from "../../sim/random.ts";
import { ATTACK_KINDS, type Attack, type AttackKind, type Scene } from "./attack.ts";
import { lateralMovement, privilegeCreep, serviceAbuse, slowInsider } from "./attacks-inside.ts";
import { lowAndSlow, passwordSpraying, stolenSession, tokenReplay } from "./attacks-outside.ts";
import { type Company, openCompany } from "./company.ts";
import { dayStartMs, honestDay, isWeekend } from "./honest-day.ts";
import type { HostEvent } from "./host-event.ts";

const PLANS: Readonly<Record<AttackKind, (scene: Scene) => Attack>> = {
  passwordSpraying,
  stolenSession,
  tokenReplay,
  slowInsider,
  serviceAbuse,
  privilegeCreep,
  lateralMovement,
  lowAndSlow,
};

/** The longest attack runs over so many days. */
const ATTACK_DAYS = 17;

export interface TestbedShape {
  readonly seed: number;
  readonly people: number;
  /** Days of honest work before the first attack. */
  readonly quietDays: number;
  /** Attacks of each kind; they begin on working days of the three weeks that follow. */
  readonly each: number;
}

export interface Testbed {
  readonly company: Company;
  readonly attacks: readonly Attack[];
  readonly days: number;
  events(): Iterable<HostEvent>;
}

export function openTestbed({ seed, people, quietDays, each }: TestbedShape): Testbed {
  const random = new Random(seed);
  const span = 7 * Math.max(1, Math.min(3, each));
  const days = quietDays + span + ATTACK_DAYS;
  const company = openCompany(people, days, random.split("company"));
  const attacks = Array.from({ length: each * ATTACK_KINDS.length }, (_, number) => {
    const kind = ATTACK_KINDS[number % ATTACK_KINDS.length] as AttackKind;
    let day = quietDays + Math.floor((number * span) / (each * ATTACK_KINDS.length));
    while (isWeekend(day)) day++;
    return PLANS[kind]({ company, number, day, random: random.split(`attack ${number}`) });
  });
  const honest = random.split("honest");
  const seedOfDays = honest.uint32();
  return { company, attacks, days, events: () => merged(company, attacks, days, seedOfDays) };
}

function* merged(
  company: Company,
  attacks: readonly Attack[],
  days: number,
  seed: number,
): Iterable<HostEvent> {
  const random = new Random(seed);
  let waiting: HostEvent[] = attacks.flatMap(({ events }) => events);
  for (let day = 0; day < days; day++) {
    const endMs = day === days - 1 ? Number.POSITIVE_INFINITY : dayStartMs(day + 1);
    const all = [...waiting, ...honestDay(company, day, random.split(`day ${day}`))];
    // A stable sort: equal times stay in the order in which they were made.
    const due = all.filter(({ event }) => event.timeMs < endMs);
    waiting = all.filter(({ event }) => event.timeMs >= endMs);
    yield* due.sort((a, b) => a.event.timeMs - b.event.timeMs);
  }
}
