// What a company does in one day: people log in, slip, work and leave; service accounts run; there
// are weekends, holidays, shifts, deploy days, travel and newcomers. Owns honest events only, all
// inside the declared class: who mistypes fails again one time in four.

import type { SubjectText } from "@ostraka/proto";
import type { Random } from "../../sim/random.ts";
import { DAY_MS, START_DAY } from "../promise/source-life.ts";
import {
  type Company,
  HOSTS,
  type Person,
  type Place,
  type ServiceAccount,
  type Shift,
  subject,
} from "./company.ts";
import { type Actor, EventSink, type HostEvent } from "./host-event.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const RETRY_FAILS = 0.25;
const DEPLOY_EVERY_DAYS = 14;
/** The whole company is closed. */
const CLOSED_DAYS: ReadonlySet<number> = new Set([17, 18]);
const STARTS: Readonly<Record<Shift, number>> = { early: 8, late: 13, night: 21 };
const ODD_RESOURCE = 0.03;
const ODD_HOST = 0.04;

/** First millisecond of a day of the testbed; day 0 is a Monday. */
export function dayStartMs(day: number): number {
  return (START_DAY + day) * DAY_MS;
}

/** All events of a day, in no order; some night work ends after midnight. */
export function honestDay(company: Company, day: number, random: Random): HostEvent[] {
  const sink = new EventSink(`d${day}`);
  const isDeploy = isDeployDay(day);
  for (const person of company.people) {
    if (works(person, day, random)) personDay(company, person, day, isDeploy, sink, random);
  }
  for (const service of company.services) serviceDay(service, day, isDeploy, sink, random);
  return sink.events;
}

export function isWeekend(day: number): boolean {
  return day % 7 >= 5;
}

function isDeployDay(day: number): boolean {
  return day % DEPLOY_EVERY_DAYS === 1;
}

function works(person: Person, day: number, random: Random): boolean {
  if (day < person.joinsOnDay) return false;
  const { holidayOnDay } = person;
  if (holidayOnDay >= 0 && day >= holidayOnDay && day < holidayOnDay + 14) return false;
  if (isWeekend(day) || CLOSED_DAYS.has(day)) return random.chance(person.team.isOps ? 0.2 : 0.02);
  return random.chance(0.93);
}

/** Where somebody works from on a day. */
function placeOf(company: Company, person: Person, day: number, random: Random): Place {
  const { travelsOnDay } = person;
  if (travelsOnDay >= 0 && day >= travelsOnDay && day < travelsOnDay + 7) {
    return company.abroad[travelsOnDay % company.abroad.length] as Place;
  }
  const draw = random.float();
  if (draw < 0.55) return person.office;
  return draw < 0.8 ? person.home : random.pick(company.vpn);
}

/** As whom a person acts from a place. */
export function actorOf(person: Person, place: Place): Actor {
  const { account, userAgent, device } = person;
  return { account, place, userAgent, device, isDeviceManaged: true };
}

function personDay(
  company: Company,
  person: Person,
  day: number,
  isDeploy: boolean,
  sink: EventSink,
  random: Random,
): void {
  const by = actorOf(person, placeOf(company, person, day, random));
  const { team } = person;
  const startMs = dayStartMs(day) + (STARTS[team.shift] + 2 * random.float()) * HOUR_MS;
  const sessions = random.int(1, 4) + (isDeploy && team.isOps ? 6 : 0);
  const isNew = day - person.joinsOnDay < 10 && person.joinsOnDay > 0;
  for (let n = 0; n < sessions; n++) {
    const isOdd = random.chance(isNew ? 0.3 : ODD_HOST) || (isDeploy && team.isOps);
    const host = isOdd ? random.int(0, HOSTS - 1) : pickOften(team.hosts, random);
    const fromMs = startMs + (n + random.float()) * (8 / sessions) * HOUR_MS;
    const session = sessionOf(person.account, day, n);
    const inMs = logIn(host, fromMs, by, person, session, sink, random);
    work(host, inMs, by, person, session, sink, random);
  }
}

export function sessionOf(account: SubjectText, day: number, n: number): SubjectText {
  return subject(`session:${account.slice(account.indexOf(":") + 1)}-${day}-${n}`);
}

/** @returns when it was in. */
function logIn(
  host: number,
  fromMs: number,
  by: Actor,
  person: Person,
  session: SubjectText,
  sink: EventSink,
  random: Random,
): number {
  const method = person.usesKey ? "publickey" : "password";
  let timeMs = fromMs;
  if (!person.usesKey && random.chance(person.slips)) {
    do {
      sink.login(host, timeMs, by, false);
      timeMs += random.int(4, 40) * 1_000;
    } while (random.chance(RETRY_FAILS));
  }
  sink.login(host, timeMs, by, true, { method, session });
  return timeMs;
}

function work(
  host: number,
  inMs: number,
  by: Actor,
  { team }: Person,
  session: SubjectText,
  sink: EventSink,
  random: Random,
): void {
  let timeMs = inMs;
  const pieces = random.int(1, 4);
  for (let piece = 0; piece < pieces; piece++) {
    const target = random.chance(ODD_RESOURCE)
      ? `shared/r${random.int(0, 200)}`
      : pickOften(team.resources, random);
    for (const action of team.actions) {
      if (random.chance(0.25)) continue;
      timeMs += random.int(5, 300) * 1_000;
      const sizeBytes = Math.round(10 ** (2.5 + 2 * random.float()));
      const durationMs = random.int(5, 900);
      const fields = { session, action, target, sizeBytes, durationMs };
      sink.add(host, timeMs, "activity", by, fields);
    }
  }
  if (!team.isOps || !random.chance(0.4)) return;
  const program = random.pick(["/usr/bin/systemctl", "/usr/bin/journalctl", "/usr/bin/apt-get"]);
  sink.sudo(host, timeMs + MINUTE_MS, by, program, { session });
}

function serviceDay(
  service: ServiceAccount,
  day: number,
  isDeploy: boolean,
  sink: EventSink,
  random: Random,
): void {
  const { account, place, userAgent } = service;
  const by: Actor = { account, place, userAgent };
  const isRollout = isDeploy && service.isDeployer;
  const everyMs = isRollout ? 15 * MINUTE_MS : service.everyMs;
  const endMs = dayStartMs(day + 1);
  for (let timeMs = dayStartMs(day) + random.float() * everyMs; timeMs < endMs; timeMs += everyMs) {
    const host = isRollout ? random.int(0, HOSTS - 1) : random.pick(service.hosts);
    if (random.chance(0.003)) sink.login(host, timeMs - 2_000, by, false, { method: "token" });
    sink.login(host, timeMs, by, true, { method: "token" });
    for (const [n, action] of service.actions.entries()) {
      const target = random.pick(service.resources);
      const sizeBytes = Math.round(10 ** (4 + 0.5 * random.float()));
      const fields = { action, target, sizeBytes, durationMs: random.int(50, 90) };
      sink.add(host, timeMs + (n + 1) * 3_000, "activity", by, fields);
    }
  }
}

/** The first far more often than the last. */
function pickOften<T>(items: readonly T[], random: Random): T {
  const at = Math.floor(items.length * random.float() ** 2);
  return items[Math.min(at, items.length - 1)] as T;
}
