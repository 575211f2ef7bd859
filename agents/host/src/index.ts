// The public door of @ostraka/host: the hands of every process, one file a port.

export type { Bus, BusLog, BusOptions, BusState, Subscription } from "./bus.ts";
export type { Clock } from "./clock.ts";
export { openClock } from "./clock.ts";
export {
  ConfigMapping,
  invalidConfig,
  nearestKey,
  parseConfigYaml,
  quoted,
  readConfigText,
} from "./config-mapping.ts";
export { connectBus } from "./connect-bus.ts";
export type { CryptoOptions } from "./crypto-sodium.ts";
export { openCrypto, openSigner } from "./crypto-sodium.ts";
export { genesisFileText, readGenesisFile } from "./genesis-file.ts";
export type { JournalGap, JournalReader, JournalReading } from "./journal-reader-nats.ts";
export type { KeyUse, UsedKey } from "./key-file.ts";
export {
  assertDistinct,
  generateKeyFile,
  keyPem,
  loadKeyFile,
  readSecretFile,
  writeSecretFile,
} from "./key-file.ts";
export type { NatsAuthority, NatsPermissions, NatsUser, NatsUserKey } from "./nats-credentials.ts";
export {
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  hostPermissions,
  inboxPrefix,
  openNatsAuthority,
} from "./nats-credentials.ts";
export type { NatsFinderOptions, NatsServer } from "./nats-finder.ts";
export { findNatsServer } from "./nats-finder.ts";
export type { NonceGuard } from "./nats-nonce.ts";
export { nonceGuard } from "./nats-nonce.ts";
export type { NatsCluster, NatsServerOptions, NatsServerTls } from "./nats-server-config.ts";
export { forServerVersion, serverConfig } from "./nats-server-config.ts";
export { natsKeyBytes } from "./nkey-text.ts";
export type { RoundQueueOptions } from "./round-queue.ts";
export { RoundQueue } from "./round-queue.ts";
export type { SqliteStore, SqliteStoreOptions } from "./store-sqlite.ts";
export { openSqliteStore, openSqliteStoreReadOnly } from "./store-sqlite.ts";
export type { JournalPlaces } from "./stream-answer.ts";
export type { Log, LogOptions } from "./telemetry.ts";
export { openLog } from "./telemetry.ts";
