// One sidecar of the stand: the real node, pump, store and bus, wired as the sidecar's process
// wires them. Tells when a verdict is enforced and counts the batches that left.

import { join } from "node:path";
import { type Event, newOut } from "@ostraka/agents/kernel";
import {
  type OpenedGenesis,
  Pump,
  type SidecarEffect,
  type SidecarInput,
  SidecarNode,
} from "@ostraka/agents/node";
import { type Log, openSqliteStore, RoundQueue, type SqliteStore } from "@ostraka/host";
import type { Bytes, Crypto, Signer, SubjectText } from "@ostraka/proto";
import { BusLink } from "../../sidecar/src/bus-link.ts";
import { HTTP_GATE_STAGES } from "../../sidecar/src/enforcers/http-gate-stages.ts";
import { stagesOf } from "../../sidecar/src/gate-decisions.ts";

const CLOCK_MS = 250;

export interface BenchSidecarOptions {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly name: string;
  readonly signer: Signer;
  readonly folder: string;
  readonly url: string;
  readonly log: Log;
  readonly random: (bytes: number) => Bytes;
  readonly onEnforced: (subject: SubjectText) => void;
}

export class BenchSidecar {
  readonly node: SidecarNode;
  /** Batches of signals handed to the bus. */
  signalled = 0;
  readonly #store: SqliteStore;
  readonly #queue: RoundQueue<SidecarInput>;
  readonly #link: BusLink;
  readonly #timer: NodeJS.Timeout;

  constructor(options: BenchSidecarOptions) {
    const { crypto, genesis, name, signer, folder, url, log, random, onEnforced } = options;
    this.#store = openSqliteStore(join(folder, "state.sqlite"));
    this.node = new SidecarNode({
      crypto,
      genesis,
      hostKey: signer.publicKey,
      hostName: name,
      incarnation: random(16),
      random,
      store: this.#store,
      stages: stagesOf(HTTP_GATE_STAGES),
    });
    const pump = new Pump<SidecarInput, SidecarEffect>(this.node, {
      mesh: genesis.mesh,
      signer,
      store: this.#store,
      publish: (publication) => {
        if (publication.messageId !== undefined) this.signalled++;
        this.#link.publish(publication);
      },
      enforce: (effect) => {
        if (effect.type === "enforced") onEnforced(effect.held.subject);
      },
      reply: () => undefined,
      trace: () => undefined,
    });
    this.#queue = new RoundQueue({
      feed: (inputs) => pump.feed(inputs),
      onFault: (error) => {
        throw error;
      },
    });
    this.#link = new BusLink({
      urls: [url],
      credsFile: join(folder, "nats.creds"),
      hostName: name,
      hostKey: signer.publicKey,
      channels: this.node.channels,
      coordinators: () => 1,
      log,
      push: (input) => this.#queue.push(input),
    });
    const out = newOut<SidecarEffect>();
    this.node.open(now(), out);
    this.#queue.push(...pump.perform(out), { type: "clock", now: now() });
    this.#timer = setInterval(() => this.#queue.push({ type: "clock", now: now() }), CLOCK_MS);
  }

  get isFresh(): boolean {
    return this.node.readiness().ready && this.node.isFresh(now());
  }

  /** Feeds one event at once, with everything that it puts out. */
  observe(event: Event): void {
    this.#queue.push({ type: "clock", now: now() }, { type: "event", event });
    this.#queue.flush();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#queue.close();
    await this.#link.close();
    this.#store.close();
  }
}

function now() {
  return { wallMs: Date.now(), monoMs: performance.now() };
}
