// Attacks that come from an address nobody knows: guessing at many hosts, quickly or slowly, and
// the use of what was stolen. Each paced as public reports have it, none to suit a detector.

import type { SubjectText } from "@ostraka/proto";
import { type Attack, attackOf, type Scene, strangePlace, victimOf } from "./attack.ts";
import { type Company, HOSTS, type Person, type ServiceAccount, someHosts } from "./company.ts";
import { actorOf, dayStartMs, sessionOf } from "./honest-day.ts";
import { type Actor, EventSink } from "./host-event.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Three passwords for three hundred accounts over all hosts in turn, in about seven hours. */
export function passwordSpraying(scene: Scene): Attack {
  const { company, number, day, random } = scene;
  const place = strangePlace(scene);
  const sink = new EventSink(`a${number}`, number);
  let timeMs = dayStartMs(day) + random.int(1, 5) * HOUR_MS;
  for (let n = 0; n < 3 * 300; n++) {
    const { account } = company.people[(n * 13) % company.people.length] as Person;
    const by: Actor = { account, place, userAgent: "libssh2_1.10" };
    sink.login(n % HOSTS, timeMs, by, false);
    timeMs += random.int(15, 40) * 1_000;
  }
  return attackOf("passwordSpraying", number, [place.address], sink.events);
}

/** Guesses at an attempt every five minutes over twelve hosts for four days: hourly on each. */
export function lowAndSlow(scene: Scene): Attack {
  const { company, number, day, random } = scene;
  const place = strangePlace(scene);
  const sink = new EventSink(`a${number}`, number);
  const hosts = someHosts(12, random);
  const startMs = dayStartMs(day) + random.int(0, 23) * HOUR_MS;
  for (let n = 0; n < 4 * 24 * 12; n++) {
    const { account } = company.people[(n * 29) % company.people.length] as Person;
    const by: Actor = { account, place, userAgent: "OpenSSH_9.6" };
    const timeMs = startMs + (5 * n + 2 * random.float()) * MINUTE_MS;
    sink.login(hosts[n % hosts.length] as number, timeMs, by, false);
  }
  return attackOf("lowAndSlow", number, [place.address], sink.events);
}

/** A session that its owner opened is used from elsewhere, to read what he never reads. */
export function stolenSession(scene: Scene): Attack {
  const { number, day, random } = scene;
  const victim = victimOf(scene);
  const place = strangePlace(scene);
  const session = sessionOf(victim.account, day, 9);
  const host = victim.team.hosts[0] as number;
  const openedMs = dayStartMs(day) + 9 * HOUR_MS;
  // The owner's own login is honest work, and stands in no attack.
  const owner = new EventSink(`a${number}-owner`);
  const own = actorOf(victim, victim.office);
  owner.login(host, openedMs, own, true, { method: "password", session });
  const sink = new EventSink(`a${number}`, number);
  const by: Actor = { account: victim.account, place, userAgent: "python-requests/2.31" };
  let timeMs = openedMs + HOUR_MS;
  for (let n = 0; n < 60; n++) {
    timeMs += random.int(10, 100) * 1_000;
    const action = ["list-files", "export", "read-secret"][n % 3] as string;
    const fields = { session, action, target: `vault/x${n % 25}`, sizeBytes: 2_000_000 };
    sink.add(host, timeMs, "activity", by, fields);
  }
  const subjects = [victim.account, session, place.address];
  return attackOf("stolenSession", number, subjects, [...owner.events, ...sink.events]);
}

/** A service's token is used from another network: the work of the service, and then more. */
export function tokenReplay(scene: Scene): Attack {
  const { number, day, random } = scene;
  const service = serviceOf(scene.company, number);
  const place = strangePlace(scene);
  const sink = new EventSink(`a${number}`, number);
  const by: Actor = { account: service.account, place, userAgent: "curl/8.4" };
  let timeMs = dayStartMs(day) + 22 * HOUR_MS;
  for (const host of [...service.hosts, ...someHosts(3, random)]) {
    sink.login(host, timeMs, by, true, { method: "token" });
    for (let n = 0; n < 8; n++) {
      timeMs += random.int(20, 240) * 1_000;
      const action = service.actions[n % service.actions.length] as string;
      const target = n < 4 ? service.resources[n % service.resources.length] : `feed-x/t${n}`;
      sink.add(host, timeMs, "activity", by, { action, target: target as string });
    }
  }
  const subjects: SubjectText[] = [service.account, place.address];
  return attackOf("tokenReplay", number, subjects, sink.events);
}

/** Never the one that deploys: it touches every host by itself. */
export function serviceOf({ services }: Company, number: number): ServiceAccount {
  return services[1 + (number % (services.length - 1))] as ServiceAccount;
}
