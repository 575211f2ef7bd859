// What earlier lines of one sshd connection have said, by the process id in the tag. Two uses:
// one attempt is one event, and of two readings of a line the one with the connection's own address
// is right. A line that names no address never gets one from here: process ids are used
// again, and a wrong address is a victim cut off.

import type { SubjectText } from "@ostraka/proto";
import { CONNECTION_MS_MAX, CONNECTIONS_MAX } from "../limits.ts";

export interface Connection {
  /** Peer, once a line has named it beyond doubt. */
  address?: SubjectText;
  /** An event about this connection has been given: its end is no probe of its own. */
  hasSpoken: boolean;
  /** A `login-failed` has been given. */
  hasFailed: boolean;
  /** PAM reported a failure whose `Failed keyboard-interactive` line may still come. */
  isPamPending: boolean;
  lastMs: number;
}

/** Connections of one log, bounded in number and in event time; the oldest go first. */
export class Connections {
  readonly #byProcess = new Map<string, Connection>();

  /** The connection of a process, new when it is unknown or was silent for too long. */
  at(host: string, pid: string, timeMs: number): Connection {
    const key = `${host} ${pid}`;
    const found = this.#byProcess.get(key);
    if (found !== undefined && Math.abs(timeMs - found.lastMs) <= CONNECTION_MS_MAX) {
      found.lastMs = timeMs;
      return found;
    }
    const fresh = { hasSpoken: false, hasFailed: false, isPamPending: false, lastMs: timeMs };
    if (pid === "") return fresh;
    this.#byProcess.delete(key);
    if (this.#byProcess.size >= CONNECTIONS_MAX) {
      for (const oldest of this.#byProcess.keys()) {
        this.#byProcess.delete(oldest);
        break;
      }
    }
    this.#byProcess.set(key, fresh);
    return fresh;
  }

  /** A line has named the peer beyond doubt; another peer than before means another connection. */
  static meet(connection: Connection, address: SubjectText): void {
    if (connection.address !== undefined && connection.address !== address) {
      connection.hasSpoken = false;
      connection.hasFailed = false;
      connection.isPamPending = false;
    }
    connection.address = address;
  }

  /** A line has said that the connection is over. */
  end(host: string, pid: string): void {
    this.#byProcess.delete(`${host} ${pid}`);
  }

  get size(): number {
    return this.#byProcess.size;
  }
}
