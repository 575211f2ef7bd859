// One login, one event, however many logs of this host it stands in: sshd's lines are in auth.log
// and in the journal, and a follower of both would bet twice. Owns what each log has told of a
// login in one second. Two attempts of one second in one log stay two.

import type { Event } from "@ostraka/agents/kernel";
import { PROGRAMS } from "./auth-log/programs.ts";
import { Attempts } from "./text/attempts.ts";

const KINDS: ReadonlySet<string> = new Set(["login-failed", "login-probed", "login-succeeded"]);

export class SameAttempts {
  readonly #attempts = new Attempts();

  /**
   * @param source the log that the event is from
   * @returns the event, with the count that no other log has told; nothing when all were told.
   */
  take(source: string, event: Event): Event | undefined {
    const { kind, service, address, account, timeMs, count } = event;
    // Of other services a host may well have several of one name, each with a log of its own.
    if (address === undefined || !KINDS.has(kind) || !PROGRAMS.has(service)) return event;
    const login = `${service} ${kind} ${account ?? ""} ${Math.floor(timeMs / 1000)}`;
    const fresh = this.#attempts.take(login, address, source, count, timeMs);
    if (fresh === count) return event;
    return fresh === 0 ? undefined : { ...event, count: fresh };
  }
}
