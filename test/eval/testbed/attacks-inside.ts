// Attacks from inside: people and service accounts that turn, or are taken over, at their own
// place and under their own name. Nothing that they do is refused for being theirs.

import { type Attack, attackOf, type Scene, victimOf } from "./attack.ts";
import { serviceOf } from "./attacks-outside.ts";
import { HOSTS, someHosts } from "./company.ts";
import { actorOf, dayStartMs, isWeekend, sessionOf } from "./honest-day.ts";
import { type Actor, EventSink } from "./host-event.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Twelve working days on which somebody reads a little more of others' work each time. */
export function slowInsider(scene: Scene): Attack {
  const { number, day, random } = scene;
  const person = victimOf(scene);
  const by = actorOf(person, person.office);
  const sink = new EventSink(`a${number}`, number);
  const host = person.team.hosts[0] as number;
  for (let d = 0, worked = 0; worked < 12; d++) {
    if (isWeekend(day + d)) continue;
    worked++;
    const session = sessionOf(person.account, day + d, 9);
    let timeMs = dayStartMs(day + d) + random.int(16, 18) * HOUR_MS;
    sink.login(host, timeMs, by, true, { method: "publickey", session });
    for (let n = 0; n < 6 + 2 * worked; n++) {
      timeMs += random.int(30, 240) * 1_000;
      const target = `archive/c${worked * 40 + n}`;
      const sizeBytes = 50_000 * (1 + worked);
      const fields = { session, action: "read-file", target, sizeBytes };
      sink.add(host, timeMs, "activity", by, fields);
    }
  }
  return attackOf("slowInsider", number, [person.account], sink.events);
}

/** Somebody holds a service's machine: its account opens a shell, looks around, becomes root. */
export function serviceAbuse(scene: Scene): Attack {
  const { number, day, random } = scene;
  const { account, place } = serviceOf(scene.company, number);
  const by: Actor = { account, place, userAgent: "bash" };
  const sink = new EventSink(`a${number}`, number);
  let timeMs = dayStartMs(day) + random.int(1, 4) * HOUR_MS;
  for (const host of someHosts(6, random)) {
    sink.login(host, timeMs, by, true, { method: "publickey" });
    for (let n = 0; n < 8; n++) {
      timeMs += random.int(20, 300) * 1_000;
      const action = ["shell", "list-users", "read-shadow", "open-tunnel"][n % 4] as string;
      sink.add(host, timeMs, "activity", by, { action, process: "/bin/sh", target: `etc/${n}` });
    }
    sink.sudo(host, timeMs + 5_000, by, "/bin/bash");
  }
  return attackOf("serviceAbuse", number, [account], sink.events);
}

/** Ten days, a right every day or two, each used at once on what it opens. */
export function privilegeCreep(scene: Scene): Attack {
  const { number, day, random } = scene;
  const person = victimOf(scene);
  const by = actorOf(person, person.office);
  const sink = new EventSink(`a${number}`, number);
  const host = person.team.hosts[0] as number;
  for (let d = 0; d < 10; d += random.int(1, 2)) {
    const session = sessionOf(person.account, day + d, 9);
    let timeMs = dayStartMs(day + d) + random.int(9, 15) * HOUR_MS;
    sink.login(host, timeMs, by, true, { method: "publickey", session });
    const grant = { session, action: "grant-role", target: `role/${d}`, isPrivilegeGrant: true };
    sink.add(host, timeMs + MINUTE_MS, "activity", by, grant);
    for (let n = 0; n < 4; n++) {
      timeMs += random.int(2, 20) * MINUTE_MS;
      const target = `role-${d}/r${n}`;
      sink.add(host, timeMs, "activity", by, { session, action: "read-admin", target });
    }
  }
  return attackOf("privilegeCreep", number, [person.account], sink.events);
}

/**
 * From a laptop in the office over fifteen hosts in an hour: every third login is refused first.
 */
export function lateralMovement(scene: Scene): Attack {
  const { number, day, random } = scene;
  const person = victimOf(scene);
  const by: Actor = { ...actorOf(person, person.home), userAgent: "impacket" };
  const sink = new EventSink(`a${number}`, number);
  let timeMs = dayStartMs(day) + random.int(19, 22) * HOUR_MS;
  const first = random.int(0, HOSTS - 1);
  for (let n = 0; n < 15; n++) {
    const host = (first + 3 * n) % HOSTS;
    for (let tries = n % 3 === 0 ? 2 : 0; tries > 0; tries--) {
      sink.login(host, timeMs, by, false);
      timeMs += 3_000;
    }
    sink.login(host, timeMs, by, true);
    for (const action of ["list-users", "dump-memory", "copy-tool"]) {
      timeMs += random.int(10, 80) * 1_000;
      sink.add(host, timeMs, "activity", by, { action, process: "nc", target: `tmp/${n}` });
    }
    sink.sudo(host, timeMs + 2_000, by, "/usr/bin/nc");
  }
  return attackOf("lateralMovement", number, [person.account, person.home.address], sink.events);
}
