// The honest life of the mesh while the story runs: logins with an occasional typo, cron, sudo, and
// page views. Notes every honest request that was refused: there must be none.

import type { HostLog } from "./host-log.ts";
import { PEOPLE, type Person } from "./people.ts";
import type { Random } from "./random.ts";
import { isRefusal, visit } from "./visitor.ts";

export interface HonestOptions {
  /** Hosts whose logs are written; a host that follows a real log is not among them. */
  readonly logs: readonly HostLog[];
  /** Ports of the protected services, of every host. */
  readonly services: readonly { readonly host: string; readonly port: number }[];
  readonly random: Random;
  /** Mean pause between two doings, ms. */
  readonly everyMs: number;
}

const COMMANDS = ["/usr/bin/systemctl restart app", "/usr/bin/apt-get update", "/usr/bin/ls /root"];
const PAGES = ["/", "/orders", "/orders/17", "/account", "/search?q=amphora"];
/** One login in so many begins with a mistyped password. */
const TYPO_EVERY = 9;
const OPEN_REQUESTS_MAX = 32;

export class HonestTraffic {
  readonly #o: HonestOptions;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #logins = 0;
  requests = 0;
  /** Requests that were answered with a page. */
  permitted = 0;
  /** Requests refused by a gate: each is a harm. */
  denied = 0;

  constructor(options: HonestOptions) {
    this.#o = options;
  }

  start(): void {
    const { random, everyMs } = this.#o;
    this.#timer = setTimeout(
      () => {
        this.#doSomething();
        this.start();
      },
      random.int(Math.ceil(everyMs / 2), Math.ceil(everyMs * 1.5)),
    );
  }

  /** Stops, and waits for what is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#open);
  }

  #doSomething(): void {
    const { logs, random } = this.#o;
    const person = random.pick(PEOPLE);
    const what = random.int(0, 9);
    if (what < 6 || logs.length === 0) {
      this.#browse(person);
      return;
    }
    const log = random.pick(logs);
    if (what < 8) {
      this.#logins++;
      log.login(person, this.#logins % TYPO_EVERY === 0);
    } else if (what === 8) log.sudo(person, random.pick(COMMANDS));
    else log.cron();
  }

  #browse(person: Person): void {
    if (this.#open.size >= OPEN_REQUESTS_MAX) return;
    const { services, random } = this.#o;
    const { port } = random.pick(services);
    const request = visit(port, random.pick(PAGES), person).then(
      (answer) => {
        this.requests++;
        if (answer.status === 200) this.permitted++;
        if (isRefusal(answer)) this.denied++;
      },
      () => {
        // A service that is just being started again: nobody was refused.
      },
    );
    this.#open.add(request);
    request.finally(() => this.#open.delete(request)).catch(() => undefined);
  }
}
