// The seams between the deterministic machines and the world: what a step may put out, and the
// durable store it is opened from. The pump performs outputs in the order of the fields of Out.

import type { Bytes, EnvelopeKind, PrivatePart } from "@ostraka/proto";

/** One change of the store; an absent value deletes the key. */
export interface Write {
  readonly key: string;
  readonly value?: Uint8Array;
}

/** Ordered map from text keys (ASCII, `/`-separated, numbers zero-padded to 16) to bytes. */
export interface Store {
  get(key: string): Bytes | undefined;
  /** Pairs whose key starts with `prefix` and is >= `from`, in key order, at most `limit`. */
  scan(prefix: string, from?: string, limit?: number): Iterable<readonly [string, Bytes]>;
  /** One transaction, fsynced BEFORE it returns. */
  write(writes: readonly Write[]): void;
}

/** Sixteen digits: text order is number order. */
export function orderedKey(n: number): string {
  return n.toString().padStart(16, "0");
}

/** A message to a channel. Plain unless it is for a journal. */
export interface Publication {
  readonly channel: string;
  readonly bytes: Uint8Array;
  /** Set for journals: JetStream's deduplication id. Best effort; nothing relies on it. */
  readonly messageId?: string;
  /** Set for a request: the answer is stepped back in. */
  readonly isRequest?: boolean;
}

/** A body to be signed after it is durable: the pump signs, publishes and steps it back in. */
export interface Sealing {
  readonly kind: EnvelopeKind;
  readonly body: Bytes;
  readonly channel: string;
  /** Set when it goes into a journal: deduplication id there. */
  readonly messageId?: string;
  /** For a batch: its leaves and their private parts, beside the envelope. */
  readonly signals?: readonly Bytes[];
  readonly privates?: readonly PrivatePart[];
}

/** An answer to whoever asked: `to` is the pump's own token for the caller. */
export interface Reply {
  readonly to: number;
  readonly bytes?: Uint8Array;
  readonly value?: unknown;
}

export type Trace = { readonly what: string } & Readonly<Record<string, unknown>>;

/** What a step wants done, in the order in which it is done. A crash between any two is safe. */
export interface Out<Effect = never> {
  /** Durable before visible (I4): one transaction, fsynced. */
  readonly persist: Write[];
  readonly seal: Sealing[];
  readonly publish: Publication[];
  readonly enforce: Effect[];
  readonly reply: Reply[];
  readonly trace: Trace[];
}

export function newOut<Effect = never>(): Out<Effect> {
  return { persist: [], seal: [], publish: [], enforce: [], reply: [], trace: [] };
}
