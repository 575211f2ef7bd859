// A sidecar's link to the mesh's bus: connects in the background for ever, hears heads, verdicts
// and acknowledgements, sends what the node puts out. Holds no opinion on what it carries: the node
// verifies. Nothing waits for it; without it the host keeps enforcing (I7).

import { setTimeout as delay } from "node:timers/promises";
import type { Publication } from "@ostraka/agents/kernel";
import type { SidecarInput } from "@ostraka/agents/node";
import { type Bus, connectBus, inboxPrefix, type Log } from "@ostraka/host";
import { type Bytes, type Channels, Ledger } from "@ostraka/proto";

export interface BusLinkOptions {
  readonly urls: readonly string[];
  readonly credsFile?: string;
  readonly caFile?: string;
  readonly hostName: string;
  readonly hostKey: Bytes;
  readonly channels: Channels;
  /** Coordinators that may answer a request. */
  readonly coordinators: () => number;
  readonly log: Log;
  readonly push: (input: SidecarInput) => void;
}

const REQUEST_MS_MAX = 2_000;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 1_000;

export class BusLink {
  readonly #o: BusLinkOptions;
  readonly #stop = new AbortController();
  #bus: Bus | undefined;

  constructor(options: BusLinkOptions) {
    this.#o = options;
    this.#connect().catch((error: unknown) => {
      options.log.error({ err: error }, "the link to NATS ended: restart this process");
    });
  }

  get isConnected(): boolean {
    return this.#bus?.isConnected ?? false;
  }

  /** Sends when connected; what is lost is sent again by whoever needs an answer. */
  publish({ channel, bytes, messageId, isRequest }: Publication): void {
    const bus = this.#bus;
    if (bus?.isConnected !== true) return;
    if (messageId !== undefined) {
      bus.publishJournal(channel, bytes, messageId).catch(this.#onSendFault);
    } else if (isRequest === true) {
      this.#request(bus, channel, bytes).catch(this.#onSendFault);
    } else bus.publish(channel, bytes);
  }

  async close(): Promise<void> {
    // An attempt that is under way lets go of what it gets; nobody waits for it.
    this.#stop.abort();
    await this.#bus?.close();
  }

  async #request(bus: Bus, channel: string, bytes: Uint8Array): Promise<void> {
    const replies = Math.max(1, this.#o.coordinators());
    const answer = await bus.request(channel, bytes, REQUEST_MS_MAX, replies);
    if (answer !== undefined) this.#o.push({ type: "answer", bytes: answer });
  }

  readonly #onSendFault = (error: unknown): void => {
    this.#o.log.warn({ err: error }, "a message could not be sent; it is sent again");
  };

  async #connect(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = RETRY_MS_MIN;
    let told = "";
    while (!signal.aborted) {
      try {
        const bus = await this.#open();
        if (signal.aborted) await bus.close();
        else this.#attach(bus);
        return;
      } catch (error) {
        // Each kind of trouble is said once; it is tried again for ever, refused or unreachable.
        const message = error instanceof Error ? error.message : String(error);
        if (message !== told) this.#o.log.warn({ err: error }, "not connected to NATS: trying on");
        told = message;
      }
      const spreadMs = waitMs / 2 + Math.random() * (waitMs / 2);
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
      await delay(spreadMs, undefined, { signal }).catch(() => {
        // Aborted: the loop ends by itself.
      });
    }
  }

  #open(): Promise<Bus> {
    const { urls, credsFile, caFile, hostName, hostKey, log } = this.#o;
    return connectBus({
      urls,
      ...(credsFile !== undefined && { credsFile }),
      ...(caFile !== undefined && { caFile }),
      name: `sidecar ${hostName}`,
      inboxPrefix: inboxPrefix(hostKey),
      log,
    });
  }

  #attach(bus: Bus): void {
    this.#bus = bus;
    const { channels, hostKey, push, log } = this.#o;
    bus.subscribe(channels.headsAll, (bytes) => push({ type: "head", bytes }));
    for (const ledger of [Ledger.CONTROL, Ledger.SIGNALS] as const) {
      bus.subscribe(channels.verdicts(ledger), (bytes) => push({ type: "verdict", ledger, bytes }));
    }
    bus.subscribe(channels.acks(hostKey), (bytes) => push({ type: "ack", bytes }));
    // BEFORE asking for what is missing, so that nothing falls between the answer and the channel.
    bus.onState((state) => {
      if (state === "disconnected") return;
      log.info({ state }, "connected to NATS");
      push({ type: "connected" });
    });
  }
}
