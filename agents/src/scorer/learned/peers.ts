// What a subject's peers have taught: one profile a group, fed by vouched subjects alone. Owns the
// profiles of groups. Must never let a group of one stand for peers: whoever is in no group is
// compared with the whole host.

import type { Observation } from "../observation.ts";
import type { SubjectState } from "../subject-state.ts";
import type { ProfileDetector } from "./learned-detector.ts";

/** The group of everybody on this host. */
export const WHOLE_HOST = 0;

export class Peers {
  readonly #detectors: readonly ProfileDetector[];
  readonly #groups = new Map<number, readonly Int32Array[]>();

  constructor(detectors: readonly ProfileDetector[]) {
    this.#detectors = detectors;
  }

  /** Profiles of the peers of a subject, one a detector. */
  of(_state: SubjectState, _seen: Observation): readonly Int32Array[] {
    return this.group(WHOLE_HOST);
  }

  /** Profiles of a group, new and all zero if nobody has taught it. */
  group(number: number): readonly Int32Array[] {
    const known = this.#groups.get(number);
    if (known !== undefined) return known;
    const words = this.#detectors.map(({ peerWords }) => new Int32Array(peerWords));
    this.#groups.set(number, words);
    return words;
  }

  all(): Iterable<readonly [number, readonly Int32Array[]]> {
    return this.#groups;
  }
}
