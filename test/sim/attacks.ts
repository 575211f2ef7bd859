// What happens at the resources: honest people at work, and attackers whose bursts reach the
// signal line. Real events for real scorers. Knows who is who; the nodes do not.

import type { Event } from "@ostraka/agents/kernel";
import { parseSubject, type SubjectText } from "@ostraka/proto";
import { EXEMPT_ADDRESS, OFFICE } from "./policies.ts";
import type { Random } from "./random.ts";
import type { SimSidecar, World } from "./world.ts";

function subject(text: string): SubjectText {
  const parsed = parseSubject(text);
  if (parsed === undefined) throw new Error(`no subject: ${text}`);
  return parsed;
}

export const HONEST = ["address:192.0.2.10", "address:192.0.2.11", "address:192.0.2.12"].map(
  subject,
);
export const HONEST_USERS = ["user:sim/alice", "user:sim/bob"].map(subject);
export const ATTACKERS = [1, 2, 3, 4, 5].map((n) => subject(`address:203.0.113.${n}`));

/** Stands in what only an event holds; nothing that leaves a host may show it. */
export const MARK = "secret-line";

/** Failures that take a fresh subject over the signal line, with room. */
const BURST = 14;

export class Attacks {
  readonly #world: World;
  readonly #random: Random;
  #events = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  get events(): number {
    return this.#events;
  }

  /** Plans honest work from now on, for so long. */
  work(hosts: readonly SimSidecar[], forMs: number): void {
    for (const host of hosts) {
      for (
        let atMs = this.#random.int(0, 4_000);
        atMs < forMs;
        atMs += this.#random.int(3_000, 9_000)
      ) {
        const address = this.#random.pick(HONEST);
        const account = this.#random.pick(HONEST_USERS);
        this.#world.time.in(atMs, () =>
          this.#observe(host, { kind: "login-succeeded", address, account, method: "publickey" }),
        );
      }
    }
  }

  /**
   * Plans a burst of failures by one address on some hosts.
   * @param isQuick over within a second and a half on all of them.
   */
  burst(address: SubjectText, hosts: readonly SimSidecar[], inMs: number, isQuick = false): void {
    for (const host of hosts) {
      let atMs = inMs + this.#random.int(0, isQuick ? 300 : 3_000);
      for (let i = 0; i < BURST; i++) {
        atMs += isQuick ? 80 : this.#random.int(100, 500);
        this.#world.time.in(atMs, () =>
          this.#observe(host, {
            kind: "login-failed",
            address,
            account: subject("user:sim/root"),
            isRoot: true,
            isAccountKnown: true,
            method: "password",
          }),
        );
      }
    }
  }

  /** Everything that is attacked: several attackers, one of them behind an exempt address. */
  plan(hosts: readonly SimSidecar[], fromMs: number, toMs: number): void {
    for (const address of [...ATTACKERS.slice(0, 4), subject(EXEMPT_ADDRESS)]) {
      const some = hosts.filter(() => this.#random.chance(0.8));
      this.burst(address, some, this.#random.int(fromMs, toMs));
    }
    this.#office(hosts, this.#random.int(fromMs, toMs));
    // The last one is seen by one host only: a lease there and nothing anywhere else.
    const last = ATTACKERS[ATTACKERS.length - 1] as SubjectText;
    this.burst(last, [this.#random.pick(hosts)], this.#random.int(fromMs, toMs));
  }

  /** Many work behind one address, and somebody there fails again and again. */
  #office(hosts: readonly SimSidecar[], inMs: number): void {
    const address = subject(OFFICE);
    for (const host of hosts) {
      for (const [i, account] of HONEST_USERS.entries()) {
        if (!this.#random.chance(0.7)) continue;
        for (let n = 0; n < 3; n++) {
          this.#world.time.in(inMs - 6_000 + 1_000 * n + 300 * i, () =>
            this.#observe(host, { kind: "login-succeeded", address, account, method: "publickey" }),
          );
        }
      }
    }
    this.burst(address, hosts, inMs);
  }

  #observe(
    host: SimSidecar,
    seen: Omit<Event, "id" | "timeMs" | "service" | "target" | "count">,
  ): void {
    if (host.node === undefined) return;
    this.#events++;
    const id = `${MARK}-${this.#events}`;
    const timeMs = this.#world.wallMs(host);
    this.#world.observe(host, { ...seen, id, timeMs, service: "sshd", target: MARK, count: 1 });
  }
}
