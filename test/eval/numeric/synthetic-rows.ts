// Seeded tables of our own, on which the multivariate ensemble's members were chosen: mixtures of
// Gaussians with skewed, coarse and idle columns, and the four kinds of anomaly that ADBench names
// (Han et al. 2022, section 3.2.2): local, global, clustered, dependency. Must never be shaped by
// the measured sets.

import { Random } from "../../sim/random.ts";
import { normal } from "./synthetic-streams.ts";

export interface SyntheticTable {
  readonly kind: string;
  readonly rows: readonly Float64Array[];
  readonly isAnomaly: readonly boolean[];
}

const KINDS = ["local", "global", "clustered", "dependency"] as const;

interface Cluster {
  readonly centre: Float64Array;
  /** Rows of a mixing matrix: what makes columns depend on one another. */
  readonly mix: readonly Float64Array[];
}

/** Shuffled already. */
export function syntheticTable(seed: number): SyntheticTable {
  const chance = new Random(seed);
  const kind = KINDS[seed % KINDS.length] as (typeof KINDS)[number];
  const dimensions = chance.int(3, chance.pick([6, 12, 36]));
  const count = chance.int(1_200, 4_000);
  const share = chance.pick([0.005, 0.02, 0.05, 0.08]);
  const clusters = Array.from({ length: chance.int(1, 5) }, () => cluster(dimensions, chance));
  const honest = () => drawn(chance.pick(clusters), 1, chance);
  const pool = Array.from({ length: 500 }, honest);
  const strange = strangeMaker(kind, clusters, pool, chance);
  const shape = Array.from({ length: dimensions }, () => columnShape(chance));
  const rows: Float64Array[] = [];
  const isAnomaly: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const isStrange = chance.chance(share);
    const row = isStrange ? strange() : honest();
    rows.push(row.map((value, d) => (shape[d] as (v: number) => number)(value)));
    isAnomaly.push(isStrange);
  }
  return { kind, rows, isAnomaly };
}

function cluster(dimensions: number, chance: Random): Cluster {
  const factors = Math.max(1, Math.round(dimensions * (0.3 + 0.7 * chance.float())));
  const spread = 0.3 + chance.float();
  const centre = new Float64Array(dimensions).map(() => 2.5 * normal(chance));
  const mix = Array.from({ length: dimensions }, () =>
    new Float64Array(factors).map(() => (spread * normal(chance)) / Math.sqrt(factors)),
  );
  return { centre, mix };
}

function drawn({ centre, mix }: Cluster, widen: number, chance: Random): Float64Array {
  const factors = (mix[0] as Float64Array).map(() => normal(chance));
  return centre.map((at, d) => {
    let sum = at + 0.1 * normal(chance);
    (mix[d] as Float64Array).forEach((weight, f) => {
      sum += widen * weight * (factors[f] as number);
    });
    return sum;
  });
}

function strangeMaker(
  kind: (typeof KINDS)[number],
  clusters: readonly Cluster[],
  pool: readonly Float64Array[],
  chance: Random,
): () => Float64Array {
  const far = clusters.map(({ centre, mix }) => ({
    centre: centre.map((at) => at * (1.5 + chance.float())),
    mix,
  }));
  switch (kind) {
    case "local":
      return () => drawn(chance.pick(clusters), 2.5, chance);
    case "clustered":
      return () => drawn(far[0] as Cluster, 0.5, chance);
    case "dependency":
      return () => (pool[0] as Float64Array).map((_, d) => chance.pick(pool)[d] as number);
    case "global": {
      const column = (d: number) => pool.map((row) => row[d] as number);
      const ends = Array.from(pool[0] as Float64Array, (_, d) => {
        return [Math.min(...column(d)), Math.max(...column(d))] as const;
      });
      return () =>
        new Float64Array(ends.map(([low, high]) => low + (high - low) * chance.float() * 1.1));
    }
  }
}

/** What measuring does to a column: nothing, skew, coarse steps, another unit, or all noise. */
function columnShape(chance: Random): (value: number) => number {
  const unit = 10 ** (4 * chance.float() - 1);
  const step = 0.2 + chance.float();
  return chance.pick([
    (value: number) => unit * value,
    (value: number) => unit * value,
    (value: number) => unit * Math.exp(value / 2),
    (value: number) => Math.round(value / step),
    () => unit * normal(chance),
  ]);
}
