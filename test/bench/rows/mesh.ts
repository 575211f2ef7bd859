// Evidence to enforced on ten sidecars, beside two bare JetStream hops between the same processes:
// from the event that makes the second host signal to the last host's enforcement, each verified
// and durable.

import { connect, consumerOpts, type NatsConnection } from "nats";
import { natsVersion, startNats, until } from "../../integration/nats-server.ts";
import { FLOOR } from "../host-line.ts";
import { type MeshStand, type StandHost, startMesh } from "../mesh-stand.ts";
import { type Bench, median, newRow, quantile, type Result, skip } from "../row.ts";

const NAME = "mesh";
const HOSTS = 10;
const ROUNDS = 60;
const WARM_UP = 20;
/** Of a batch's journal message, about. */
const FLOOR_BYTES = 700;

export const mesh: Bench = { name: NAME, run };

interface Samples {
  readonly enforced: number[];
  readonly sealed: number[];
  readonly floor: number[];
}

async function run(say: (line: string) => void): Promise<Result> {
  if (natsVersion() === undefined) return skip(NAME, "no nats-server (apt install nats-server)");
  await using floorNats = await startNats();
  const floor = await connect({ servers: floorNats.url });
  try {
    await openFloor(floor);
    await using stand = await startMesh(HOSTS, { floorUrl: floorNats.url });
    const samples: Samples = { enforced: [], sealed: [], floor: [] };
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const floorMs = await floorRound(stand.hosts);
      const { enforcedMs, sealedMs } = await meshRound(stand, round);
      if (round < WARM_UP) continue;
      samples.floor.push(floorMs);
      samples.enforced.push(enforcedMs);
      samples.sealed.push(sealedMs);
    }
    return { rows: rowsOf(samples, say), skipped: [] };
  } finally {
    await floor.close();
  }
}

/** The middle of the floor: takes from one stream, puts into the other, and nothing else. */
async function openFloor(connection: NatsConnection): Promise<void> {
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "SIGNALS", subjects: [FLOOR.signals] });
  await manager.streams.add({ name: "VERDICTS", subjects: [FLOOR.verdicts] });
  const client = connection.jetstream();
  const options = consumerOpts();
  options.orderedConsumer();
  options.deliverNew();
  options.callback((error, message) => {
    if (error !== null || message === null) return;
    client.publish(FLOOR.verdicts, message.data).catch((cause: unknown) => {
      throw cause;
    });
  });
  await client.subscribe(FLOOR.signals, options);
}

async function floorRound(hosts: readonly StandHost[]): Promise<number> {
  for (const host of hosts) host.heardMs = undefined;
  const sentMs = await send(hosts[1] as StandHost, { type: "floor", bytes: FLOOR_BYTES });
  await until(() => hosts.every((host) => host.heardMs !== undefined), "every host heard");
  return Math.max(...hosts.map((host) => host.heardMs ?? 0)) - sentMs;
}

async function meshRound(
  stand: MeshStand,
  round: number,
): Promise<{ readonly enforcedMs: number; readonly sealedMs: number }> {
  const { hosts } = stand;
  const [first, second] = hosts as [StandHost, StandHost];
  const subject = `address:203.0.${round >> 8}.${round & 255}`;
  await send(first, { type: "attack", subject });
  // The first host's signal is in the journal well before the second's.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const before = stand.sealedIndex;
  const sentMs = await send(second, { type: "attack", subject });
  await until(() => hosts.every((host) => host.enforcedMs.has(subject)), `${subject} is enforced`);
  const enforcedMs = Math.max(...hosts.map((host) => host.enforcedMs.get(subject) ?? 0)) - sentMs;
  if (stand.sealedIndex === before) throw new Error("enforced without a seal");
  return { enforcedMs, sealedMs: stand.sealedMs - sentMs };
}

async function send(host: StandHost, order: Parameters<StandHost["order"]>[0]): Promise<number> {
  host.sentMs = undefined;
  host.order(order);
  await until(() => host.sentMs !== undefined, `${host.name} sent`);
  return host.sentMs ?? 0;
}

function rowsOf({ enforced, sealed, floor }: Samples, say: (line: string) => void) {
  const p99 = quantile(enforced, 0.99) / quantile(floor, 0.99);
  say(`p99: ${p99.toFixed(1)} times the p99 of the bare hops, of ${enforced.length} rounds`);
  const shared = { floor: median(floor), direction: "at-most", unit: "ms, p50" } as const;
  return [
    newRow({
      ...shared,
      name: "evidence to enforced, 10 hosts",
      ours: median(enforced),
      // 1.5 × 1.3 ms, over two hops of 0.23 ms: the floors that the goal was set from.
      goal: 4.2,
      beside: "two bare JetStream hops to 10",
    }),
    newRow({
      ...shared,
      name: "evidence to sealed",
      ours: median(sealed),
      goal: 2,
      beside: "two bare JetStream hops to 10",
    }),
  ];
}
