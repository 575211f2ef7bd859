export interface Mutant {
  readonly name: string;
  readonly invariant: string;
  readonly breaks: string;
  readonly seed: number;
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}
export const MUTANTS: readonly Mutant[] = [];
