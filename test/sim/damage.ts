// What happens to disks and journals: a coordinator's store is lost or comes back old, a broker
// loses what it acknowledged or alters what lies inside; and what operators do about it: they order
// the next generation until it is open. From the seed. Judges nothing.

import {
  encodeNew,
  JournalMessageSchema,
  LEDGERS,
  type LedgerId,
  LIMITS,
  RepairOrderSchema,
  signEnvelope,
} from "@ostraka/proto";
import type { Random } from "./random.ts";
import type { SimCoordinator, World } from "./world.ts";

export interface DamagePlan {
  /** One coordinator of three loses its disk. */
  readonly wipes: boolean;
  /** One coordinator of three comes back from an old copy of its disk. */
  readonly restores: boolean;
  readonly losesMessages: boolean;
  readonly altersInterior: boolean;
  /** Operators repair what is damaged; otherwise it stays as it is. */
  readonly repairs: boolean;
}

/** @param isWhole three coordinators, none of which lies: one of them may lose its disk. */
export function planDamage(random: Random, isWhole: boolean): DamagePlan {
  const [wipes, restores] = [random.chance(0.25), random.chance(0.2)];
  return {
    wipes: isWhole && wipes,
    restores: isWhole && restores,
    losesMessages: random.chance(0.2),
    altersInterior: random.chance(0.15),
    repairs: random.chance(0.8),
  };
}

const HOUR_MS = 3_600_000;
/** Operators look again this often. */
const LOOK_MS = 3_000;

export class Damage {
  readonly counts = { wiped: 0, restored: 0, lost: 0, inside: 0, orders: 0, opened: 0 };
  /** A journal was lost or altered, and nobody has opened another generation since. */
  readonly open = new Set<LedgerId>();
  /** True time at which the inside of a stream was altered: ledger, generation and sequence. */
  readonly altered: { ledger: LedgerId; generation: number; sequence: number; atMs: number }[] = [];
  /** Coordinators whose disk is not what it was. */
  readonly worn = new Set<SimCoordinator>();
  readonly #world: World;
  readonly #random: Random;
  readonly #plan: DamagePlan;
  readonly #onLoss: () => void;
  readonly #opened = new Set<string>();

  constructor(world: World, random: Random, plan: DamagePlan, onLoss: () => void) {
    this.#world = world;
    this.#random = random;
    this.#plan = plan;
    this.#onLoss = onLoss;
  }

  /** Plans what the seed wants, once the mesh has had time to begin. */
  start(): void {
    const { time, coordinators } = this.#world;
    const at = (fromMs: number, toMs: number, run: () => void) =>
      time.in(this.#random.int(fromMs, toMs), run);
    // One disk of three: the others are whole.
    const one = this.#random.pick(coordinators);
    if (this.#plan.wipes) at(8_000, 30_000, () => this.#wipe(one));
    else if (this.#plan.restores) at(6_000, 18_000, () => this.#keepCopy(one));
    if (this.#plan.losesMessages) at(10_000, 32_000, () => this.#lose());
    if (this.#plan.altersInterior) at(10_000, 20_000, () => this.#alter());
    if (this.#plan.repairs) this.#look();
  }

  #wipe(process: SimCoordinator): void {
    this.#world.kill(process);
    process.store.wipe();
    this.counts.wiped++;
    this.worn.add(process);
    this.#startSoon(process);
  }

  #keepCopy(process: SimCoordinator): void {
    const copy = process.store.copy();
    this.#world.time.in(this.#random.int(2_000, 12_000), () => {
      this.#world.kill(process);
      process.store.become(copy);
      this.counts.restored++;
      this.worn.add(process);
      this.#startSoon(process);
    });
  }

  #startSoon(process: SimCoordinator): void {
    this.#world.time.in(this.#random.int(300, 3_000), () => {
      if (process.node === undefined) this.#world.startCoordinator(process);
    });
  }

  /** The broker loses the last messages of a journal that it had acknowledged. */
  #lose(): void {
    const ledger = this.#random.pick(LEDGERS);
    const count = this.#random.int(1, 6);
    this.counts.lost += count;
    this.open.add(ledger);
    this.#world.loseMessages(ledger, count);
    this.#onLoss();
  }

  /** The broker alters a message deep inside a journal; nobody reconnects. */
  #alter(): void {
    const ledger = this.#random.pick(LEDGERS);
    const { streams } = this.#world.bus;
    const stream = streams.current(ledger);
    const last = stream.messages.length - 20;
    if (last < stream.first) return;
    const sequence = this.#random.int(stream.first, last);
    const found = stream.messages[sequence - 1];
    if (found === undefined) return;
    this.counts.inside++;
    this.open.add(ledger);
    const bytes = this.#random.chance(0.5)
      ? encodeNew(JournalMessageSchema, { format: 1 })
      : found.bytes.slice(0, -1);
    streams.replace(stream, sequence, bytes);
    const { generation } = stream;
    this.altered.push({ ledger, generation, sequence, atMs: this.#world.time.nowMs });
    this.#onLoss();
  }

  // --- operators ---

  #look(): void {
    this.#world.time.in(LOOK_MS, () => {
      for (const ledger of LEDGERS) this.#repair(ledger);
      this.#look();
    });
  }

  #repair(ledger: LedgerId): void {
    const running = this.#world.coordinators.flatMap(({ node }) => (node ? [node] : []));
    const states = running.map((node) => node.status(ledger));
    const isDone = states.every((s) => s.damage === undefined && s.repair === undefined);
    const generation = Math.max(1, ...states.map((s) => s.point.generation));
    if (generation > 1) this.#onOpened(ledger, generation);
    const isDamaged = states.some(
      (s) => s.damage !== undefined && !s.isWiped && s.point.generation === generation,
    );
    // Whoever still waits for a generation that is open elsewhere comes to it without an order.
    const isAsked = states.some((s) => (s.repair?.order.generation ?? 0) > generation);
    if (isDone || (!isDamaged && !isAsked)) return;
    // What one replica can catch up with by itself needs no operator.
    if (!this.open.has(ledger) && !isAsked) return;
    const isChoice = states.some((s) => s.obstacle?.startsWith("promises-contradict"));
    this.#order(ledger, generation + 1, isChoice ? this.#choice(ledger) : undefined);
  }

  #onOpened(ledger: LedgerId, generation: number): void {
    const key = `${ledger}/${generation}`;
    if (this.#opened.has(key)) return;
    this.#opened.add(key);
    this.counts.opened++;
    this.open.delete(ledger);
  }

  /** The head that two operators choose: the one of whoever has the newest sealed head. */
  #choice(ledger: LedgerId): Uint8Array | undefined {
    let best: { bytes: Uint8Array; position: number } | undefined;
    for (const { node } of this.#world.coordinators) {
      const status = node?.status(ledger);
      for (const promise of status?.repair?.promises ?? []) {
        const { last } = promise;
        if (last === undefined) continue;
        const position = Number(last.head.position);
        if (best === undefined || position > best.position) best = { bytes: last.bytes, position };
      }
    }
    return best?.bytes;
  }

  #order(ledger: LedgerId, generation: number, keep: Uint8Array | undefined): void {
    const { sim, time, coordinators } = this.#world;
    const body = encodeNew(RepairOrderSchema, {
      format: 1,
      ledger,
      generation,
      createdMs: BigInt(time.nowMs),
      notAfterMs: BigInt(time.nowMs + Math.min(HOUR_MS, LIMITS.notAfterMsMax)),
      ...(keep && { keepHeadHash: sim.crypto.sha256(keep) }),
    });
    const signers = sim.operators.slice(0, keep === undefined ? 1 : 2).map((o) => o.signer);
    const envelope = signEnvelope(sim.mesh, "repair", body, ...signers);
    this.counts.orders++;
    const isHeard = coordinators.filter(
      ({ node, person }) => node !== undefined && !this.#world.bus.cut.has(`to:${person.name}`),
    );
    for (const process of isHeard) this.#world.order(process, envelope);
  }
}
