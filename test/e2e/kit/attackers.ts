// Attackers at the hosts of a mesh: each guesses passwords on every host, so that hosts signal and
// machines decide. Writes logs only, as sshd would.

import { join } from "node:path";
import { HostLog } from "../../../coordinator/cli/src/up/traffic/host-log.ts";
import { Random } from "../../../coordinator/cli/src/up/traffic/random.ts";
import type { Seeded } from "./seeded.ts";
import type { Three } from "./three.ts";

const GUESSES = 14;
const EVERY_MS = 2_000;

export class Attackers {
  readonly #logs: readonly HostLog[];
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(three: Three, random: Seeded) {
    const chance = new Random(random.int(1, 1_000_000));
    this.#logs = three.hosts.map(
      ({ name, folder }) => new HostLog(name, join(folder, "auth.log"), "iso", chance),
    );
  }

  /** Attackers so far; each is a verdict in the end. */
  get count(): number {
    return this.#count;
  }

  start(): void {
    this.#timer = setInterval(() => this.#attack(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #attack(): void {
    const address = `203.0.113.${1 + (this.#count++ % 200)}`;
    for (const log of this.#logs) {
      for (let i = 0; i < GUESSES; i++) log.guess(address, i % 2 === 0 ? "root" : `guest${i}`);
    }
  }
}
