// Verdicts by machines at one coordinator, and at three over three NATS servers: how many a second,
// and how soon the evidence that completes a warrant is a verdict under a majority's seals. Beside
// the same messages published to and consumed from a bare stream on the same servers.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { channelsOf, encode, JournalMessageSchema, Ledger, type SubjectText } from "@ostraka/proto";
import { connect, consumerOpts, credsAuthenticator, type NatsConnection } from "nats";
import type { MeshKit } from "../../../agents/testkit/mesh-kit.ts";
import { natsVersion, until } from "../../integration/nats-server.ts";
import { monotonicMs } from "../host-line.ts";
import { type MeshStand, startMesh } from "../mesh-stand.ts";
import { type Bench, interleave, newRow, type Result, type Row, skip } from "../row.ts";

const NAME = "verdicts";
/** Verdicts of one measurement of their rate. */
const MANY = 150;
const RATE_ROUNDS = 3;
const ROUNDS = 25;
const FLOOR_CHANNEL = "floor.verdicts";

export const verdicts: Bench = { name: NAME, run };

async function run(): Promise<Result> {
  if (natsVersion() === undefined) return skip(NAME, "no nats-server (apt install nats-server)");
  const rows: Row[] = [];
  for (const coordinators of [1, 3] as const) rows.push(...(await measure(coordinators)));
  return { rows, skipped: [] };
}

async function measure(coordinators: 1 | 3): Promise<Row[]> {
  await using stand = await startMesh(2, { coordinators, isHostless: true });
  const connection = await connect({
    servers: [...stand.urls],
    authenticator: credsAuthenticator(readFileSync(stand.floorCreds)),
  });
  try {
    const floor = await openFloor(connection, coordinators);
    const hosts = new SpeakingHosts(stand, connection);
    const [sealed = 0, heard = 1] = await interleave(
      ROUNDS,
      () => hosts.sealOne(),
      () => floor.takeOf([hosts.messageOf(0)]),
    );
    const [ours = 0, bare = 1] = await interleave(
      RATE_ROUNDS,
      async () => (MANY / (await hosts.sealMany(MANY))) * 1_000,
      async () => {
        const messages = Array.from({ length: 2 * MANY }, (_, i) => hosts.messageOf(i % 2));
        return (MANY / (await floor.takeOf(messages))) * 1_000;
      },
    );
    return rowsOf(coordinators, { sealed, heard, ours, bare });
  } finally {
    await connection.close();
  }
}

function rowsOf(
  coordinators: 1 | 3,
  { sealed, heard, ours, bare }: Record<"sealed" | "heard" | "ours" | "bare", number>,
): Row[] {
  const at = coordinators === 1 ? "1 replica" : "3 replicas";
  return [
    newRow({
      name: `verdicts, ${at}`,
      ours,
      floor: bare,
      // A verdict is within twice the bare hops (GOALS.md); that many fewer may be made of them.
      goal: 0.5,
      direction: "at-least",
      unit: "verdicts/s of two signals each, sealed",
      beside: `their messages through a bare stream, R${coordinators}`,
    }),
    newRow({
      name: `evidence to sealed, ${at}`,
      ours: sealed,
      floor: heard,
      // Twice two hops, and the floor is one.
      goal: 4,
      direction: "at-most",
      unit: "ms, p50",
      beside: `one publish and consume, R${coordinators}`,
    }),
  ];
}

/** The two hosts of the stand, each signal in a batch of its own. */
class SpeakingHosts {
  readonly #stand: MeshStand;
  readonly #connection: NatsConnection;
  readonly #incarnations: readonly Uint8Array[];
  readonly #numbers = [0, 0];
  #subjects = 0;

  constructor(stand: MeshStand, connection: NatsConnection) {
    this.#stand = stand;
    this.#connection = connection;
    this.#incarnations = stand.kit.hosts.map(() => new Uint8Array(randomBytes(16)));
  }

  /** A message of a host as it would send it; its number is not used up. */
  messageOf(host: number, subject = "address:198.51.100.1"): Uint8Array {
    const { kit } = this.#stand;
    const timeMs = BigInt(Date.now());
    const fields = { timeMs, evidenceFromMs: timeMs - 1_000n };
    const { envelope, signals, privates } = kit.batch(
      kit.hosts[host] as MeshKit["hosts"][number],
      this.#incarnations[host] as Uint8Array,
      this.#numbers[host] as number,
      [{ subject: subject as SubjectText, fields }],
    );
    const message = { format: 1, envelope, signals: [...signals], privates: [...privates] };
    return encode(JournalMessageSchema, create(JournalMessageSchema, message));
  }

  /** Milliseconds from the second host's signal to the verdict's seals. */
  async sealOne(): Promise<number> {
    const stand = this.#stand;
    const [first, second] = this.#pair();
    const { signals } = stand.runtime.node;
    const before = { index: stand.sealedIndex, position: signals.point.position };
    this.#send(0, first);
    await until(() => signals.point.position > before.position, "the first signal is taken");
    const startMs = monotonicMs();
    this.#send(1, second);
    await until(() => stand.sealedIndex > before.index, "the verdict is sealed");
    return stand.sealedMs - startMs;
  }

  /** Milliseconds from the first signal to the last verdict's seals. */
  async sealMany(count: number): Promise<number> {
    const pairs = Array.from({ length: count }, () => this.#pair());
    const before = this.#stand.sealedIndex;
    const startMs = monotonicMs();
    for (const pair of pairs)
      for (const [host, message] of pair.entries()) this.#send(host, message);
    const isSealed = () => this.#stand.sealedIndex >= before + count;
    await until(isSealed, `${count} verdicts are sealed`, 60_000);
    return this.#stand.sealedMs - startMs;
  }

  #pair(): readonly [Uint8Array, Uint8Array] {
    const n = this.#subjects++;
    const subject = `address:198.18.${n >> 8}.${n & 255}`;
    const pair = [this.messageOf(0, subject), this.messageOf(1, subject)] as const;
    for (const host of [0, 1]) this.#numbers[host] = (this.#numbers[host] as number) + 1;
    return pair;
  }

  #send(host: number, message: Uint8Array): void {
    const { kit } = this.#stand;
    const { signer } = kit.hosts[host] as MeshKit["hosts"][number];
    const channel = channelsOf(kit.mesh).journal(Ledger.SIGNALS, signer.publicKey);
    this.#connection.publish(channel, message);
  }
}

interface BareStream {
  /** Milliseconds until everything published has come back. */
  takeOf(messages: readonly Uint8Array[]): Promise<number>;
}

async function openFloor(connection: NatsConnection, replicas: 1 | 3): Promise<BareStream> {
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "FLOOR", subjects: [FLOOR_CHANNEL], num_replicas: replicas });
  let taken = 0;
  let takenMs = 0;
  const options = consumerOpts();
  options.orderedConsumer();
  options.deliverNew();
  options.callback((error) => {
    if (error !== null) throw error;
    taken++;
    takenMs = monotonicMs();
  });
  await connection.jetstream().subscribe(FLOOR_CHANNEL, options);
  return {
    takeOf: async (messages) => {
      const wanted = taken + messages.length;
      const startMs = monotonicMs();
      for (const message of messages) connection.publish(FLOOR_CHANNEL, message);
      await until(() => taken >= wanted, "everything has come back", 60_000);
      return takenMs - startMs;
    },
  };
}
