// One attack on the company: its events, and the subjects that it acts as or takes over. Owns the
// label, which nothing but the tally may read.

import type { SubjectText } from "@ostraka/proto";
import type { Random } from "../../sim/random.ts";
import { type Company, type Person, type Place, place } from "./company.ts";
import type { HostEvent } from "./host-event.ts";

export const ATTACK_KINDS = [
  "passwordSpraying",
  "stolenSession",
  "tokenReplay",
  "slowInsider",
  "serviceAbuse",
  "privilegeCreep",
  "lateralMovement",
  "lowAndSlow",
] as const;

export type AttackKind = (typeof ATTACK_KINDS)[number];

export interface Attack {
  readonly kind: AttackKind;
  readonly number: number;
  /** A signal about any of these, from the first event on, has seen the attack. */
  readonly subjects: ReadonlySet<SubjectText>;
  /** By time. */
  readonly events: readonly HostEvent[];
}

/** Where and when an attack takes place. */
export interface Scene {
  readonly company: Company;
  readonly number: number;
  /** A working day. */
  readonly day: number;
  readonly random: Random;
}

/** An address that the company has never seen. */
export function strangePlace({ number, random }: Scene): Place {
  const address = `45.${60 + (number >> 8)}.${number & 255}.${random.int(1, 254)}`;
  return place(
    address,
    random.pick([
      ["RO", 44.4, 26.1],
      ["VN", 21, 105.8],
    ] as const),
    random,
  );
}

/** Somebody who has been there for a while, not away, and no other attack's: by number. */
export function victimOf({ company, number, day, random }: Scene): Person {
  const { people } = company;
  for (let n = 0; n < people.length; n++) {
    const person = people[(number * 7 + random.int(0, 6) + n * 31) % people.length] as Person;
    const { joinsOnDay, holidayOnDay, travelsOnDay } = person;
    const isAway = [
      [holidayOnDay, 14],
      [travelsOnDay, 7],
    ].some(([from = -1, days = 0]) => from >= 0 && day + 14 >= from && day < from + days);
    if (joinsOnDay === 0 && !isAway) return person;
  }
  return people[0] as Person;
}

export function attackOf(
  kind: AttackKind,
  number: number,
  subjects: readonly SubjectText[],
  events: readonly HostEvent[],
): Attack {
  const sorted = [...events].sort((a, b) => a.event.timeMs - b.event.timeMs);
  return { kind, number, subjects: new Set(subjects), events: sorted };
}
