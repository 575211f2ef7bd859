// What a deliberate bug is: exact replacements in the source, the invariant that it breaks and a
// seed that shows it. Holds no bug itself.

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  readonly name: string;
  readonly invariant: string;
  readonly breaks: string;
  /** A seed that is known to catch it; tried first. */
  readonly seed: number;
  readonly edits: readonly Edit[];
}

/** A mutant of one replacement. */
export function one(
  name: string,
  invariant: string,
  breaks: string,
  seed: number,
  file: string,
  from: string,
  to = "",
): Mutant {
  return { name, invariant, breaks, seed, edits: [{ file, from, to }] };
}
