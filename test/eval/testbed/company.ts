// A company on fifty hosts, made from a seed: who works there, from where, on which hosts, with
// what. Owns what does not change from day to day; what people do is `honest-day.ts`. Nothing here
// knows of an attack.

import { parseSubject, type SubjectText } from "@ostraka/proto";
import type { Random } from "../../sim/random.ts";

export const HOSTS = 50;
/** Racks of the hosts: their fault domains. */
export const DOMAINS = 10;

export interface Place {
  readonly address: SubjectText;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
}

export type Shift = "early" | "late" | "night";

export interface Team {
  readonly name: string;
  readonly shift: Shift;
  /** Most used first. */
  readonly hosts: readonly number[];
  readonly resources: readonly string[];
  /** In the order in which a piece of work goes through them. */
  readonly actions: readonly string[];
  /** Its people act as root now and then. */
  readonly isOps: boolean;
}

export interface Person {
  readonly account: SubjectText;
  readonly team: Team;
  readonly office: Place;
  readonly home: Place;
  readonly userAgent: string;
  readonly device: string;
  /** Of first attempts with a password, how many are mistyped. */
  readonly slips: number;
  readonly usesKey: boolean;
  readonly joinsOnDay: number;
  /** First day of a week away, or -1. */
  readonly travelsOnDay: number;
  /** First day of two weeks off, or -1. */
  readonly holidayOnDay: number;
}

export interface ServiceAccount {
  readonly account: SubjectText;
  readonly place: Place;
  readonly hosts: readonly number[];
  readonly everyMs: number;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly userAgent: string;
  /** Touches every host on deploy days. */
  readonly isDeployer: boolean;
}

export interface Company {
  readonly teams: readonly Team[];
  readonly people: readonly Person[];
  readonly services: readonly ServiceAccount[];
  /** Gateways that anyone may come through. */
  readonly vpn: readonly Place[];
  /** Where those who travel come from. */
  readonly abroad: readonly Place[];
}

const CITIES = [
  ["DE", 52.5, 13.4],
  ["FR", 48.9, 2.35],
  ["US", 40.7, -74],
] as const;
const ABROAD = [
  ["JP", 35.7, 139.7],
  ["BR", -23.5, -46.6],
  ["ES", 40.4, -3.7],
] as const;
const AGENTS = ["OpenSSH_9.6", "OpenSSH_8.9", "Firefox/128", "Chrome/126", "Safari/17"];
const WORK: readonly (readonly string[])[] = [
  ["pull", "build", "test", "push", "review"],
  ["query", "open-report", "save-report", "share-report"],
  ["list-orders", "read-order", "change-order", "write-note"],
  ["read-logs", "restart", "change-config", "read-metrics"],
  ["read-ticket", "read-customer", "write-reply", "close-ticket"],
];
const SHIFTS: readonly Shift[] = ["early", "early", "early", "late", "night"];
const TEAMS = 12;

/** @param size people; services are a tenth of them, at least ten. */
export function openCompany(size: number, days: number, random: Random): Company {
  const teams = Array.from({ length: TEAMS }, (_, i) => openTeam(i, random));
  const offices = CITIES.map((city, i) => place(`198.51.100.${i + 1}`, city, random));
  const vpn = [1, 2].map((i) => place(`192.0.2.${i}`, CITIES[0], random));
  const abroad = ABROAD.map((city, i) => place(`203.0.113.${i + 1}`, city, random));
  const people = Array.from({ length: size }, (_, i) =>
    openPerson(i, days, teams, offices, random),
  );
  const services = Array.from({ length: Math.max(10, Math.floor(size / 10)) }, (_, i) =>
    openService(i, random),
  );
  return { teams, people, services, vpn, abroad };
}

function openTeam(i: number, random: Random): Team {
  const name = `team-${i}`;
  return {
    name,
    shift: SHIFTS[i % SHIFTS.length] as Shift,
    hosts: someHosts(random.int(4, 9), random),
    resources: Array.from({ length: 30 }, (_, n) => `${name}/r${n}`),
    actions: WORK[i % WORK.length] as readonly string[],
    isOps: i % WORK.length === 3,
  };
}

function openPerson(
  i: number,
  days: number,
  teams: readonly Team[],
  offices: readonly Place[],
  random: Random,
): Person {
  const city = i % CITIES.length;
  const home = `10.${20 + city}.${i >> 8}.${i & 255}`;
  return {
    account: subject(`user:acme/p${i}`),
    team: teams[i % teams.length] as Team,
    office: offices[city] as Place,
    home: place(home, CITIES[city] as City, random),
    userAgent: random.pick(AGENTS),
    device: `laptop-${i}`,
    slips: 0.01 + 0.09 * random.float(),
    usesKey: random.chance(0.6),
    joinsOnDay: random.chance(0.08) ? random.int(1, Math.max(1, days - 1)) : 0,
    travelsOnDay: random.chance(0.15) ? random.int(0, days) : -1,
    holidayOnDay: random.chance(0.3) ? random.int(0, days) : -1,
  };
}

function openService(i: number, random: Random): ServiceAccount {
  return {
    account: subject(`service:s${i}`),
    place: place(`10.9.0.${i + 1}`, CITIES[0], random),
    hosts: someHosts(random.int(2, 6), random),
    everyMs: random.int(10, 60) * 60_000,
    actions: ["fetch", "transform", "store", "report"].slice(0, random.int(2, 4)),
    resources: Array.from({ length: 6 }, (_, n) => `feed-${i}/t${n}`),
    userAgent: `robot/${i}.1`,
    isDeployer: i === 0,
  };
}

/** Distinct hosts. */
export function someHosts(count: number, random: Random): number[] {
  const hosts = new Set<number>();
  while (hosts.size < count) hosts.add(random.int(0, HOSTS - 1));
  return [...hosts];
}

type City = readonly [country: string, latitude: number, longitude: number];

export function place(address: string, [country, latitude, longitude]: City, random: Random) {
  const near = () => Math.round((random.float() - 0.5) * 100) / 100;
  return {
    address: subject(`address:${address}`),
    country,
    latitude: latitude + near(),
    longitude: longitude + near(),
  };
}

export function subject(text: string): SubjectText {
  const parsed = parseSubject(text);
  if (parsed === undefined) throw new Error(`${text} is no subject`);
  return parsed;
}
