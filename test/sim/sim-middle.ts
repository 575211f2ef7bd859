// Coordinators of a simulated mesh: what coordinator/src/runtime.ts does with NATS, here with the
// simulated bus. Owns the way of every input into a coordinator and of every output out of it, and
// who waits for which answer; decides nothing.

import { newOut, type Out, type Publication, type Reply } from "@ostraka/agents/kernel";
import {
  type CoordinatorEffect,
  type CoordinatorInput,
  CoordinatorNode,
  type Node,
  Pump,
} from "@ostraka/agents/node";
import {
  type Bytes,
  decode,
  encode,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  TickSchema,
} from "@ostraka/proto";
import { SimFeed } from "./sim-feed.ts";
import { isIn, prefixes, type SimCoordinator, type World } from "./world.ts";

/** How often the simulated mesh is probed. */
const PROBE_MS = 6_000;
/** Another coordinator answers within this, or is asked again. */
const ASK_MS = 2_000;

export class SimMiddle {
  readonly #world: World;
  #tokens = 0;
  readonly #asked = new Map<number, (reply: Reply) => void>();
  /** Questions of coordinators to each other that wait for their first answer. */
  readonly #questions = new Map<string, (bytes: Bytes) => void>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A token for a caller that waits; it hears one answer. */
  expect(onReply: (reply: Reply) => void): number {
    const to = ++this.#tokens;
    this.#asked.set(to, (reply) => {
      this.#asked.delete(to);
      onReply(reply);
    });
    return to;
  }

  answer(reply: Reply): void {
    this.#asked.get(reply.to)?.(reply);
  }

  /** @param isReopened the process goes on over an earlier store: it knows what it had heard. */
  start(process: SimCoordinator, isReopened = false): void {
    const world = this.#world;
    const { person, store } = process;
    const node = new CoordinatorNode({
      crypto: world.sim.crypto,
      genesis: world.sim.genesis,
      publicKey: person.signer.publicKey,
      store,
      probeMs: PROBE_MS,
    });
    process.node = node;
    if (!isReopened) {
      process.startedMs = world.wallMs(process);
      process.startedMonoMs = world.time.nowMs;
      process.heard = new Map();
      process.sealedSince = new Map();
    }
    const pump = this.#newPump(process, node);
    process.pump = pump as unknown as Pump<CoordinatorInput, unknown>;
    process.feeds = LEDGERS.map((ledger) => this.#newFeed(process, node, ledger));
    world.guard(process, () => {
      const out = newOut<CoordinatorEffect>();
      node.open(out);
      pump.feed(pump.perform(out));
    });
    if (process.node !== node) return;
    this.#attach(process);
    for (const feed of process.feeds) feed.connect();
    world.beat(process, node, LIMITS.tickMs, () => {
      world.feedCoordinator(process, { type: "clock", wallMs: world.wallMs(process) });
      for (const ledger of LEDGERS) {
        const sealed = node.sealedOf(ledger);
        if (process.sealedSince.get(ledger)?.sealed === sealed) continue;
        process.sealedSince.set(ledger, { sealed, monoMs: world.time.nowMs });
      }
      for (const feed of process.feeds) if (process.node === node) feed.tick();
    });
  }

  #newPump(process: SimCoordinator, node: CoordinatorNode) {
    return new Pump<CoordinatorInput, CoordinatorEffect>(this.#ofRelease(process, node), {
      ...this.#world.ports(process.person, process.store),
      enforce: (effect: CoordinatorEffect) => this.#enforce(process, node, effect),
      onSealed: ({ kind }, bytes) => {
        if (kind === "promise") return { type: "repair", bytes };
        return kind === "head" ? { type: "head", bytes } : undefined;
      },
    });
  }

  /** An older release announces an older version: all that others see of it. */
  #ofRelease(
    process: SimCoordinator,
    node: CoordinatorNode,
  ): Node<CoordinatorInput, CoordinatorEffect> {
    return {
      step: (input, out) => {
        const from = out.seal.length;
        node.step(input, out);
        for (let i = from; i < out.seal.length; i++) {
          const sealing = out.seal[i] as Out["seal"][number];
          if (sealing.kind !== "tick") continue;
          const tick = decode(TickSchema, sealing.body, LIMITS.envelopeBodyBytesMax);
          if (tick === undefined || tick.machineVersion <= process.versionMax) continue;
          tick.machineVersion = process.versionMax;
          out.seal[i] = { ...sealing, body: encode(TickSchema, tick) };
        }
      },
      onPublished: () => node.onPublished(),
    };
  }

  #newFeed(process: SimCoordinator, node: CoordinatorNode, ledger: LedgerId): SimFeed {
    const world = this.#world;
    return new SimFeed({
      name: process.person.name,
      ledger,
      node,
      bus: world.bus,
      feed: (input) => {
        if (process.node === node) world.feedCoordinator(process, input);
      },
      isAlive: () => process.node === node,
    });
  }

  #attach(process: SimCoordinator): void {
    const { bus, channels } = this.#world;
    const { name } = process.person;
    const { headsAll, receiptsAll, resyncAll, repairsAll } = channels;
    bus.attach({
      name,
      hears: [...prefixes(headsAll, receiptsAll, resyncAll, repairsAll), `answer.${name}/`],
      deliver: (channel, bytes, replyTo) => this.#deliver(process, channel, bytes, replyTo),
    });
    bus.attachReader(name, () => {
      for (const feed of process.feeds) feed.pull();
    });
  }

  #enforce(process: SimCoordinator, node: CoordinatorNode, effect: CoordinatorEffect): void {
    const world = this.#world;
    for (const o of world.observers) o.onEffect?.(process.person.name, effect);
    if (effect.type === "receipt") {
      const key = effect.envelope.signatures[0]?.key;
      const heard = { wallMs: world.wallMs(process), monoMs: world.time.nowMs };
      if (key !== undefined) process.heard.set(hex(key), heard);
    }
    // After the round that said so, as the runtime does.
    const soon = (run: () => void) =>
      world.time.in(0, () => {
        if (process.node === node) run();
      });
    const feedOf = (ledger: LedgerId) => process.feeds[LEDGERS.indexOf(ledger)];
    if (effect.type === "journal") soon(() => feedOf(effect.ledger)?.connect());
    if (effect.type === "trim") soon(() => feedOf(effect.ledger)?.trim(effect.upTo, effect.most));
    if (effect.type === "reopen") {
      soon(() => {
        world.kill(process);
        this.start(process, true);
      });
    }
  }

  #deliver(process: SimCoordinator, channel: string, bytes: Bytes, replyTo?: string): void {
    const world = this.#world;
    const { headsAll, receiptsAll, resyncAll, repairsAll } = world.channels;
    if (channel.startsWith("answer.")) this.#questions.get(channel)?.(bytes);
    else if (isIn(channel, headsAll)) world.feedCoordinator(process, { type: "head", bytes });
    else if (isIn(channel, receiptsAll)) world.feedCoordinator(process, { type: "receipt", bytes });
    else if (isIn(channel, repairsAll)) world.feedCoordinator(process, { type: "repair", bytes });
    else if (isIn(channel, resyncAll) && replyTo !== undefined) {
      const to = this.expect((reply) => {
        if (reply.bytes === undefined) return;
        world.bus.publish(process.person.name, replyTo, Uint8Array.from(reply.bytes));
      });
      const asker = channel.split(".").at(-1) as string;
      world.feedCoordinator(process, { type: "resync", bytes, to, asker });
      // Answered within the round or not at all.
      this.#asked.delete(to);
    }
  }

  /** What a node lets out, onto the bus. */
  publish(name: string, { channel, bytes, messageId, isRequest }: Publication): void {
    const { bus, channels } = this.#world;
    const sent = Uint8Array.from(bytes);
    if (isRequest === true) {
      bus.publish(name, channel, sent, this.#replyTo(name, sent));
      return;
    }
    if (messageId === undefined) {
      bus.publish(name, channel, sent);
      return;
    }
    const ledger = channel.includes(".control") ? Ledger.CONTROL : Ledger.SIGNALS;
    const isJournal = isIn(channel, channels.journalAll(ledger));
    const opening = isJournal ? undefined : Number(channel.split(".").at(-1));
    bus.publishJournal(name, ledger, messageId, sent, opening);
  }

  /** Where an answer is waited for: sidecars hear all of them, a coordinator the first. */
  #replyTo(name: string, request: Bytes): string {
    const process = this.#world.coordinators.find((c) => c.person.name === name);
    if (process === undefined) return `answer.${name}`;
    const channel = `answer.${name}/${++this.#tokens}`;
    const { node } = process;
    this.#questions.set(channel, (bytes) => {
      this.#questions.delete(channel);
      if (process.node !== node) return;
      this.#world.feedCoordinator(process, { type: "answer", request, bytes });
    });
    this.#world.time.in(ASK_MS, () => this.#questions.delete(channel));
    return channel;
  }
}
