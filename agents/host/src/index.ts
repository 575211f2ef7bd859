// The public door of @ostraka/host: the hands of every process, one file a port.

export * from "./bus-nats.ts";
export * from "./crypto-sodium.ts";
export type { JournalGap, JournalReader, JournalReading } from "./journal-reader-nats.ts";
export * from "./key-file.ts";
export * from "./store-sqlite.ts";
