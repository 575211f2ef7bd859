// The one interface of a learned detector: a pure state machine that says how strange an
// observation is beside the past, and learns it afterwards. Owns nothing else. It must never bet,
// rank or draw a line (learned-account does), read a clock or a text, or keep more than its cells.

import type { Observation } from "../observation.ts";

/** Whose past the detector holds. */
export type Follows = "source" | "actor";

/**
 * A detector's memory is a window of one row of numbers that belongs to one subject: cells
 * `[at, at + width)`, all zero when the subject is new. A snapshot is a copy of the row.
 */
export interface LearnedDetector {
  readonly name: string;
  /** Share of the subject's learned bankroll, fixed before any data; shares of a kind add to 1. */
  readonly share: number;
  readonly follows: readonly Follows[];
  /** What it expects of an honest subject, in words a responder can read aloud. */
  readonly against: string;
  /** Cells of 64-bit floats that it needs of each subject. */
  readonly width: number;
  /**
   * How strange the observation is, from the past alone: any finite number, larger is stranger,
   * comparable only with what the same detector says of the same subject. NaN says nothing.
   * Changes no cell.
   */
  strangeness(cells: Float64Array, at: number, seen: Observation): number;
  /**
   * Counts the observation where it happens: which window is open, how much is in it, whether the
   * window has been spoken about. Never what is expected. Called for EVERY observation of the
   * subject, taught or not, after `strangeness` and before `learn`.
   */
  note?(cells: Float64Array, at: number, seen: Observation): void;
  /** Takes the observation into the past; called AFTER `strangeness`, where it may teach. */
  learn(cells: Float64Array, at: number, seen: Observation): void;
  /** What was seen, as `name=number` pairs and nothing from a log; BEFORE it is learned. */
  describe(cells: Float64Array, at: number, seen: Observation): string;
}

/**
 * A learned detector with a larger memory, kept for vouched subjects only and evicted under
 * pressure: its profile is an array of its own, zero when new. It also reads the profile of the
 * subject's peers, which is fed by every vouched subject of the group, or of the host when no group
 * is known.
 */
export interface ProfileDetector {
  readonly name: string;
  readonly share: number;
  readonly against: string;
  /** 32-bit words of a subject's profile; all of them together take at most 8 kB. */
  readonly words: number;
  /** 32-bit words of a peer group's profile. */
  readonly peerWords: number;
  /** As of `LearnedDetector`. @param own undefined while the subject is not vouched. */
  strangeness(own: Int32Array | undefined, peers: Int32Array, seen: Observation): number;
  /**
   * Differences below this say nothing: bets rank in steps of it. A robot does the same for ever
   * while its past still settles; finer, and each time would be the strangest yet by a hair.
   */
  readonly grain?: number;
  /**
   * Whether what it says now shares next to nothing with what it said when this last held. Only
   * then does it bet and is its rank remembered: one window, seen sixty times, is one thing seen.
   */
  isApart?(own: Int32Array): boolean;
  /** Its peers are a group and never the whole host, whose profile of it stays empty. */
  readonly isOfGroupsOnly?: boolean;
  /**
   * Moves the window of what the subject did last, which is soon forgotten and never a past to be
   * compared with. Called for EVERY observation of it, taught or not, after `strangeness` (and
   * `describe`) and before `teach` and `learn`, with the peers that were asked.
   */
  note(own: Int32Array, seen: Observation, peers: Int32Array): void;
  /**
   * Takes it into the peers' past; called BEFORE `learn`, so that what this subject did often
   * already teaches the peers little more: one subject cannot make an action look ordinary.
   */
  teach(peers: Int32Array, own: Int32Array, seen: Observation): void;
  /** Takes it into the subject's own past, where it may teach. */
  learn(own: Int32Array, seen: Observation): void;
  describe(own: Int32Array | undefined, peers: Int32Array, seen: Observation): string;
}
