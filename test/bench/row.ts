// One row of the benchmark: our number, the floor's, their ratio and the goal for it, both sides
// measured in one run, interleaved. Owns the arithmetic and nothing else; measures nothing,
// asserts nothing.

/** `at-least`: more is better, the ratio should not be below the goal. `at-most`: the opposite. */
export type Direction = "at-least" | "at-most";

export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly floor: number;
  readonly ratio: number;
  readonly goal: number;
  readonly direction: Direction;
  readonly unit: string;
  /** What the floor is, in a few words. */
  readonly beside: string;
}

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

export type Standing = "met" | "within 3x" | "not";

export interface Result {
  readonly rows: readonly Row[];
  readonly skipped: readonly Skipped[];
}

/** One benchmark: what `--only` knows it by, and how to run it. */
export interface Bench {
  readonly name: string;
  /** Takes minutes: runs only where `--only` names it. */
  readonly isOnRequest?: boolean;
  readonly run: (say: (line: string) => void) => Promise<Result>;
}

/** What issue and goals call near enough for now. */
const NEAR = 3;

export function newRow(fields: Omit<Row, "ratio">): Row {
  const { name, ours, floor, goal, direction, unit, beside } = fields;
  // What a reader of the JSON looks for comes first.
  return { name, ours, floor, ratio: ours / floor, goal, direction, unit, beside };
}

export function standingOf({ ratio, goal, direction }: Row): Standing {
  const share = direction === "at-least" ? ratio / goal : goal / ratio;
  if (share >= 1) return "met";
  return share * NEAR >= 1 ? "within 3x" : "not";
}

export function only(...rows: readonly Row[]): Result {
  return { rows, skipped: [] };
}

export function skip(name: string, why: string): Result {
  return { rows: [], skipped: [{ name, why }] };
}

/** The middle value; of an even number the lower middle. @param values at least one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a share of all do not exceed. @param values at least one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] as number;
}

/**
 * Measures each side in turn, `rounds` times, after one round that does not count.
 * @returns the median of each side, in the order given.
 */
export async function interleave(
  rounds: number,
  ...sides: readonly (() => number | Promise<number>)[]
): Promise<number[]> {
  const measured: number[][] = sides.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const value = await side();
      if (round > 0) (measured[i] as number[]).push(value);
    }
  }
  return measured.map(median);
}
