// What the benchmark and a host of its stand tell each other. Times are of the machine's monotonic
// clock, which all processes share.

/** A host's folder, with its NATS credentials in it, and base64 of its signing seed. */
export interface HostPlace {
  readonly name: string;
  readonly folder: string;
  readonly seed: string;
}

export interface HostStart extends HostPlace {
  readonly url: string;
  /** Where the floor's streams are, if it is measured. */
  readonly floorUrl?: string;
  /** Base64 of the genesis envelope. */
  readonly genesis: string;
}

/** Many hosts in one process, and as many bare subscribers for the floor. */
export interface FleetStart {
  readonly url: string;
  readonly genesis: string;
  readonly floorCreds: string;
}

export type FleetOrder =
  | { readonly type: "places"; readonly places: readonly HostPlace[] }
  | { readonly type: "close" };

export type FleetReport =
  | { readonly type: "listening" }
  | { readonly type: "fresh" }
  /** The last of its hosts enforces it. */
  | { readonly type: "enforced"; readonly subject: string; readonly atMs: number };

/** Channels of the floor of a fleet, and about how large a verdict and a receipt are. */
export const FLEET_FLOOR = {
  out: "floor.out",
  back: "floor.back",
  verdictBytes: 2_500,
  receiptBytes: 400,
} as const;

export interface CoordinatorStart {
  readonly name: string;
  readonly folder: string;
  readonly urls: readonly string[];
  /** Base64 of the signing seed and of the genesis envelope. */
  readonly seed: string;
  readonly genesis: string;
  /** NATS servers that hold each journal. */
  readonly replicas: 1 | 3;
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
