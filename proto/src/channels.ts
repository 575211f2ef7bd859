// Names of NATS channels and streams. A channel carries the mesh and the sender's key, never an
// identity acted upon. Nothing trusts a channel: permissions only keep hosts from being noisy as
// others.

import { hex } from "./bytes.ts";
import type { MeshId } from "./envelope.ts";
import { Ledger } from "./messages.ts";

/** Short form of a member key in channel names: 16 hex digits. */
export function channelId(key: Uint8Array): string {
  return hex(key.subarray(0, 8));
}

const LEDGER_NAMES = { [Ledger.CONTROL]: "control", [Ledger.SIGNALS]: "signals" } as const;

export type LedgerId = keyof typeof LEDGER_NAMES;

export const LEDGERS: readonly LedgerId[] = [Ledger.CONTROL, Ledger.SIGNALS];

/** `control` or `signals`. */
export function ledgerName(ledger: LedgerId): string {
  return LEDGER_NAMES[ledger];
}

/** `c` or `s`, as positions and indices are written: `c:12`. */
export function ledgerLetter(ledger: LedgerId): string {
  return LEDGER_NAMES[ledger].slice(0, 1);
}

export interface Channels {
  /** All channels of the mesh. */
  readonly all: string;
  /** The first generation's stream has no number in its name. */
  stream(ledger: LedgerId, generation?: number): string;
  journalAll(ledger: LedgerId): string;
  journal(ledger: LedgerId, sender: Uint8Array): string;
  /** What a generation's stream is bound to until its opening is in it; coordinators only. */
  opening(ledger: LedgerId, generation: number): string;
  /** What a stream is bound to when a later generation has taken its channels. */
  retired(ledger: LedgerId, generation: number): string;
  /** Orders of repair, promises and notes of poison, between coordinators. */
  readonly repairsAll: string;
  repairs(coordinator: Uint8Array): string;
  readonly headsAll: string;
  heads(ledger: LedgerId, coordinator: Uint8Array): string;
  readonly verdictsAll: string;
  verdicts(ledger: LedgerId): string;
  readonly receiptsAll: string;
  receipts(host: Uint8Array): string;
  acks(host: Uint8Array): string;
  readonly resyncAll: string;
  resync(host: Uint8Array): string;
}

/** Whether a journal's channel, in whatever generation, is one that hosts publish to. */
export function isHostsJournal(channel: string): boolean {
  return /^ostraka\.[0-9a-f]+\.(journal|opening|retired)\.signals\./.test(channel);
}

export function channelsOf(mesh: MeshId): Channels {
  const short = mesh.slice(0, 16);
  const base = `ostraka.${short}`;
  return {
    all: `${base}.>`,
    stream: (ledger, generation = 1) =>
      `OSTRAKA_${short}_${ledgerName(ledger).toUpperCase()}` +
      (generation === 1 ? "" : `_G${generation}`),
    journalAll: (ledger) => `${base}.journal.${ledgerName(ledger)}.>`,
    journal: (ledger, sender) => `${base}.journal.${ledgerName(ledger)}.${channelId(sender)}`,
    opening: (ledger, generation) => `${base}.opening.${ledgerName(ledger)}.${generation}`,
    retired: (ledger, generation) => `${base}.retired.${ledgerName(ledger)}.${generation}`,
    repairsAll: `${base}.repairs.>`,
    repairs: (key) => `${base}.repairs.${channelId(key)}`,
    headsAll: `${base}.heads.>`,
    heads: (ledger, key) => `${base}.heads.${ledgerName(ledger)}.${channelId(key)}`,
    verdictsAll: `${base}.verdicts.>`,
    verdicts: (ledger) => `${base}.verdicts.${ledgerName(ledger)}`,
    receiptsAll: `${base}.receipts.>`,
    receipts: (host) => `${base}.receipts.${channelId(host)}`,
    acks: (host) => `${base}.acks.${channelId(host)}`,
    resyncAll: `${base}.resync.>`,
    resync: (host) => `${base}.resync.${channelId(host)}`,
  };
}
