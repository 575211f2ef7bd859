// Puts a notifier beside a running coordinator: what it reads, where it sends, when it looks. Owns
// its timer alone.

import { readSecretFile } from "@ostraka/host";
import { LEDGERS, LIMITS, OstrakaError } from "@ostraka/proto";
import { firingOf } from "../api/firing.ts";
import { SealedReader } from "../api/sealed-reader.ts";
import { stopConditions } from "../journal-words.ts";
import type { CoordinatorRuntime } from "../runtime.ts";
import type { NotifyConfig } from "./config.ts";
import { type Deliver, execDelivery, webhookDelivery } from "./deliver.ts";
import { Notifier } from "./notifier.ts";
import { NoticeOutbox } from "./outbox.ts";

const SECRET = /^whsec_([A-Za-z0-9+/]{32,}={0,2})$/;

/** @returns how to stop it. */
export function startNotifier(config: NotifyConfig, runtime: CoordinatorRuntime): () => void {
  const { store, crypto, genesis, clock, log, onFailure } = runtime.parts;
  const { name } = runtime.parts.config;
  const reader = new SealedReader(runtime);
  const notifier = new Notifier({
    mesh: genesis.mesh,
    outbox: new NoticeOutbox(store),
    deliver: deliveryOf(config),
    sha256: (bytes) => crypto.sha256(bytes),
    sealedIndex: (ledger) => reader.indexOf(ledger),
    entries: (ledger, first, countMax) => {
      const records = reader.page(ledger, first, Number.MAX_SAFE_INTEGER, countMax);
      return records.map(({ record }) => reader.entryOf(record));
    },
    conditions: () => [
      ...LEDGERS.flatMap((ledger) => stopConditions(name, ledger, runtime.node.status(ledger))),
      ...misfireOf(runtime),
    ],
    clock,
    log,
  });
  const timer = setInterval(() => notifier.tick(LEDGERS).catch(onFailure), LIMITS.tickMs);
  return () => clearInterval(timer);
}

/** A mesh that has just started says so in its status; it is no alarm yet. */
const STARTING_MS = 60_000;

function misfireOf(runtime: CoordinatorRuntime) {
  const firing = firingOf(runtime);
  const runningMs = runtime.parts.clock.monotonicMs() - runtime.startedMonoMs;
  if (firing.canFire || runningMs < STARTING_MS) return [];
  const text = `A kill switch would not get through: ${firing.text}`;
  return [{ id: "cannot-fire", kind: "cannot-fire" as const, text }];
}

/** @throws OstrakaError OSTRAKA_CONFIG_INVALID when the secret is not one of Standard Webhooks. */
function deliveryOf(config: NotifyConfig): Deliver {
  if ("exec" in config) return execDelivery(config.exec);
  const { url, secretFile } = config.webhook;
  const match = SECRET.exec(readSecretFile(secretFile).trim());
  if (match !== null) return webhookDelivery(url, Buffer.from(match[1] as string, "base64"));
  throw new OstrakaError(
    "OSTRAKA_CONFIG_INVALID",
    `${secretFile} holds no webhook secret: whsec_ and at least 24 random bytes in base64`,
  );
}
