// A kill switch while every host floods the mesh with signals, beside the same kill switch in
// quiet: from the approval that completes it to the last host's enforcement, in one run.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { inboxPrefix } from "@ostraka/host";
import { channelsOf, encode, JournalMessageSchema, Ledger, type SubjectText } from "@ostraka/proto";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import type { MeshKit } from "../../../agents/testkit/mesh-kit.ts";
import { natsVersion, until } from "../../integration/nats-server.ts";
import { monotonicMs } from "../host-line.ts";
import { type MeshStand, startMesh } from "../mesh-stand.ts";
import { type Bench, median, newRow, only, type Result, skip } from "../row.ts";

const NAME = "kill-lane";
const HOSTS = 5;
const WARM_UP = 5;
const KILLS = 10;
/** Six seconds of flood: what comes after it would not count. */
const BATCHES = 900;
const SIGNALS_OF_BATCH = 128;
/** So many signals a second as one coordinator takes with all else that it does. */
const BATCHES_A_SECOND = 150;

export const killLane: Bench = { name: NAME, run };

async function run(say: (line: string) => void): Promise<Result> {
  if (natsVersion() === undefined) return skip(NAME, "no nats-server (apt install nats-server)");
  await using stand = await startMesh(HOSTS);
  const messages = batchesOf(stand.kit);
  const flood = await openFlood(stand);
  try {
    await killsOf(stand, "warm", WARM_UP);
    const quiet = await killsOf(stand, "before", KILLS);
    const { signals } = stand.runtime.node;
    const stop = flood.start(messages);
    const floodMs = performance.now();
    const from = signals.point.position;
    const isOn = () => flood.sent < messages.length;
    const flooded = await killsOf(stand, "flooded", 2 * KILLS, isOn);
    const sent = stop();
    const tookS = (performance.now() - floodMs) / 1_000;
    // Ticks and imports are a few a second: the rest are batches.
    const taken = signals.point.position - from;
    // As many before as after: what else the machine does changes both sides alike.
    quiet.push(...(await killsOf(stand, "after", KILLS)));
    say(
      `${sent * SIGNALS_OF_BATCH} signals were sent while ${flooded.length} kill switches were fired`,
    );
    return only(
      newRow({
        name: `kill switch under a flood, ${HOSTS} hosts`,
        ours: median(flooded),
        floor: median(quiet),
        goal: 2,
        direction: "at-most",
        unit: "ms, p50, approval to enforced",
        beside: "the same with no signal on its way",
      }),
      newRow({
        name: `signals taken meanwhile, of ${HOSTS} hosts`,
        ours: (Math.min(taken, sent) * SIGNALS_OF_BATCH) / tookS,
        floor: (sent * SIGNALS_OF_BATCH) / tookS,
        // What is left over is taken after the kill switches, never dropped.
        goal: 0.5,
        direction: "at-least",
        unit: "signals/s",
        beside: "the signals sent",
      }),
    );
  } finally {
    await flood.connection.close();
  }
}

/** Batches of every host in turn, each about subjects of its own, signed beforehand. */
function batchesOf(kit: MeshKit): readonly Uint8Array[] {
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const incarnations = kit.hosts.map(() => random(16));
  return Array.from({ length: BATCHES }, (_, i) => {
    const n = i % kit.hosts.length;
    const first = Math.floor(i / kit.hosts.length) * SIGNALS_OF_BATCH;
    const timeMs = BigInt(Date.now());
    const statements = Array.from({ length: SIGNALS_OF_BATCH }, (_, j) => ({
      subject: `address:10.${n}.${(first + j) >> 8}.${(first + j) & 255}` as SubjectText,
      fields: { timeMs, evidenceFromMs: timeMs - 1_000n },
    }));
    const host = kit.hosts[n] as MeshKit["hosts"][number];
    const incarnation = incarnations[n] as Uint8Array;
    const { envelope, signals, privates } = kit.batch(host, incarnation, first, statements);
    const message = { format: 1, envelope, signals: [...signals], privates: [...privates] };
    return encode(JournalMessageSchema, create(JournalMessageSchema, message));
  });
}

interface Flood {
  readonly connection: NatsConnection;
  /** Batches sent so far. */
  readonly sent: number;
  /** Sends at a steady pace. @returns how to stop, and then how many batches were sent. */
  start(messages: readonly Uint8Array[]): () => number;
}

async function openFlood({ url, creds, kit }: MeshStand): Promise<Flood> {
  const [{ signer }] = kit.coordinators as [MeshKit["coordinators"][number]];
  const connection = await connect({
    servers: url,
    authenticator: credsAuthenticator(readFileSync(creds)),
    inboxPrefix: inboxPrefix(signer.publicKey),
  });
  const channel = channelsOf(kit.mesh).journal(Ledger.SIGNALS, signer.publicKey);
  let sent = 0;
  return {
    connection,
    get sent() {
      return sent;
    },
    start: (messages) => {
      const startMs = performance.now();
      const timer = setInterval(() => {
        const due = ((performance.now() - startMs) * BATCHES_A_SECOND) / 1_000;
        for (; sent < Math.min(due, messages.length); sent++) {
          connection.publish(channel, messages[sent] as Uint8Array);
        }
      }, 5);
      return () => {
        clearInterval(timer);
        return sent;
      };
    },
  };
}

/** So many kill switches, or as many as are over while the flood is on. */
async function killsOf(
  stand: MeshStand,
  name: string,
  count: number,
  isOn = () => true,
): Promise<number[]> {
  const tookMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const ms = await kill(stand, `user:bench/${name}-${i}`);
    if (isOn()) tookMs.push(ms);
    else break;
  }
  if (tookMs.length === 0) throw new Error(`no kill switch was over while the mesh was ${name}`);
  return tookMs;
}

/** Proposes and approves; the clock starts at the approval that completes it. */
async function kill({ kit, hosts, submit }: MeshStand, subject: string): Promise<number> {
  const [olga] = kit.operators as [MeshKit["operators"][number]];
  const [, responder, security] = kit.approvers;
  const { id, envelope, part } = kit.propose(olga, subject as SubjectText, Date.now());
  await submit(envelope, [part]);
  const approve = (by = kit.approvers[0]) => {
    if (by === undefined) throw new Error("a mesh without approvers");
    return submit(kit.approve(by, id, Date.now()));
  };
  await approve(responder);
  const startMs = monotonicMs();
  const entered = approve(security);
  await until(() => hosts.every((host) => host.enforcedMs.has(subject)), `${subject} is enforced`);
  await entered;
  return Math.max(...hosts.map((host) => host.enforcedMs.get(subject) ?? 0)) - startMs;
}
