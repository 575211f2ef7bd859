// The larger profiles: of vouched subjects, as many as fit, and of their peers. Owns the bound and
// who gives way. Must never take the room of somebody who is active: who is vouched and finds it
// full goes without, so that no crowd of newcomers costs a regular his past.

import type { SubjectState } from "../subject-state.ts";
import type { ProfileDetector } from "./learned-detector.ts";

/** A subject's profiles, one a detector, in the order of its lineup. */
export interface Profile {
  readonly state: SubjectState;
  readonly words: readonly Int32Array[];
  /** Event-time day of its latest use: within a day the order of use does not matter. */
  usedDay: number;
}

/** All words of a profile, one detector's after another's. */
export function wordsOf({ words }: Profile): Int32Array {
  const [first] = words;
  if (first === undefined) return new Int32Array(0);
  const count = words.reduce((sum, { length }) => sum + length, 0);
  return new Int32Array(first.buffer, first.byteOffset, count);
}

/** A buffer is an object too: so many profiles share one. */
const PROFILES_A_BUFFER = 8;

/** Room for one profile, all zero. */
interface Room {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

const DAY_MS = 86_400_000;

export class ProfilePool {
  readonly #detectors: readonly ProfileDetector[];
  readonly #max: number;
  readonly #onEvicted: (state: SubjectState) => void;
  /** From the longest unused to the latest. */
  readonly #profiles = new Map<SubjectState, Profile>();
  readonly #free: Room[] = [];
  #evictions = 0;

  /** @param onEvicted told BEFORE another uses the room. */
  constructor(
    detectors: readonly ProfileDetector[],
    max: number,
    onEvicted: (state: SubjectState) => void,
  ) {
    this.#detectors = detectors;
    this.#max = max;
    this.#onEvicted = onEvicted;
  }

  get size(): number {
    return this.#profiles.size;
  }

  get evictions(): number {
    return this.#evictions;
  }

  /** 32-bit words of one profile. */
  get words(): number {
    return this.#detectors.reduce((sum, { words }) => sum + words, 0);
  }

  /** The profile of a vouched subject, new if there is room; `undefined` when there is none. */
  use(state: SubjectState, timeMs: number): Profile | undefined {
    const { profile, day } = state;
    if (profile !== undefined) {
      if (profile.usedDay === day) return profile;
      profile.usedDay = day;
      this.#profiles.delete(state);
      this.#profiles.set(state, profile);
      return profile;
    }
    if (this.#detectors.length === 0) return undefined;
    if (this.#profiles.size >= this.#max && !this.#makeRoom(timeMs)) return undefined;
    return this.add(state, day);
  }

  /** A new profile, all zero, of the latest use. */
  add(state: SubjectState, usedDay: number): Profile {
    if (this.#free.length === 0) this.#grow();
    const { buffer, byteOffset } = this.#free.pop() as Room;
    let at = byteOffset;
    const words = this.#detectors.map((detector) => {
      const own = new Int32Array(buffer, at, detector.words);
      at += 4 * detector.words;
      return own;
    });
    const profile = { state, words, usedDay };
    state.profile = profile;
    this.#profiles.set(state, profile);
    return profile;
  }

  /** After a restart with less room: the longest unused go until the rest fits. */
  shrink(): void {
    for (const state of this.#profiles.keys()) {
      if (this.#profiles.size <= this.#max) return;
      this.#evict(state);
    }
  }

  /** Forgets the profile of a subject that is forgotten itself. */
  drop(state: SubjectState): void {
    const [first] = state.profile?.words ?? [];
    if (state.profile !== undefined && first !== undefined) {
      wordsOf(state.profile).fill(0);
      this.#free.push({ buffer: first.buffer, byteOffset: first.byteOffset });
    }
    this.#profiles.delete(state);
    state.profile = undefined;
  }

  #grow(): void {
    const bytes = 4 * this.words;
    const buffer = new ArrayBuffer(PROFILES_A_BUFFER * bytes);
    for (let n = PROFILES_A_BUFFER - 1; n >= 0; n--) {
      this.#free.push({ buffer, byteOffset: n * bytes });
    }
  }

  /** All of them, from the longest unused to the latest. */
  all(): Iterable<Profile> {
    return this.#profiles.values();
  }

  #makeRoom(timeMs: number): boolean {
    const [oldest] = this.#profiles.keys();
    if (oldest === undefined || oldest.lastMs > timeMs - DAY_MS) return false;
    this.#evict(oldest);
    return true;
  }

  #evict(state: SubjectState): void {
    this.#evictions++;
    this.#onEvicted(state);
    this.drop(state);
  }
}
