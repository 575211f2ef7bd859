// One run of one mesh, all of it from the seed: who is there, what happens when, a safety phase
// full of faults, a liveness phase without any, the time until everything has expired, and a last
// act in which the whole middle lies. Judges nothing: checkers do.

import { Ledger } from "@ostraka/proto";
import { ATTACKERS, Attacks, HONEST } from "./attacks.ts";
import { Client } from "./client.ts";
import { Damage, type DamagePlan, planDamage } from "./damage.ts";
import { type FaultPlan, Faults, planFaults } from "./faults.ts";
import { type BrokerPlan, HostileBroker } from "./hostile-broker.ts";
import { LyingHost } from "./lying-host.ts";
import { LyingMiddle } from "./lying-middle.ts";
import { People } from "./people.ts";
import { BREAK_GLASS, POLICIES, type SimPolicy, withMore, yamlOf } from "./policies.ts";
import type { Random } from "./random.ts";
import { joinCommands, type MeshShape, type Person, policyCommands } from "./sim-mesh.ts";
import { nameIn, type Truth } from "./truth.ts";
import { CANARY_ATTACKERS, Upkeep, type UpkeepPlan } from "./upkeep.ts";
import type { SimCoordinator, SimSidecar, World } from "./world.ts";

export interface Plan {
  readonly shape: MeshShape;
  readonly faults: FaultPlan;
  readonly broker: BrokerPlan;
  readonly hasLyingHost: boolean;
  readonly hasLyingCoordinator: boolean;
  readonly damage: DamagePlan;
  /** Coordinators begin with an older release. */
  readonly startsOld: boolean;
  readonly rollsOut: boolean;
  readonly changesEpoch: boolean;
  readonly hasOutage: boolean;
}

/** Phases in milliseconds from the start. */
const JOIN_MS = 4_000;
const VERSION_MS = 1_600;
const SAFETY_MS = 42_000;
const REST_MS = 15_000;
const LEAP_MS = 60_000;
const AFTER_LEAP_MS = 6_000;

export function planOf(random: Random): Plan {
  const coordinators = random.chance(0.5) ? 1 : 3;
  const count = random.int(2, 5);
  const hasLyingHost = count >= 3 && random.chance(0.6);
  const hosts = Array.from({ length: count }, (_, i) => ({
    // The first two are witnesses of two domains: a quorum can arise. The third may share one.
    domain: i === 2 && random.chance(0.5) ? "rack-1" : `rack-${i + 1}`,
    isWitness: i < 2 || (hasLyingHost && i === 2) || random.chance(0.5),
  }));
  const three = coordinators === 3;
  const hasLyingCoordinator = three && random.chance(0.4);
  return {
    shape: { coordinators, hosts },
    faults: planFaults(random),
    broker: {
      forges: random.chance(0.5),
      alters: random.chance(0.3),
      altersJournal: random.chance(0.2),
      misreads: three && random.chance(0.15),
    },
    hasLyingHost,
    hasLyingCoordinator,
    damage: planDamage(random, three && !hasLyingCoordinator),
    startsOld: random.chance(0.35),
    rollsOut: random.chance(0.5),
    changesEpoch: random.chance(0.7),
    hasOutage: random.chance(0.6),
  };
}

export class Scenario {
  readonly plan: Plan;
  readonly faults: Faults;
  readonly broker: HostileBroker;
  readonly damage: Damage;
  readonly client: Client;
  readonly people: People;
  readonly attacks: Attacks;
  readonly upkeep: Upkeep;
  readonly started: SimSidecar[] = [];
  isOutage = false;
  hasLost = false;
  /** True time at which faults stopped. */
  restMs = Number.POSITIVE_INFINITY;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #random: Random;
  readonly #middle: LyingMiddle;
  readonly #liar: LyingHost | undefined;

  constructor(
    world: World,
    truth: Truth,
    { plan, upkeep }: { readonly plan: Plan; readonly upkeep: UpkeepPlan },
    random: Random,
    onLoss: () => void,
  ) {
    this.#world = world;
    this.#truth = truth;
    this.#random = random;
    this.plan = plan;
    this.faults = new Faults(world, random.split("faults"), plan.faults);
    this.broker = new HostileBroker(world, random.split("broker"), plan.broker);
    this.damage = new Damage(world, random.split("damage"), plan.damage, () => {
      this.hasLost = true;
      onLoss();
    });
    this.client = new Client(world, random.split("client"));
    this.people = new People(world, random.split("people"), this.client);
    this.attacks = new Attacks(world, random.split("attacks"));
    this.#middle = new LyingMiddle(world, truth, this.people, random.split("middle"));
    const host = plan.hasLyingHost ? world.sim.hosts[2] : undefined;
    this.#liar = host && new LyingHost(world, random.split("liar"), host);
    const { attacks, client, people, started } = this;
    const parts = { world, truth, client, people, attacks, started };
    this.upkeep = new Upkeep(parts, upkeep, random.split("upkeep"));
  }

  /** The safety phase. */
  safety(): void {
    const world = this.#world;
    for (const coordinator of world.coordinators) {
      if (this.plan.startsOld) coordinator.versionMax = 1;
      world.startCoordinator(coordinator);
    }
    this.#found();
    const last = world.sidecars.length - 1;
    for (const [i, sidecar] of world.sidecars.entries()) {
      const isNewcomer = i === last && i >= 2 && this.#random.chance(0.7);
      const inMs = isNewcomer ? this.#random.int(20_000, 34_000) : this.#random.int(1_000, 4_000);
      world.time.in(JOIN_MS + inMs, () => this.#join(sidecar));
    }
    world.time.in(JOIN_MS, () => {
      this.faults.start();
      this.broker.start();
      this.damage.start();
    });
    this.#planWork();
    world.time.in(JOIN_MS, () => this.upkeep.start());
    if (this.plan.hasOutage) this.#planOutage();
    if (this.plan.startsOld) this.#planUpgrade();
    world.run(SAFETY_MS);
  }

  /** Faults stop; everything must come together. */
  liveness(): void {
    this.restMs = this.#world.time.nowMs;
    this.isOutage = false;
    this.faults.isHeld = false;
    this.broker.stop();
    this.faults.stop((process) => !this.#isSidecar(process) || this.started.includes(process));
    this.upkeep.rest();
    this.#world.run(REST_MS);
  }

  /** Everything stands still until all is over, then goes on. */
  expiry(): void {
    this.#world.time.leap(LEAP_MS);
    this.upkeep.afterLeap();
    this.#world.run(AFTER_LEAP_MS);
  }

  /** All coordinators lie together, to every sidecar. */
  lastAct(): void {
    const world = this.#world;
    const [ada, sam] = ["ada", "sam"].map((name) => this.people.person(name));
    if (ada === undefined || sam === undefined) return;
    const wish = { subject: ATTACKERS[0] as string, by: this.people.person("olga") };
    this.people.ask(wish, [ada, sam]);
    world.run(4_000);
    for (const sidecar of this.started)
      if (sidecar.node !== undefined) this.#middle.lieTogether(sidecar);
    world.run(1_000);
  }

  /** One coordinator after the other gets the newer release. */
  #planUpgrade(): void {
    const { time, coordinators } = this.#world;
    for (const coordinator of coordinators) {
      time.in(this.#random.int(9_000, 15_000), () => {
        coordinator.versionMax = Number.MAX_SAFE_INTEGER;
        if (coordinator.node === undefined) return;
        this.#world.kill(coordinator);
        this.#world.startCoordinator(coordinator);
      });
    }
  }

  #isSidecar(process: SimCoordinator | SimSidecar): process is SimSidecar {
    return this.#world.sidecars.some((s) => s === process);
  }

  /** Genesis, first policy, its activation: one after the other. */
  #found(): void {
    const { sim, time } = this.#world;
    const [plain] = POLICIES as [SimPolicy];
    // Under the first machine version nobody knows the rest.
    const first = this.plan.startsOld ? plain : withMore(plain);
    const [document, activation] = policyCommands(sim, 1, time.nowMs, yamlOf(first));
    this.people.firstActivation = activation;
    time.in(1_200, () =>
      this.client.submit(sim.genesis.envelope, [], () =>
        // The version is entered at the first tick of all after the genesis.
        time.in(VERSION_MS, () =>
          this.client.submit(document, [], () => this.client.submit(activation)),
        ),
      ),
    );
  }

  #join(sidecar: SimSidecar): void {
    const { sim, time } = this.#world;
    const random = this.#random.split(sidecar.person.name);
    const [grant, membership] = joinCommands(sim, random, sidecar.person, time.nowMs);
    this.client.submit(grant, [], ({ outcome }) => {
      if (outcome !== "ok") return;
      this.client.submit(membership, [], () => {
        if (this.#liar?.host === sidecar.person) return this.#lieOn();
        this.started.push(sidecar);
        if (!this.isOutage) this.#world.startSidecar(sidecar);
        this.attacks.work([sidecar], 20_000);
      });
    });
  }

  #lieOn(): void {
    const [coordinator] = this.#world.coordinators.filter((c) => c.node !== undefined);
    const epoch = coordinator?.node?.control.mesh.view.epoch ?? 1;
    const canary = this.#truth.epochs.runningCanary();
    if (canary !== undefined) this.#liar?.joinCanary(canary, CANARY_ATTACKERS);
    this.#liar?.lie(epoch);
    this.#world.time.in(this.#random.int(800, 2_500), () => this.#lieOn());
  }

  #planWork(): void {
    const { time } = this.#world;
    time.in(JOIN_MS + 6_000, () => {
      if (this.started.length > 0) this.attacks.plan(this.started, 0, 24_000);
    });
    for (let i = 0; i < 3; i++) time.in(this.#random.int(10_000, 38_000), () => this.#cut(i));
    for (let i = 0; i < 4; i++) time.in(this.#random.int(16_000, 40_000), () => this.#liftSome());
    for (let i = 0; i < 2; i++) time.in(this.#random.int(20_000, 38_000), () => this.#takeUp());
    time.in(this.#random.int(12_000, 30_000), () => this.#breakGlass());
    time.in(this.#random.int(11_000, 36_000), () =>
      this.people.tryAlone(this.#random.pick(HONEST), "host-1"),
    );
    if (this.plan.changesEpoch) {
      // After an upgrade: a document of the newer version is none before it.
      const fromMs = this.plan.startsOld ? 18_000 : 14_000;
      // Early where somebody is to lag behind for longer than the last epoch counts.
      const toMs = this.upkeep.plan.lags ? fromMs + 1_000 : 30_000;
      time.in(this.#random.int(fromMs, toMs), () => {
        this.upkeep.onEpochChange();
        this.people.changeEpoch(this.plan.rollsOut);
      });
    }
    const [, , liar] = this.#world.sim.coordinators;
    if (this.plan.hasLyingCoordinator && liar !== undefined) {
      for (let i = 0; i < 5; i++) {
        time.in(this.#random.int(12_000, 40_000), () => {
          if (this.started.length > 0) this.#middle.lieAlone(liar);
        });
      }
    }
  }

  /** A kill switch with true consent; the second one may supersede, the third one names a host. */
  #cut(n: number): void {
    const [ada, rui, sam] = ["ada", "rui", "sam"].map((name) => this.people.person(name));
    if (ada === undefined || rui === undefined || sam === undefined) return;
    const subject = n === 2 ? "user:sim/mallory" : this.#random.pick(ATTACKERS);
    const by = this.people.person(this.#random.pick(["olga", "omar"]));
    const inForce = n === 1 ? this.#inForce() : [];
    const old = inForce.length > 0 ? this.#random.pick(inForce) : undefined;
    const supersedes = old === undefined ? [] : [old.id];
    const about = old === undefined ? subject : this.#nameFor(old);
    const reach = this.people.isVersion2 && supersedes.length === 0 ? this.#reach() : {};
    const hosts = n === 2 && this.#random.chance(0.6) ? { hosts: ["host-1"] } : {};
    const both = this.#random.chance(0.5) ? [ada, rui] : [this.#random.pick([ada, rui])];
    this.people.ask({ subject: about, by, supersedes, ...hosts, ...reach }, [...both, sam]);
  }

  /** Sometimes only shown, sometimes brought in by steps. */
  #reach() {
    if (this.#random.chance(0.15)) return { isDryRun: true };
    if (!this.#random.chance(0.35)) return {};
    const step = (afterMs: bigint, permille: number) => ({ afterMs, permille });
    return { ttlMs: 40_000, widening: [step(0n, 300), step(4_000n, 700), step(8_000n, 1_000)] };
  }

  /** What machines left to people is taken up, with its signals: sometimes by one approver. */
  #takeUp(): void {
    const open = this.#truth
      .entries(Ledger.SIGNALS)
      .slice(1)
      .filter(({ entry }) => entry.effect.case === "suggestion");
    if (open.length === 0) return;
    const { entry, record } = this.#random.pick(open);
    if (entry.effect.case !== "suggestion") return;
    const [ada, rui, sam] = ["ada", "rui", "sam"].map((name) => this.people.person(name)) as [
      Person,
      Person,
      Person,
    ];
    const approvers = this.#random.pick([[ada], [rui], [ada, sam]]);
    const evidence = { signals: entry.effect.value.signals, parts: record.privates };
    const wish = { subject: nameIn(record), by: this.people.person("omar"), ttlMs: 20_000 };
    this.people.ask({ ...wish, evidence }, approvers);
  }

  /** Both that get people back in, one after the other: never both. */
  #breakGlass(): void {
    const [ada, rui, sam] = ["ada", "rui", "sam"].map((name) => this.people.person(name)) as [
      Person,
      Person,
      Person,
    ];
    for (const subject of BREAK_GLASS) {
      const wish = { subject, by: this.people.person("olga"), ttlMs: 35_000 };
      this.people.ask(wish, [ada, rui, sam]);
    }
  }

  #liftSome(): void {
    const inForce = this.#inForce();
    if (inForce.length === 0) return;
    const [rui, sam] = ["rui", "sam"].map((name) => this.people.person(name));
    if (rui === undefined || sam === undefined) return;
    const old = this.#random.pick(inForce);
    const lifts = [old.id];
    const pardon = this.#random.chance(0.5) ? { pardonBeforeMs: this.#world.time.nowMs } : {};
    const subject = this.#nameFor(old);
    this.people.ask({ subject, by: this.people.person("olga"), lifts, ...pardon }, [rui, sam]);
  }

  /** Mostly the subject of what is to end; sometimes another, in whose name it must not end. */
  #nameFor(old: { readonly subject: string }): string {
    return this.#random.chance(0.8) ? old.subject : this.#random.pick(ATTACKERS);
  }

  /** Revocations that some sealed entry holds and that have not expired. */
  #inForce(): { readonly id: Uint8Array; readonly subject: string }[] {
    const inForce: { readonly id: Uint8Array; readonly subject: string }[] = [];
    for (const ledger of [Ledger.CONTROL, Ledger.SIGNALS] as const) {
      for (const { entry, record } of this.#truth.entries(ledger).slice(1)) {
        if (entry.effect.case !== "revocation") continue;
        if (Number(entry.effect.value.expiresMs) > this.#world.time.nowMs) {
          inForce.push({ id: entry.effect.value.id, subject: nameIn(record) });
        }
      }
    }
    return inForce;
  }

  /** The middle goes away for a while: all coordinators, or every link to the bus. */
  #planOutage(): void {
    const { time, bus, coordinators, sidecars } = this.#world;
    const isBus = this.#random.chance(0.5);
    const fromMs = this.#random.int(22_000, 30_000);
    time.in(fromMs, () => {
      this.isOutage = true;
      this.faults.isHeld = true;
      for (const coordinator of coordinators) if (!isBus) this.#world.kill(coordinator);
      for (const { person } of isBus ? sidecars : []) {
        bus.cut.add(`to:${person.name}`);
        bus.cut.add(`from:${person.name}`);
      }
      this.#restartSomebody(3_500);
      this.#restartSomebody(5_500);
    });
    time.in(fromMs + 9_000, () => this.#endOutage());
  }

  #endOutage(): void {
    this.isOutage = false;
    this.faults.isHeld = false;
    for (const coordinator of this.#world.coordinators) this.faults.restart(coordinator);
    for (const sidecar of this.#world.sidecars) {
      if (this.started.includes(sidecar)) this.faults.restart(sidecar);
      this.#world.heal(sidecar);
    }
  }

  /** A sidecar's process dies and comes back while nobody is there to help it. */
  #restartSomebody(inMs: number): void {
    this.#world.time.in(inMs, () => {
      if (this.started.length === 0) return;
      const sidecar = this.#random.pick(this.started);
      this.#world.kill(sidecar);
      this.#world.startSidecar(sidecar);
    });
  }
}
