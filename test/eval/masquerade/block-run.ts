// The product's profile detectors over users' commands: everybody's first lines teach, then blocks
// are judged in order. Owns the order, and when a block may teach. Must never see a label, nor
// do anything with a detector that the product does not do. Peers are everybody: groups are found
// by the day, and the data has no days.

import type { ProfileDetector } from "../../../agents/src/scorer/learned/learned-detector.ts";
import { PROFILE_DETECTORS } from "../../../agents/src/scorer/learned/profiles.ts";
import {
  hashText,
  type Observation,
  openObservation,
} from "../../../agents/src/scorer/observation.ts";

export interface UserCommands {
  readonly user: string;
  readonly commands: readonly string[];
}

export const OWN_LINES = 5_000;
export const BLOCK_LINES = 100;
/** An own block's mean is taken for what is usual once so many lines were learned. */
const WARM_LINES = 1_000;
/** Blocks' worth of everybody's spread that each one's own is mixed with. */
const SHARED_BLOCKS = 10;
/** A block teaches unless it is further above the owner's mean than 98 of 100 own ones. */
const TEACHING_DEVIATIONS_MAX = 2;

/** What one user's blocks before the test looked like, in bits an action. */
interface Usual {
  readonly mean: number;
  readonly deviation: number;
}

interface Desk {
  readonly user: UserCommands;
  readonly own: readonly Int32Array[];
  readonly before: number[];
}

/** @returns the strangeness of each block of each user: bits an action over the usual deviation. */
export function judgeBlocks(users: readonly UserCommands[]): Map<string, number[]> {
  const peers = PROFILE_DETECTORS.map(({ peerWords }) => new Int32Array(peerWords));
  const desks = users.map((user) => ({ user, own: openOwn(), before: [] }));
  for (let from = 0; from < OWN_LINES; from += BLOCK_LINES) {
    for (const desk of desks) teachBlock(desk, peers, from);
  }
  const usual = usualOf(desks.map(({ before }) => before));
  const verdicts = desks.map((desk, i): [string, number[]] => {
    const strangeness: number[] = [];
    const { commands } = desk.user;
    for (let from = OWN_LINES; from < commands.length; from += BLOCK_LINES) {
      const block = commands.slice(from, from + BLOCK_LINES);
      strangeness.push(judgeBlock(desk.own, peers, block, usual[i] as Usual));
    }
    return [desk.user.user, strangeness];
  });
  return new Map(verdicts);
}

function openOwn(): Int32Array[] {
  return PROFILE_DETECTORS.map(({ words }) => new Int32Array(words));
}

/** One block of the owner's own lines, judged first once there is a past. */
function teachBlock(desk: Desk, peers: readonly Int32Array[], from: number): void {
  const { commands } = desk.user;
  const block = commands.slice(from, Math.min(from + BLOCK_LINES, OWN_LINES));
  let sum = 0;
  for (const command of block) {
    const seen = observe(command);
    sum += strangenessOf(desk.own, peers, seen);
    each(desk.own, (detector, own, i) => {
      detector.note(own, seen, peers[i] as Int32Array);
      detector.teach(peers[i] as Int32Array, own, seen);
      detector.learn(own, seen);
    });
  }
  if (from >= WARM_LINES && block.length > 0) desk.before.push(sum / block.length);
}

/** Judges a block as it comes; only then, if it looks like the owner's, lets it teach. */
function judgeBlock(
  own: readonly Int32Array[],
  peers: readonly Int32Array[],
  block: readonly string[],
  usual: Usual,
): number {
  const before = own.map((words) => words.slice());
  let sum = 0;
  for (const command of block) {
    const seen = observe(command);
    sum += strangenessOf(own, peers, seen);
    each(own, (detector, words, i) => detector.note(words, seen, peers[i] as Int32Array));
  }
  const mean = sum / block.length;
  if (mean <= usual.mean + TEACHING_DEVIATIONS_MAX * usual.deviation) {
    each(own, (_, words, i) => words.set(before[i] as Int32Array));
    for (const command of block) {
      const seen = observe(command);
      each(own, (detector, words, i) => {
        detector.note(words, seen, peers[i] as Int32Array);
        detector.learn(words, seen);
      });
    }
  }
  return mean / usual.deviation;
}

/** Both detectors speak in bits of "somebody else" over "the owner": their sum. */
function strangenessOf(
  own: readonly Int32Array[],
  peers: readonly Int32Array[],
  seen: Observation,
): number {
  let sum = 0;
  each(own, (detector, words, i) => {
    const bits = detector.strangeness(words, peers[i] as Int32Array, seen);
    if (Number.isFinite(bits)) sum += bits;
  });
  return sum;
}

function each(
  own: readonly Int32Array[],
  act: (detector: ProfileDetector, own: Int32Array, i: number) => void,
): void {
  for (const [i, detector] of PROFILE_DETECTORS.entries()) act(detector, own[i] as Int32Array, i);
}

const seen = openObservation();

function observe(command: string): Observation {
  seen.outcome = "acted";
  seen.actionHash = hashText(command);
  return seen;
}

/** Each user's own mean and deviation, the deviation drawn towards everybody's. */
function usualOf(before: readonly (readonly number[])[]): Usual[] {
  const known = before.filter((blocks) => blocks.length > 1);
  const shared = known.length === 0 ? 1 : meanOf(known.map(varianceOf));
  return before.map((blocks) => {
    const own = blocks.length > 1 ? varianceOf(blocks) : shared;
    const variance =
      (blocks.length * own + SHARED_BLOCKS * shared) / (blocks.length + SHARED_BLOCKS);
    return {
      mean: blocks.length > 0 ? meanOf(blocks) : 0,
      deviation: Math.sqrt(Math.max(variance, 1e-6)),
    };
  });
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
