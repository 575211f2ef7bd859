// One event of the testbed and the host that sees it, with what only the testbed knows of it. Owns
// how work is written as events. The scorer gets `event` alone.

import type { Event, EventKind } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import type { Place } from "./company.ts";

export interface HostEvent {
  readonly host: number;
  readonly event: Event;
  /** Number of the attack that it belongs to; `undefined` of honest work. */
  readonly attack?: number;
}

/** Who acts, and with what. */
export interface Actor {
  readonly account: SubjectText;
  readonly place: Place;
  readonly userAgent: string;
  readonly device?: string;
  readonly isDeviceManaged?: boolean;
}

type Fields = Partial<Omit<Event, "kind" | "timeMs" | "id">>;

/** Takes events in any order and numbers them. */
export class EventSink {
  readonly events: HostEvent[] = [];
  readonly #prefix: string;
  readonly #attack: number | undefined;

  /** @param prefix makes ids that nobody else makes. */
  constructor(prefix: string, attack?: number) {
    this.#prefix = prefix;
    this.#attack = attack;
  }

  add(host: number, timeMs: number, kind: EventKind, by: Actor, fields: Fields = {}): void {
    const { account, place, userAgent, device, isDeviceManaged } = by;
    const { address, country, latitude, longitude } = place;
    const event: Event = {
      id: `${this.#prefix}/${this.events.length}`,
      timeMs: Math.round(timeMs),
      kind,
      service: serviceOf(kind),
      account,
      address,
      country,
      latitude,
      longitude,
      userAgent,
      ...(device !== undefined && { device }),
      ...(isDeviceManaged !== undefined && { isDeviceManaged }),
      count: 1,
      ...fields,
    };
    const attack = this.#attack;
    this.events.push({ host, event, ...(attack !== undefined && { attack }) });
  }

  /** Acts as root by a program. */
  sudo(host: number, timeMs: number, by: Actor, program: string, fields: Fields = {}): void {
    const more = { target: "root", process: program, ...fields };
    this.add(host, timeMs, "privilege-used", by, more);
  }

  login(host: number, timeMs: number, by: Actor, didSucceed: boolean, fields: Fields = {}): void {
    const kind = didSucceed ? "login-succeeded" : "login-failed";
    this.add(host, timeMs, kind, by, { isAccountKnown: true, method: "password", ...fields });
  }
}

/** Which program of the host tells of it. */
function serviceOf(kind: EventKind): string {
  if (kind.startsWith("login")) return "sshd";
  return kind === "privilege-used" ? "sudo" : "app";
}
