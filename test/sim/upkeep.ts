// What owners and operators do besides verdicts: a roster that expels a host, orders of erasure;
// and what becomes of hosts: one falls silent for longer than anybody overlooks, one cannot enforce
// what it is asked to, while a verdict widens. From the seed. Judges nothing.

import {
  compareBytes,
  type Envelope,
  ErasureOrderSchema,
  encode,
  encodeNew,
  hex,
  LEDGERS,
  RosterSchema,
  Stage,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import type { Attacks } from "./attacks.ts";
import type { Client } from "./client.ts";
import type { People } from "./people.ts";
import type { Random } from "./random.ts";
import type { HostPerson, Person } from "./sim-mesh.ts";
import type { Truth } from "./truth.ts";
import type { SimSidecar, World } from "./world.ts";

export interface UpkeepPlan {
  /** Two owners expel a host; before, one of them alone tries to. */
  readonly expels: boolean;
  readonly erases: boolean;
  /** A host is down for longer than a status may keep silent about it. */
  readonly silences: boolean;
  /** One host's enforcers cannot suspend. */
  readonly cannot: boolean;
  /** One witness of two, or both, do not hear of the second epoch for a while. */
  readonly lags: boolean;
}

export function planUpkeep(random: Random, hosts: number): UpkeepPlan {
  const [expels, erases] = [random.chance(0.35), random.chance(0.5)];
  const [silences, cannot] = [random.chance(0.35), random.chance(0.4)];
  // Who is expelled would be one of the two that lag.
  const lags = random.chance(0.4) && !expels;
  return { expels: expels && hosts > 2, erases, silences, cannot, lags };
}

const HOUR_MS = 3_600_000;
/** Nobody has seen these before a host is expelled, and these before an epoch is. */
const LATE_ATTACKERS = attackers(71, 72);
const LAG_ATTACKERS = attackers(81, 82);
/** Come while a canary runs. */
export const CANARY_ATTACKERS = attackers(91, 92);
/** How often it is looked for; and for how long after the faults it is attacked. */
const LOOK_MS = 500;
const CALM_MS = 5_000;
/** An epoch that is over counts for a window of twelve seconds more. */
const OVER_MS = 15_000;
const CLOSING_MS = 4_000;
const SILENT_MS = 14_000;
/** Parts that one round of orders names. */
const ERASED_MAX = 6;
const FEEBLE: ReadonlySet<Stage> = new Set([Stage.STEP_UP, Stage.RESTRICT]);
/** Everybody; then nobody more is left to come, so that a halt changes whom it reaches. */
const STEPS = [
  { afterMs: 0n, permille: 700 },
  { afterMs: 11_000n, permille: 1_000 },
];

function attackers(...last: readonly number[]): readonly SubjectText[] {
  return last.map((n) => `address:203.0.113.${n}` as SubjectText);
}

export interface UpkeepParts {
  readonly world: World;
  readonly truth: Truth;
  readonly client: Client;
  readonly people: People;
  readonly attacks: Attacks;
  readonly started: readonly SimSidecar[];
}

export class Upkeep {
  readonly plan: UpkeepPlan;
  readonly #p: UpkeepParts;
  readonly #random: Random;
  #canary: number | undefined;
  #calmMs = Number.POSITIVE_INFINITY;

  constructor(parts: UpkeepParts, plan: UpkeepPlan, random: Random) {
    this.#p = parts;
    this.plan = plan;
    this.#random = random;
    const { sidecars } = parts.world;
    if (plan.cannot) (sidecars.at(-1) as SimSidecar).stages = FEEBLE;
  }

  /** Plans the safety phase. */
  start(): void {
    const at = (fromMs: number, toMs: number, run: () => void) =>
      this.#p.world.time.in(this.#random.int(fromMs, toMs), run);
    if (this.plan.expels) at(20_000, 30_000, () => this.#expel());
    if (this.plan.silences) at(18_000, 27_000, () => this.#silence());
    if (this.plan.erases) at(30_000, 40_000, () => this.#erase());
    this.#watchCanaries();
  }

  /** Whoever tries an epoch has something to decide under it. */
  #watchCanaries(): void {
    const { world, truth, attacks, started } = this.#p;
    if (world.time.nowMs > this.#calmMs) return;
    const canary = truth.epochs.runningCanary();
    if (canary !== this.#canary && canary !== undefined) {
      for (const address of CANARY_ATTACKERS) attacks.burst(address, started, 0, true);
    }
    this.#canary = canary;
    world.time.in(LOOK_MS, () => this.#watchCanaries());
  }

  /** Who does not hear of an epoch goes on signalling under the last one. */
  onEpochChange(): void {
    if (!this.plan.lags) return;
    const { world, attacks } = this.#p;
    const witnesses = world.sidecars.slice(0, 2);
    const deaf = this.#random.chance(0.6) ? witnesses : witnesses.slice(1);
    for (const { person } of deaf) world.bus.deaf.add(person.name);
    const inMs = deaf.length > 1 ? OVER_MS : CLOSING_MS;
    for (const address of LAG_ATTACKERS) attacks.burst(address, witnesses, inMs);
  }

  /** Faults have stopped: what widens now must halt where a host of its step fails. */
  rest(): void {
    const { people, world } = this.#p;
    this.#calmMs = world.time.nowMs + CALM_MS;
    const deaf = world.sidecars.filter(({ person }) => world.bus.deaf.delete(person.name));
    for (const sidecar of deaf) world.heal(sidecar);
    if (!people.isVersion2) return;
    const [ada, rui, sam] = ["ada", "rui", "sam"].map((name) => people.person(name)) as [
      Person,
      Person,
      Person,
    ];
    const by = people.person("olga");
    const wish = { subject: "user:sim/trent", by, ttlMs: 40_000, widening: STEPS };
    people.ask(wish, [ada, rui, sam]);
  }

  /** Everything is over: whatever was ever said of somebody may go. */
  afterLeap(): void {
    if (this.plan.erases) this.#p.world.time.in(500, () => this.#erase());
  }

  #expel(): void {
    const { world, client, attacks, started } = this.#p;
    const { hosts, roots } = world.sim;
    const [owner, other] = roots as [Person, Person];
    const [first, second] = hosts as [HostPerson, HostPerson];
    // Mostly the second witness: without it there may be none left to agree with the first.
    const host = this.#random.chance(0.7) ? second : this.#random.pick(hosts.slice(1));
    const alone = this.#roster(first, [owner]);
    const both = this.#roster(host, [owner, other]);
    client.submit(alone, [], () =>
      client.submit(both, [], ({ outcome }) => {
        if (outcome !== "ok") return;
        // It goes on signalling what another sees too, and nobody may hear it.
        const seers = started.filter(({ person }) => person === first || person === host);
        for (const address of LATE_ATTACKERS) attacks.burst(address, seers, 1_500);
      }),
    );
  }

  #roster(host: HostPerson, owners: readonly Person[]): Envelope {
    const { sim, time } = this.#p.world;
    const before = sim.genesis.roster;
    const body = encodeNew(RosterSchema, {
      ...before,
      version: before.version + 1,
      previous: sim.crypto.sha256(encode(RosterSchema, before)),
      expelledKeys: [host.signer.publicKey],
      notAfterMs: BigInt(time.nowMs + HOUR_MS),
    });
    return signEnvelope(sim.mesh, "roster", body, ...owners.map((o) => o.signer));
  }

  #silence(): void {
    const { world, started } = this.#p;
    if (started.length === 0) return;
    const sidecar = this.#random.pick(started);
    world.kill(sidecar);
    world.time.in(SILENT_MS, () => {
      if (sidecar.node === undefined) world.startSidecar(sidecar);
    });
  }

  /** Orders the erasure of some parts, each by itself; one of them by one operator alone first. */
  #erase(): void {
    const { client } = this.#p;
    const { operators } = this.#p.world.sim;
    const known = [...this.#commitments().values()];
    for (let n = 0; n < ERASED_MAX && known.length > 0; n++) {
      const commitment = known.splice(this.#random.int(0, known.length - 1), 1);
      const both = this.#order(commitment, operators);
      if (n > 0) client.submit(both);
      else
        client.submit(this.#order(commitment, operators.slice(1)), [], () => client.submit(both));
    }
  }

  #order(commitments: readonly Uint8Array[], by: readonly Person[]): Envelope {
    const { sim, time } = this.#p.world;
    const body = encodeNew(ErasureOrderSchema, {
      format: 1,
      nonce: this.#random.bytes(16),
      createdMs: BigInt(time.nowMs),
      notAfterMs: BigInt(time.nowMs + HOUR_MS),
      commitments: [...commitments].sort(compareBytes) as Uint8Array<ArrayBuffer>[],
    });
    return signEnvelope(sim.mesh, "erasure", body, ...by.map((o) => o.signer));
  }

  /** Of every private part that lies beside an entry. */
  #commitments(): ReadonlyMap<string, Uint8Array> {
    const { truth, world } = this.#p;
    const found = new Map<string, Uint8Array>();
    for (const ledger of LEDGERS) {
      for (const { record } of truth.entries(ledger).slice(1)) {
        for (const { salt, content } of record.privates) {
          const commitment = world.sim.crypto.sha256(salt, content);
          found.set(hex(commitment), commitment);
        }
      }
    }
    return found;
  }
}
