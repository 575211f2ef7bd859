// What owners and operators do besides verdicts: a roster that expels a host, orders of erasure; and
// what becomes of hosts: one falls silent for longer than anybody overlooks, one cannot enforce what
// it is asked to, while a verdict widens. From the seed. Judges nothing.

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
}

export function planUpkeep(random: Random, hosts: number): UpkeepPlan {
  const [expels, erases] = [random.chance(0.35), random.chance(0.5)];
  const [silences, cannot] = [random.chance(0.35), random.chance(0.4)];
  return { expels: expels && hosts > 2, erases, silences, cannot };
}

const HOUR_MS = 3_600_000;
const SILENT_MS = 14_000;
/** Parts that one round of orders names. */
const ERASED_MAX = 6;
const FEEBLE: ReadonlySet<Stage> = new Set([Stage.STEP_UP, Stage.RESTRICT]);
/** Everybody; then nobody more is left to come, so that a halt changes whom it reaches. */
const STEPS = [
  { afterMs: 0n, permille: 700 },
  { afterMs: 14_000n, permille: 1_000 },
];

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
  }

  /** Faults have stopped: what widens now must halt where a host of its step fails. */
  widen(): void {
    const { people } = this.#p;
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
    const alone = this.#roster(hosts[0] as HostPerson, [owner]);
    const both = this.#roster(this.#random.pick(hosts.slice(1)), [owner, other]);
    client.submit(alone, [], () =>
      client.submit(both, [], ({ outcome }) => {
        // It goes on signalling, and nobody may hear it.
        if (outcome === "ok") attacks.plan(started, 1_000, 6_000);
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
