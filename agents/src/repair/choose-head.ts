// Which head a new generation goes on from. Owns the rule; knows no signature and no journal.
//
// Why nothing that was answered OK can be lost. OK means: a majority S of the coordinators has
// signed one head h of generation g. A generation is opened by promises of a majority P. Two
// majorities of one roster share a coordinator c. It signed h BEFORE it promised, since after the
// promise it signs nothing more below the new generation; so the last head that c promised is h or
// comes after h in c's own journal, which has h in it. The latest head promised is at least as late
// as c's; if its history did not contain c's, the two would contradict each other, and nothing is
// chosen before people have spoken. Hence h lies at or below the head that is kept. That holds over
// several generations too, since later means first the generation, then the position: a head of
// generation g' exists only after an opening of g' was applied, which kept all that was sealed in
// g. A coordinator that has lost its store may have forgotten that it signed h: it must not be c,
// so it counts for nothing. All this asks only for a majority of promises that do not contradict
// one another: where a majority denies a promise it is left out, if a majority is left without it,
// and no person has to choose between what may have been sealed and what cannot have been.
// `choose-head.test.ts` goes through every combination up to five.

import { type Bytes, equalBytes, type Head } from "@ostraka/proto";
import { isLaterHead, majorityOf } from "../kernel/index.ts";

export interface PromisedHead {
  readonly coordinatorKey: Bytes;
  readonly head: Head;
  readonly bytes: Bytes;
}

export type Choice =
  | {
      readonly kind: "keep";
      readonly kept: PromisedHead;
      /** Promises that a majority of the others denies: their authors go back. */
      readonly outvoted: readonly PromisedHead[];
    }
  /** Promises with a head are missing, or none has the head that people chose. */
  | { readonly kind: "short"; readonly missing: number }
  /** People must choose between these two. */
  | { readonly kind: "contradict"; readonly first: PromisedHead; readonly second: PromisedHead };

/**
 * Chooses among the last heads of a set of promises, one for each coordinator that has one.
 * @param isChosen tells the head that people have chosen, if they have.
 */
export function chooseHead(
  promised: readonly PromisedHead[],
  coordinators: number,
  isChosen?: (bytes: Bytes) => boolean,
): Choice {
  const missing = majorityOf(coordinators) - promised.length;
  if (missing > 0) return { kind: "short", missing };
  if (isChosen !== undefined) {
    const kept = promised.find(({ bytes }) => isChosen(bytes));
    return kept === undefined
      ? { kind: "short", missing: 1 }
      : { kind: "keep", kept, outvoted: [] };
  }
  const needed = majorityOf(coordinators);
  const outvoted = promised.filter(
    (one) => promised.filter((other) => contradicts(one, other)).length >= needed,
  );
  const counted = promised.filter((one) => !outvoted.includes(one));
  const isEnough = counted.length >= needed;
  const weighed = isEnough ? counted : promised;
  for (const first of weighed) {
    const second = weighed.find((other) => contradicts(first, other));
    if (second !== undefined) return { kind: "contradict", first, second };
  }
  const kept = weighed.reduce((a, b) => (isLaterHead(b.head, a.head) ? b : a));
  return { kind: "keep", kept, outvoted: isEnough ? outvoted : [] };
}

/**
 * Whether two heads cannot be of one history by what they say themselves. Two of one history may
 * still be told apart only by whoever has the journal between them.
 */
export function contradicts(a: PromisedHead, b: PromisedHead): boolean {
  // What a later generation went on from is not known here: it may have left the other's tail out.
  if (a.head.generation !== b.head.generation) return false;
  if (a.head.position === b.head.position) return !equalBytes(a.bytes, b.bytes);
  const [later, earlier] = isLaterHead(a.head, b.head) ? [a.head, b.head] : [b.head, a.head];
  if (later.index < earlier.index || later.machineTimeMs < earlier.machineTimeMs) return true;
  return later.index === earlier.index && !equalBytes(later.root, earlier.root);
}
