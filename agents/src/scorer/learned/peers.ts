// What a subject's peers have taught: a profile for the whole host and one for each group, fed by
// vouched subjects alone. Owns those profiles and who is compared with which. Must never let a
// group that too few belong to stand for peers: its members are compared with the whole host.

import { GROUP } from "./embedding.ts";
import type { ProfileDetector } from "./learned-detector.ts";
import { groupOf, isJustFounded, moveGroup, openGroups, WHOLE_HOST } from "./peer-groups.ts";

/** Profiles of one group, one a detector. */
export type GroupProfile = readonly Int32Array[];

export class Peers {
  /** The groups' centres, as one array that a snapshot copies. */
  readonly groups = openGroups();
  readonly #detectors: readonly ProfileDetector[];
  /** Place of the detector whose profile says which group a subject is in; -1 for none. */
  readonly #embeddingAt: number;
  /** By number of group, from the whole host on. */
  readonly #profiles: (GroupProfile | undefined)[] = [];

  constructor(detectors: readonly ProfileDetector[]) {
    this.#detectors = detectors;
    this.#embeddingAt = detectors.findIndex(({ name }) => name === "embedding");
  }

  /**
   * Whom a vouched subject is compared with.
   * @param own its profiles, one a detector. @param mayMove whether it may join a group today.
   */
  of(own: readonly Int32Array[], day: number, mayMove: boolean): GroupProfile {
    const embedding = own[this.#embeddingAt];
    if (embedding === undefined) return this.group(WHOLE_HOST);
    if (!mayMove) return this.group(groupOf(this.groups, embedding, day));
    const before = embedding[GROUP] as number;
    const speaking = moveGroup(this.groups, embedding, day);
    const after = embedding[GROUP] as number;
    if (after !== before && isJustFounded(this.groups, after)) {
      this.#profiles[after] = undefined;
    }
    return this.group(speaking);
  }

  /** Its own group, which it teaches beside the whole host; `undefined` while it is in none. */
  groupOf(own: readonly Int32Array[]): GroupProfile | undefined {
    const group = own[this.#embeddingAt]?.[GROUP] ?? WHOLE_HOST;
    return group === WHOLE_HOST ? undefined : this.group(group);
  }

  /** Profiles of a group: a new one begins with all that the whole host knows. */
  group(number: number): GroupProfile {
    const known = this.#profiles[number];
    if (known !== undefined) return known;
    const host = number === WHOLE_HOST ? undefined : this.group(WHOLE_HOST);
    const words = this.#detectors.map(
      ({ peerWords }, i) => host?.[i]?.slice() ?? new Int32Array(peerWords),
    );
    while (this.#profiles.length < number) this.#profiles.push(undefined);
    this.#profiles[number] = words;
    return words;
  }

  /** Groups that have a profile, by rising number. */
  all(): (readonly [number, GroupProfile])[] {
    return this.#profiles.flatMap((words, number) =>
      words === undefined ? [] : [[number, words] as const],
    );
  }
}
