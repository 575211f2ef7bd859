// The scorer's state in bytes and back. Owns the version, the checksum and the order of what is
// written: a snapshot that no scorer could have written is refused whole, never half-applied.
// Numbers come back bit for bit, so a restored scorer continues to the same outputs.

import type { SubjectText } from "@ostraka/proto";
import { checksumOf, NumberReader, NumberWriter } from "./bytes-of-numbers.ts";
import { NO_NAMES } from "./detectors/detector.ts";
import type { Ensemble, Lineup } from "./ensemble.ts";
import { GROUPS_MAX } from "./learned/peer-groups.ts";
import type { Peers } from "./learned/peers.ts";
import { type ProfilePool, wordsOf } from "./learned/profile-pool.ts";
import type { HostSketch } from "./learned/statistical.ts";
import type { RecentIds } from "./recent-ids.ts";
import type { RuleSet } from "./rules/rule-set.ts";
import type { ScorerCounts } from "./scorer-shape.ts";
import { sharedOf } from "./shared-lists.ts";
import { takeSnapshotBefore } from "./snapshot-before.ts";
import {
  type Fit,
  fitOf,
  layoutOf,
  type Part,
  partsOf,
  readInto,
  readLayout,
  readLearned,
  writeLayout,
  writeLearned,
} from "./snapshot-fit.ts";
import { openSubjectState, type SubjectState, VOUCHED_MAX } from "./subject-state.ts";
import type { SubjectTable } from "./subject-table.ts";

/** The first bytes, the fifth of them the version; 1 and 2 were JSON and began with a brace. */
const MAGIC = [0x4f, 0x53, 0x43, 0x52, 4, 0, 0, 0] as const;
/** Magic, then the checksum of all that follows. */
const CONTENT_AT = 16;

/** What a snapshot holds, where it lives. */
export interface ScorerParts {
  readonly ensemble: Ensemble;
  readonly counts: ScorerCounts;
  readonly table: SubjectTable;
  readonly recent: RecentIds;
  readonly pool: ProfilePool;
  readonly peers: Peers;
  readonly sketch: HostSketch;
  readonly rules: RuleSet | undefined;
}

function lineupsOf({ source, actor, session }: Ensemble): readonly Lineup[] {
  return [source, actor, session];
}

export function writeSnapshot(parts: ScorerParts): Uint8Array {
  const w = new NumberWriter();
  for (const byte of MAGIC) w.whole(byte);
  w.number(0);
  const lineups = lineupsOf(parts.ensemble);
  for (const lineup of lineups) writeLayout(w, layoutOf(lineup));
  const { events, duplicates, stale, invalid, pardoned } = parts.counts;
  for (const count of [events, duplicates, stale, invalid, pardoned]) w.whole(count);
  const { young, earned, known } = parts.table.rows();
  w.whole(parts.table.evictions);
  const learnedParts = lineups.map(partsOf);
  const places = new Map<SubjectState, number>();
  for (const states of [young, earned, known]) {
    w.whole(states.length);
    for (const state of states) {
      places.set(state, places.size);
      writeState(w, state, lineups, learnedParts);
    }
  }
  const profiles = [...parts.pool.all()];
  w.whole(profiles.length);
  for (const profile of profiles) {
    const { state, usedDay } = profile;
    w.whole(places.get(state) as number);
    w.whole(usedDay);
    w.words(wordsOf(profile));
  }
  w.words(parts.peers.groups);
  const groups = [...parts.peers.all()];
  w.whole(groups.length);
  for (const [group, words] of groups) {
    w.whole(group);
    for (const one of words) w.words(one);
  }
  const ids = parts.recent.snapshot();
  w.numbers(ids.newer);
  w.numbers(ids.older);
  w.text(JSON.stringify(parts.sketch.snapshot()));
  w.text(JSON.stringify(parts.rules?.snapshot() ?? null));
  const bytes = w.take();
  const [a, b] = checksumOf(bytes, CONTENT_AT);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, a, true);
  view.setUint32(12, b, true);
  return bytes;
}

function writeState(
  w: NumberWriter,
  state: SubjectState,
  lineups: readonly Lineup[],
  parts: readonly (readonly Part[])[],
): void {
  const { subject, lineup, block, at, learned, vouched, lists, said } = state;
  w.text(subject);
  const which = lineups.indexOf(lineup);
  w.whole(which);
  w.row(block.cells, at, lineup.rows.width);
  w.numbers(vouched);
  w.whole(lists.length);
  for (const list of lists) w.numbers(list);
  w.whole(learned === undefined ? 0 : 1);
  if (learned === undefined) return;
  writeLearned(w, state, parts[which] as readonly Part[]);
  w.whole(said?.length ?? 0);
  for (const words of said ?? []) w.text(words ?? "");
}

/**
 * Fills an empty scorer's parts.
 * @param snapshot bytes, or what JSON gave of an earlier version.
 * @returns whether it could; the parts are not to be used when it could not.
 */
export function readSnapshot(snapshot: unknown, parts: ScorerParts): boolean {
  if (!(snapshot instanceof Uint8Array)) return takeSnapshotBefore(snapshot, parts);
  if (!MAGIC.every((byte, i) => snapshot[i] === byte)) return false;
  if (snapshot.length < CONTENT_AT) return false;
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  const [a, b] = checksumOf(snapshot, CONTENT_AT);
  if (view.getUint32(8, true) !== a || view.getUint32(12, true) !== b) return false;
  return new Restoring(new NumberReader(snapshot, CONTENT_AT), parts).run();
}

/** Reads one snapshot into parts. */
class Restoring {
  readonly #r: NumberReader;
  readonly #parts: ScorerParts;
  readonly #fits: readonly Fit[];
  readonly #states: SubjectState[] = [];

  constructor(reader: NumberReader, parts: ScorerParts) {
    this.#r = reader;
    this.#parts = parts;
    this.#fits = lineupsOf(parts.ensemble).map((lineup) => fitOf(readLayout(reader), lineup));
  }

  run(): boolean {
    const r = this.#r;
    const { counts, table, recent, sketch, rules } = this.#parts;
    counts.events = r.whole();
    counts.duplicates = r.whole();
    counts.stale = r.whole();
    counts.invalid = r.whole();
    counts.pardoned = r.whole();
    const evictions = r.whole();
    const young = this.#readStates();
    const earned = this.#readStates();
    const known = this.#readStates();
    if (!r.isSound) return false;
    this.#readProfiles();
    this.#readPeers();
    recent.fill(r.numbers(), r.numbers());
    const isSketched = sketch.restore(jsonOf(r.text()));
    // Rules that are others now begin to correlate anew.
    rules?.restore(jsonOf(r.text()));
    if (rules === undefined) r.text();
    // Last: a smaller table forgets, and then profiles go too.
    return r.isDone && isSketched && table.fill({ young, earned, known }, evictions);
  }

  #readStates(): SubjectState[] {
    const states: SubjectState[] = [];
    const count = this.#r.count();
    for (let n = 0; n < count && this.#r.isSound; n++) states.push(this.#readState());
    for (const state of states) this.#states.push(state);
    return states;
  }

  #readState(): SubjectState {
    const r = this.#r;
    const state = openSubjectState(r.text() as SubjectText, this.#parts.ensemble);
    const fit = this.#fits[r.whole()];
    // Its numbers would not fit the row of another class.
    if (fit?.lineup !== state.lineup) {
      r.refuse();
      return state;
    }
    readInto(r, state.block.cells, state.at, fit.row);
    fit.lowered(state);
    const vouched = r.numbers();
    if (vouched.length > 0) state.vouched = vouched.slice(0, VOUCHED_MAX);
    this.#readLists(state, fit);
    if (r.whole() === 0) return state;
    readLearned(r, state, fit);
    const said = r.count();
    if (said > 0) state.said = [];
    for (let i = 0; i < said; i++) {
      const words = r.text();
      const to = fit.learned[i] ?? -1;
      while (state.said !== undefined && state.said.length <= to) state.said.push(undefined);
      if (to >= 0 && words !== "" && state.said !== undefined) state.said[to] = words;
    }
    return state;
  }

  #readLists(state: SubjectState, fit: Fit): void {
    const count = this.#r.count();
    const lists: (readonly number[])[] = [];
    for (let i = 0; i < count; i++) {
      const list = this.#r.numbers();
      const to = fit.declared[i] ?? -1;
      while (lists.length <= to) lists.push(NO_NAMES);
      if (to >= 0) lists[to] = list;
    }
    state.lists = sharedOf(lists);
  }

  #readProfiles(): void {
    const r = this.#r;
    const { blockWords, profileWords } = this.#fits[1] as Fit;
    const block = new Int32Array(blockWords);
    const count = r.count();
    for (let n = 0; n < count && r.isSound; n++) {
      const state = this.#states[r.whole()];
      const usedDay = r.whole();
      r.words(block);
      if (state === undefined || this.#parts.pool.words === 0) continue;
      const profile = this.#parts.pool.add(state, usedDay);
      for (const { from, to, words } of profileWords) {
        profile.words[to]?.set(block.subarray(from, from + words));
      }
    }
    this.#parts.pool.shrink();
  }

  #readPeers(): void {
    const r = this.#r;
    const { layout, profileWords } = this.#fits[1] as Fit;
    r.words(this.#parts.peers.groups);
    const count = r.count();
    for (let n = 0; n < count && r.isSound; n++) {
      const group = Math.min(r.whole(), GROUPS_MAX);
      layout.profiles.forEach(({ peerWords }, i) => {
        const words = new Int32Array(Math.min(peerWords, PEER_WORDS_MAX));
        r.words(words);
        const to = profileWords.find(({ index }) => index === i)?.to;
        if (to === undefined) return;
        const held = this.#parts.peers.group(group)[to];
        if (held?.length === words.length) held.set(words);
      });
    }
  }
}

/** Nothing that was ever configured is so large. */
const PEER_WORDS_MAX = 1 << 22;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not what a scorer wrote: whoever restores it refuses it.
    return undefined;
  }
}
