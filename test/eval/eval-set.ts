// The one shape of an evaluation: a set of data that nobody here wrote, and the figures we get on
// it. Owns nothing else. An evaluation must never read a label before the verdict on that row, nor
// choose a setting by the set.

export interface EvalOptions {
  /** Folder of this set alone. */
  readonly folder: string;
  /** A short form for the test suite: the same code on a part of the data. */
  readonly isShort: boolean;
  /** Progress, a line at a time, to stderr. */
  readonly say: (line: string) => void;
}

/** Figures of the last JSON line: numbers, or records of them, by name. */
export type Figures = { readonly [name: string]: number | Figures };

/** One line of the table. */
export interface EvalRow {
  readonly figure: string;
  readonly ours: string;
  /** What others are known to reach on the same data, and who; empty where nobody is known. */
  readonly beside: string;
}

export function rowOf(figure: string, ours: string | number, beside = ""): EvalRow {
  return { figure, ours: String(ours), beside };
}

export interface EvalResult {
  readonly figures: Figures;
  readonly rows: readonly EvalRow[];
  /** Parts of the set that were not there, or could not be read: said, never hidden. */
  readonly missing: readonly string[];
}

export interface EvalSet {
  /** Also the folder's name. */
  readonly name: string;
  /** Makes its own data from a seed: runs whatever folder is given, and is never missing. */
  readonly isGenerated?: boolean;
  run(options: EvalOptions): Promise<EvalResult>;
}
