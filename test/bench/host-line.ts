// What the benchmark and a host of its stand tell each other. Times are of the machine's monotonic
// clock, which all processes share.

export interface HostStart {
  readonly name: string;
  readonly folder: string;
  readonly url: string;
  /** Where the floor's streams are, if it is measured. */
  readonly floorUrl?: string;
  /** Base64 of the host's signing seed and of the genesis envelope. */
  readonly seed: string;
  readonly genesis: string;
}

export type HostOrder =
  | { readonly type: "attack"; readonly subject: string }
  /** Publish this many bytes into the floor's first stream. */
  | { readonly type: "floor"; readonly bytes: number }
  | { readonly type: "close" };

export type HostReport =
  | { readonly type: "fresh" }
  | { readonly type: "sent"; readonly atMs: number }
  | { readonly type: "enforced"; readonly subject: string; readonly atMs: number }
  | { readonly type: "heard"; readonly atMs: number };

/** Channels of the floor's two streams. */
export const FLOOR = { signals: "floor.signals", verdicts: "floor.verdicts" } as const;

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
