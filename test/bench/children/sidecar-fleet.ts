// Many hosts of the stand in one process: sidecars of real parts, each on its own store, keys and
// connection, and for the floor as many bare subscribers that send one message back.

import { randomBytes } from "node:crypto";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openGenesis } from "@ostraka/agents/node";
import { nonceGuard, openCrypto, openLog, openSigner } from "@ostraka/host";
import { decode, EnvelopeSchema, isReject, LIMITS } from "@ostraka/proto";
import { connect } from "nats";
import { until } from "../../integration/nats-server.ts";
import { BenchSidecar } from "../bench-sidecar.ts";
import {
  FLEET_FLOOR,
  type FleetOrder,
  type FleetReport,
  type FleetStart,
  type HostPlace,
  monotonicMs,
} from "../host-line.ts";
import { shareCrypto } from "../shared-crypto.ts";

/** The benchmark gives up long before. */
const FRESH_MS_MAX = 600_000;
/** Hosts of a process that may be on their way at a time. */
const STARTING_MAX = 20;
const STORE = "state.sqlite";

const { url, genesis: genesisText, floorCreds } = JSON.parse(process.argv[2] ?? "") as FleetStart;
// Hundreds of hosts in one process read the same memberships: each signature is verified once.
const crypto = shareCrypto(openCrypto());
const envelope = decode(EnvelopeSchema, bytesOf(genesisText), LIMITS.messageBytesMax);
const genesis = envelope && openGenesis(crypto, envelope);
if (genesis === undefined || isReject(genesis)) throw new Error("no genesis");
const mesh = genesis;
const log = openLog({ name: "fleet", level: "fatal" });
const sidecars: BenchSidecar[] = [];
/** Hosts that enforce it, by subject. */
const enforcing = new Map<string, number>();
process.on("message", (order: FleetOrder) => {
  const done = order.type === "places" ? start(order.places) : close();
  done.catch((error: unknown) => {
    process.stderr.write(`fleet: ${String(error)}\n`);
    process.exit(1);
  });
});
process.on("disconnect", () => process.exit(0));
report({ type: "listening" });

async function start(places: readonly HostPlace[]): Promise<void> {
  // BEFORE the sidecars, which keep the process busy.
  for (let i = 0; i < places.length; i++) await openBare();
  if (places.length > STARTING_MAX) await copyStores(places);
  let starting: BenchSidecar[] = [];
  const isRoom = (max: number) => {
    starting = starting.filter((one) => !one.isFresh);
    return starting.length < max;
  };
  for (const place of places) {
    // The others have their turn with the broker BEFORE the next one begins.
    await until(() => isRoom(STARTING_MAX), "hosts are fresh", FRESH_MS_MAX);
    starting.push(startSidecar(place));
    await nextTurn();
  }
  await until(() => isRoom(1), "the last hosts are fresh", FRESH_MS_MAX);
  report({ type: "fresh" });
}

/**
 * Hosts that were of the mesh before: the first one reads all memberships, and the others begin
 * with what it then held. Else a thousand hosts would each walk a thousand memberships first.
 */
async function copyStores([first, ...others]: readonly HostPlace[]): Promise<void> {
  if (first === undefined) return;
  const one = startSidecar(first);
  await until(() => one.isFresh, "the first host is fresh", FRESH_MS_MAX);
  sidecars.length = 0;
  await one.close();
  for (const { folder } of others) copyFileSync(join(first.folder, STORE), join(folder, STORE));
}

function startSidecar({ name, folder, seed }: HostPlace): BenchSidecar {
  const sidecar = new BenchSidecar({
    ...{ crypto, genesis: mesh, name, folder, url },
    signer: openSigner(bytesOf(seed)),
    log,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    onEnforced: (subject) => onEnforced(subject),
  });
  sidecars.push(sidecar);
  return sidecar;
}

async function openBare(): Promise<void> {
  const { authenticator } = nonceGuard(() => readFileSync(floorCreds, "utf8"), log);
  const bare = await connect({ servers: url, authenticator, timeout: FRESH_MS_MAX });
  const reply = new Uint8Array(FLEET_FLOOR.receiptBytes);
  bare.subscribe(FLEET_FLOOR.out, { callback: () => bare.publish(FLEET_FLOOR.back, reply) });
}

function onEnforced(subject: string): void {
  const count = (enforcing.get(subject) ?? 0) + 1;
  enforcing.set(subject, count);
  if (count === sidecars.length) report({ type: "enforced", subject, atMs: monotonicMs() });
}

async function close(): Promise<void> {
  for (const sidecar of sidecars) await sidecar.close();
  process.exit(0);
}

function report(line: FleetReport): void {
  process.send?.(line);
}

function bytesOf(base64: string) {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
