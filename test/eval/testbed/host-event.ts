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
      service: kind.startsWith("login") ? "sshd" : "app",
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

  login(host: number, timeMs: number, by: Actor, didSucceed: boolean, fields: Fields = {}): void {
    const kind = didSucceed ? "login-succeeded" : "login-failed";
    this.add(host, timeMs, kind, by, { isAccountKnown: true, method: "password", ...fields });
  }
}
