// Everything that breaks by itself: the network's weather, links cut one way, crashes between any
// two output phases, clocks that drift and jump, a broker that loses acknowledged messages. From
// the seed.

import type { Phase } from "@ostraka/agents/node";
import type { Random } from "./random.ts";
import type { SimCoordinator, SimSidecar, World } from "./world.ts";

type Process = SimCoordinator | SimSidecar;

export interface FaultPlan {
  readonly weather: {
    readonly loss: number;
    readonly duplication: number;
    readonly delayMsMax: number;
  };
  /** Chance of a crash before each phase of each node. */
  readonly crash: number;
  readonly cuts: boolean;
  readonly clocks: boolean;
}

/** Fault plans by how rough they are; most seeds are rough. */
export function planFaults(random: Random): FaultPlan {
  const isCalm = random.chance(0.15);
  if (isCalm) {
    const weather = { loss: 0, duplication: 0.05, delayMsMax: 20 };
    return { weather, crash: 0, cuts: false, clocks: false };
  }
  return {
    weather: {
      loss: random.pick([0, 0.02, 0.1]),
      duplication: random.pick([0, 0.05, 0.2]),
      delayMsMax: random.pick([10, 80, 400]),
    },
    crash: random.pick([0, 0.0005, 0.002]),
    cuts: random.chance(0.6),
    clocks: random.chance(0.6),
  };
}

export class Faults {
  readonly counts = { crashes: 0, restarts: 0, cuts: 0, jumps: 0 };
  readonly #world: World;
  readonly #random: Random;
  readonly #plan: FaultPlan;
  #isActive = false;
  /** While set, nobody comes back: an outage is planned by the scenario. */
  isHeld = false;

  constructor(world: World, random: Random, plan: FaultPlan) {
    this.#world = world;
    this.#random = random;
    this.#plan = plan;
    world.crashAt = (node, phase) => this.#crashAt(node, phase);
  }

  start(): void {
    this.#isActive = true;
    Object.assign(this.#world.bus.weather, this.#plan.weather);
    this.#round();
  }

  /** Ends all faults: calm weather, whole links, clocks near the truth, everybody up. */
  stop(started: (process: Process) => boolean): void {
    this.#isActive = false;
    const { bus, coordinators, sidecars } = this.#world;
    Object.assign(bus.weather, { loss: 0, duplication: 0, delayMsMax: 5 });
    for (const process of sidecars) process.skewMs = this.#random.int(-300, 300);
    for (const process of [...coordinators, ...sidecars]) {
      if (started(process)) this.restart(process);
      this.#world.heal(process);
    }
  }

  restart(process: Process): void {
    if (process.node !== undefined) return;
    this.counts.restarts++;
    const coordinator = this.#world.coordinators.find((c) => c === process);
    const sidecar = this.#world.sidecars.find((s) => s === process);
    if (coordinator !== undefined) this.#world.startCoordinator(coordinator);
    if (sidecar !== undefined) this.#world.startSidecar(sidecar);
  }

  #crashAt(name: string, phase: Phase): boolean {
    if (!this.#isActive || phase === "trace" || !this.#random.chance(this.#plan.crash))
      return false;
    this.counts.crashes++;
    const all: Process[] = [...this.#world.coordinators, ...this.#world.sidecars];
    const process = all.find((p) => p.person.name === name) as Process;
    this.#world.time.in(this.#random.int(200, 6_000), () => {
      // Somebody else may have started it again by now.
      if (this.#isActive && !this.isHeld) this.restart(process);
    });
    return true;
  }

  #round(): void {
    if (!this.#isActive) return;
    if (this.#plan.cuts && this.#random.chance(0.3)) this.#cutSomebody();
    if (this.#plan.clocks) this.#moveClocks();
    this.#world.time.in(1_000, () => this.#round());
  }

  #cutSomebody(): void {
    const process = this.#random.pick<Process>([
      ...this.#world.coordinators,
      ...this.#world.sidecars,
    ]);
    const { name } = process.person;
    const ways = this.#random.pick([["to"], ["from"], ["to", "from"]]);
    for (const way of ways) this.#world.bus.cut.add(`${way}:${name}`);
    this.counts.cuts++;
    this.#world.time.in(this.#random.int(500, 7_000), () => {
      if (!this.isHeld) this.#world.heal(process);
    });
  }

  #moveClocks(): void {
    const { coordinators, sidecars } = this.#world;
    for (const sidecar of sidecars) {
      const isJump = this.#random.chance(0.03);
      if (isJump) this.counts.jumps++;
      const by = isJump ? this.#random.int(-45_000, 45_000) : this.#random.int(-20, 20);
      sidecar.skewMs = Math.max(-45_000, Math.min(45_000, sidecar.skewMs + by));
    }
    // A lone coordinator's clock is the mesh's; of three, one may be wherever it likes.
    for (const [i, coordinator] of coordinators.entries()) {
      const isFree = coordinators.length === 3 && i === 2;
      const by = isFree && this.#random.chance(0.1) ? this.#random.int(-20_000, 20_000) : 0;
      const limit = isFree ? 30_000 : 1_000;
      const drifted = coordinator.skewMs + by + this.#random.int(0, 15);
      coordinator.skewMs = Math.max(-limit, Math.min(limit, drifted));
    }
  }
}
