// One host of the stand in a process of its own: a sidecar of real parts, and a bare subscriber of
// the floor's stream. Told what to do over its channel to the benchmark; answers with monotonic
// times.

import { randomBytes } from "node:crypto";
import { openGenesis } from "@ostraka/agents/node";
import { openCrypto, openLog, openSigner } from "@ostraka/host";
import {
  type Bytes,
  decode,
  EnvelopeSchema,
  isReject,
  LIMITS,
  type SubjectText,
} from "@ostraka/proto";
import { connect, consumerOpts, type JetStreamClient } from "nats";
import { BenchSidecar } from "../bench-sidecar.ts";
import {
  FLOOR,
  type HostOrder,
  type HostReport,
  type HostStart,
  monotonicMs,
} from "../host-line.ts";

/** More failed logins than any line of the default policy needs. */
const EVENTS_MAX = 64;
const EVENT_MS = 100;

const start = JSON.parse(process.argv[2] ?? "") as HostStart;
const crypto = openCrypto();
const envelope = decode(EnvelopeSchema, bytesOf(start.genesis), LIMITS.messageBytesMax);
const genesis = envelope && openGenesis(crypto, envelope);
if (genesis === undefined || isReject(genesis)) throw new Error("no genesis");
const sidecar = new BenchSidecar({
  crypto,
  genesis,
  name: start.name,
  signer: openSigner(bytesOf(start.seed)),
  folder: start.folder,
  url: start.url,
  log: openLog({ name: start.name, level: "warn" }),
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  onEnforced: (subject) => report({ type: "enforced", subject, atMs: monotonicMs() }),
});
const journal = start.floorUrl === undefined ? undefined : await openFloor(start.floorUrl);
whenFresh();
process.on("message", (order: HostOrder) => onOrder(order));
process.on("disconnect", () => process.exit(0));

function onOrder(order: HostOrder): void {
  if (order.type === "attack") attack(order.subject);
  else if (order.type === "floor") {
    const atMs = monotonicMs();
    report({ type: "sent", atMs });
    journal?.publish(FLOOR.signals, new Uint8Array(order.bytes)).catch(fail);
  } else sidecar.close().then(() => process.exit(0), fail);
}

/** Failed logins until a signal leaves; the clock starts at the one that made it leave. */
function attack(subject: string): void {
  const before = sidecar.signalled;
  const fromMs = Date.now() - EVENTS_MAX * EVENT_MS;
  let atMs = 0;
  for (let i = 0; i < EVENTS_MAX && sidecar.signalled === before; i++) {
    atMs = monotonicMs();
    sidecar.observe({
      id: `${subject}/${i}`,
      timeMs: fromMs + i * EVENT_MS,
      kind: "login-failed",
      service: "sshd",
      address: subject as SubjectText,
      account: `user:${start.name}/root` as SubjectText,
      isRoot: true,
      isAccountKnown: true,
      method: "password",
      count: 1,
    });
  }
  if (sidecar.signalled === before) fail(new Error("no signal left"));
  report({ type: "sent", atMs });
}

async function openFloor(url: string): Promise<JetStreamClient> {
  const connection = await connect({ servers: url });
  const client = connection.jetstream();
  const options = consumerOpts();
  options.orderedConsumer();
  options.deliverNew();
  options.callback((error) => {
    if (error === null) report({ type: "heard", atMs: monotonicMs() });
  });
  await client.subscribe(FLOOR.verdicts, options);
  return client;
}

function whenFresh(): void {
  if (sidecar.isFresh) report({ type: "fresh" });
  else setTimeout(whenFresh, 20);
}

function report(line: HostReport): void {
  process.send?.(line);
}

function fail(error: unknown): void {
  process.stderr.write(`${start.name}: ${String(error)}\n`);
  process.exit(1);
}

function bytesOf(base64: string): Bytes {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
