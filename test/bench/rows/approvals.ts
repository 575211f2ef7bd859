// A kill switch with 3, 100 and 1,000 hosts: from the approval that completes it until the last
// host enforces it, until a coordinator has every receipt, until the coverage certificate stands.
// Beside one message to as many bare subscribers and one back from each.

import { readFileSync } from "node:fs";
import {
  decode,
  type Envelope,
  hex,
  Ledger,
  LIMITS,
  ReceiptSchema,
  type SubjectText,
} from "@ostraka/proto";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import type { MeshKit, Person } from "../../../agents/testkit/mesh-kit.ts";
import { natsVersion, until } from "../../integration/nats-server.ts";
import { Fleet } from "../fleet.ts";
import { FLEET_FLOOR, monotonicMs } from "../host-line.ts";
import { type MeshStand, startMesh } from "../mesh-stand.ts";
import {
  type Bench,
  interleave,
  newRow,
  type Result,
  type Row,
  type Skipped,
  skip,
} from "../row.ts";

const NAME = "approvals";
/** Hosts, and how often each is measured. */
const SIZES = [
  [3, 9],
  [100, 5],
  [1_000, 3],
] as const;
const WAIT_MS = 60_000;

export const approvals: Bench = { name: NAME, run };

interface Sample {
  readonly enforcedMs: number;
  readonly receiptsMs: number;
  readonly certifiedMs: number;
}

async function run(): Promise<Result> {
  if (natsVersion() === undefined) return skip(NAME, "no nats-server (apt install nats-server)");
  const rows: Row[] = [];
  const skipped: Skipped[] = [];
  for (const [hosts, rounds] of SIZES) {
    const measured = await measure(hosts, rounds);
    if (measured !== undefined) rows.push(...measured);
    else skipped.push({ name: `${NAME}, ${hosts} hosts`, why: "they were not all fresh in time" });
  }
  return { rows, skipped };
}

/** `undefined` where so many hosts are more than this machine keeps fresh. */
async function measure(hosts: number, rounds: number): Promise<Row[] | undefined> {
  await using stand = await startMesh(hosts, { isHostless: true });
  await using fleet = await Fleet.start(stand);
  if (fleet === undefined) return undefined;
  const connection = await connect({
    servers: stand.url,
    authenticator: credsAuthenticator(readFileSync(stand.floorCreds)),
  });
  try {
    const receipts = new ReceiptTimes(stand);
    const floorRound = openFloor(connection, hosts);
    let round = 0;
    let last: Sample | undefined;
    const sampled = (what: keyof Sample) => () => (last as Sample)[what];
    const [bare = 1, enforced = 0, receipted = 0, certified = 0] = await interleave(
      rounds,
      floorRound,
      async () => {
        last = await kill(stand, fleet, receipts, `user:bench/kill-${round++}`);
        return last.enforcedMs;
      },
      sampled("receiptsMs"),
      sampled("certifiedMs"),
    );
    return rowsOf(hosts, bare, {
      enforcedMs: enforced,
      receiptsMs: receipted,
      certifiedMs: certified,
    });
  } finally {
    await connection.close();
  }
}

function rowsOf(hosts: number, floor: number, sample: Sample): Row[] {
  const of = `${hosts.toLocaleString("en")} hosts`;
  const unit = "ms, p50, from the last approval; a process of hosts verifies each signature once";
  const shared = { floor, direction: "at-most", unit } as const;
  const beside = "one message to as many and one back from each";
  return [
    // As many hops as evidence to enforced has, and the same goal for them.
    newRow({
      ...shared,
      name: `approvals to enforced, ${of}`,
      ours: sample.enforcedMs,
      goal: 4.2,
      beside,
    }),
    newRow({
      ...shared,
      name: `to the last receipt, ${of}`,
      ours: sample.receiptsMs,
      goal: 4.2,
      beside,
    }),
    // It is claimed at a tick, so it takes a second however few the hosts are.
    newRow({
      ...shared,
      name: `to the certificate, ${of}`,
      ours: sample.certifiedMs,
      goal: 4.2,
      beside,
    }),
  ];
}

/** One message out, one back from each. */
function openFloor(connection: NatsConnection, hosts: number): () => Promise<number> {
  const message = new Uint8Array(FLEET_FLOOR.verdictBytes);
  let back = 0;
  let backMs = 0;
  connection.subscribe(FLEET_FLOOR.back, {
    callback: () => {
      back++;
      backMs = monotonicMs();
    },
  });
  return async () => {
    const wanted = back + hosts;
    await connection.flush();
    const startMs = monotonicMs();
    connection.publish(FLEET_FLOOR.out, message);
    await until(() => back >= wanted, "every subscriber has answered", WAIT_MS);
    return backMs - startMs;
  };
}

/** When the coordinator took each host's first receipt at or past a control index. */
class ReceiptTimes {
  readonly #hosts: number;
  readonly #firstMs = new Map<string, number>();
  #taken: { readonly host: string; readonly index: number; readonly atMs: number }[] = [];

  constructor({ runtime, kit }: MeshStand) {
    this.#hosts = kit.hosts.length;
    runtime.onReceipt((envelope) => this.#onReceipt(envelope));
  }

  forget(): void {
    this.#taken = [];
    this.#firstMs.clear();
  }

  /** When the last host had shown it; `undefined` before. Asked for one index at a time. */
  completeMs(index: number): number | undefined {
    for (const receipt of this.#taken.splice(0)) {
      const isFirst = receipt.index >= index && !this.#firstMs.has(receipt.host);
      if (isFirst) this.#firstMs.set(receipt.host, receipt.atMs);
    }
    return this.#firstMs.size === this.#hosts ? Math.max(...this.#firstMs.values()) : undefined;
  }

  #onReceipt({ body }: Envelope): void {
    const receipt = decode(ReceiptSchema, body, LIMITS.envelopeBodyBytesMax);
    if (receipt === undefined) throw new Error("a receipt cannot be read");
    const index = Number(receipt.controlIndex);
    this.#taken.push({ host: hex(receipt.hostKey), index, atMs: monotonicMs() });
  }
}

async function kill(
  stand: MeshStand,
  fleet: Fleet,
  receipts: ReceiptTimes,
  subject: string,
): Promise<Sample> {
  const { kit, submit, runtime } = stand;
  const [olga] = kit.operators as [Person];
  const [, responder, security] = kit.approvers as MeshKit["approvers"] & [Person, Person, Person];
  const { id, envelope, part } = kit.propose(olga, subject as SubjectText, Date.now());
  await submit(envelope, [part]);
  await submit(kit.approve(responder, id, Date.now()));
  receipts.forget();
  const startMs = monotonicMs();
  const { index, verdictId } = await submit(kit.approve(security, id, Date.now()));
  if (verdictId === undefined) throw new Error("the last approval made no verdict");
  // A listening look costs nothing that is measured; the times are of the events themselves.
  await until(() => fleet.enforcedMs(subject) !== undefined, `${subject} is enforced`, WAIT_MS);
  await until(() => receipts.completeMs(index) !== undefined, "every receipt is taken", WAIT_MS);
  let certifiedMs = 0;
  const isCertified = () => {
    const [row] = runtime.parts.store.scan(`by/coverage/${hex(verdictId)}/`, undefined, 1);
    const sealed = Number(runtime.node.sealedOf(Ledger.CONTROL)?.head.index ?? 0);
    certifiedMs = monotonicMs();
    return row !== undefined && sealed >= Number(row[0].slice(-16));
  };
  await until(isCertified, `${subject} has its coverage certificate`, WAIT_MS);
  return {
    enforcedMs: (fleet.enforcedMs(subject) ?? 0) - startMs,
    receiptsMs: (receipts.completeMs(index) ?? 0) - startMs,
    certifiedMs: certifiedMs - startMs,
  };
}
