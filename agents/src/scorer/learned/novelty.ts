// First times: an account, network, country, client, program, device, resource or action that this
// subject has not shown before. Owns a short memory of each facet, as 15-bit fingerprints. Must
// never speak of one facet twice a day, nor of a facet that it has hardly seen.
//
// Expected: the next trial is new with the chance of Good and Turing: things seen exactly once,
// over trials (Good 1953; one half is added, so that it is never zero). Strangeness is the surprise
// in bits, added up over the facets that are new. A trial is the first of a day, or a change from
// the one before, so that a busy hour in one place is one trial. At 1,023 trials both counts are
// halved: the last 500 to 1,000 weigh.
//
// A false "seen before" (a fingerprint met by chance: at most 12 of 32,767, 0.04 % of new things)
// costs silence about that facet. FNV is no secret: whoever knows what a subject uses can search a
// client name that collides; network and country he cannot choose so. A memory that is full forgets
// what was used longest ago; what comes back counts as new and raises the chance of new things, so
// a subject of many resources surprises little.
// Poisoning: each new thing that is taught raises the chance by one over the trials, and a facet is
// taught one a day at most, the one that was spoken about. After 200
// trials of an account of steady habits 29 new things make the next one worth 3 bits instead of
// 9, and that takes 29 days (the test plays it).

import type { Observation } from "../observation.ts";
import { spreadHash } from "../spread-hash.ts";
import { describeFacets, FACETS, facetOf } from "./facets.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { fieldAt, openPacking, setField } from "./packed-counts.ts";
import { FRESH, NOTED, SPOKEN, TAUGHT, todaysMasks, withMask, withMasks } from "./spoken-today.ts";
import { inEighths } from "./steps.ts";

/** A fingerprint of 15 bits and, lowest, whether it has been seen just once; 0 is empty. */
const PRINTS = openPacking(16);
const FIELD = 2 ** 16;
/** Cells of fingerprints a facet, three in each: few accounts, many resources. */
const CELLS_OF = [2, 3, 2, 2, 3, 2, 4, 4] as const;
const PRINT_CELLS = CELLS_OF.reduce<number>((sum, cells) => sum + cells, 0);
const FIRST_CELL = CELLS_OF.map((_, i) => CELLS_OF.slice(0, i).reduce<number>((a, b) => a + b, 0));

/** Trials and things seen once, of each facet in turn. */
const COUNTS = openPacking(12);
const COUNTS_AT = PRINT_CELLS;
const TODAY_AT = COUNTS_AT + (2 * FACETS.length) / COUNTS.perCell;
const TRIALS_MAX = 1_023;
/** Trials before a facet is spoken of. */
const TRIALS_MIN = 8;

export const novelty: LearnedDetector = {
  name: "novelty",
  share: 0.3,
  follows: ["source", "actor"],
  against: "it keeps to accounts, networks, clients, devices, resources and actions of its past",
  width: TODAY_AT + 1,

  strangeness(cells, at, seen) {
    if (!(seen.timeMs >= 0)) return Number.NaN;
    const masks = todaysMasks(cells[at + TODAY_AT] as number, seen.timeMs);
    let bits = Number.NaN;
    let fresh = 0;
    readHashes(seen);
    for (let facet = 0; facet < FACETS.length; facet++) {
      const hash = hashes[facet] as number;
      if (hash === 0 || trialsOf(cells, at, facet) < TRIALS_MIN) continue;
      const isSpoken = ((masks >>> (SPOKEN + facet)) & 1) === 1;
      if (!isSpoken && isNewTo(cells, at, facet, hash)) {
        fresh |= 1 << facet;
        bits = (bits > 0 ? bits : 0) - Math.log2(chanceOfNew(cells, at, facet));
      } else if (((masks >>> (NOTED + facet)) & 1) === 0 && Number.isNaN(bits)) bits = 0;
    }
    keepFresh(cells, at, seen.timeMs, fresh);
    return inEighths(bits);
  },

  note(cells, at, seen) {
    const { timeMs } = seen;
    if (!(timeMs >= 0 && timeMs < Number.POSITIVE_INFINITY)) return;
    const masks = todaysMasks(cells[at + TODAY_AT] as number, timeMs);
    const fresh = isKept(cells, at, seen)
      ? kept.fresh
      : newMaskOf(cells, at, seen, (masks >>> SPOKEN) & 0xff);
    const before = masks & ~(0xff << FRESH);
    const now = (present(seen) << NOTED) | (fresh << SPOKEN) | (fresh << FRESH);
    cells[at + TODAY_AT] = withMasks(timeMs, before | now);
  },

  learn(cells, at, seen) {
    if (!(seen.timeMs >= 0)) return;
    kept.cells = NOWHERE;
    const today = cells[at + TODAY_AT] as number;
    const masks = todaysMasks(today, seen.timeMs);
    let seenMask = 0;
    for (let facet = 0; facet < FACETS.length; facet++) {
      const hash = facetOf(seen, facet);
      if (hash === 0) continue;
      seenMask |= 1 << facet;
      const print = fingerprintOf(hash);
      const isFirstToday = ((masks >>> (TAUGHT + facet)) & 1) === 0;
      // The same as before is no trial: most events end here.
      if (!isFirstToday && latestOf(cells, at, facet) === print) continue;
      const isFresh = ((masks >>> (FRESH + facet)) & 1) === 1;
      const isHeld = !isFresh && trialsOf(cells, at, facet) >= TRIALS_MIN;
      learnFacet(cells, at, facet, print, isHeld);
    }
    cells[at + TODAY_AT] = withMask(today, seen.timeMs, TAUGHT, seenMask);
  },

  describe(cells, at, seen) {
    const mask = newMaskOf(cells, at, seen, 0);
    let past = 0;
    for (let facet = 0; facet < FACETS.length; facet++) {
      if (facetOf(seen, facet) !== 0) past = Math.max(past, trialsOf(cells, at, facet));
    }
    return `${describeFacets(mask)} pastTrials=${past}`;
  },
};

const NOWHERE: Float64Array = new Float64Array(0);
/** Facets of the observation at hand, as `facetOf` gives them. */
const hashes = new Int32Array(FACETS.length);
/** What `strangeness` found new, and of whom and when: `note` asks for the same. */
const kept = { cells: NOWHERE, at: 0, timeMs: 0, fresh: 0 };

function readHashes(seen: Observation): void {
  for (let facet = 0; facet < FACETS.length; facet++) hashes[facet] = facetOf(seen, facet);
}

function keepFresh(cells: Float64Array, at: number, timeMs: number, fresh: number): void {
  kept.cells = cells;
  kept.at = at;
  kept.timeMs = timeMs;
  kept.fresh = fresh;
}

function isKept(cells: Float64Array, at: number, seen: Observation): boolean {
  if (kept.cells !== cells || kept.at !== at || kept.timeMs !== seen.timeMs) return false;
  for (let facet = 0; facet < FACETS.length; facet++) {
    if (hashes[facet] !== facetOf(seen, facet)) return false;
  }
  return true;
}

function present(seen: Observation): number {
  let mask = 0;
  for (let facet = 0; facet < FACETS.length; facet++) {
    if (facetOf(seen, facet) !== 0) mask |= 1 << facet;
  }
  return mask;
}

/** Facets, but for some, that are new and have been tried often enough to say so. */
function newMaskOf(cells: Float64Array, at: number, seen: Observation, but: number): number {
  let mask = 0;
  for (let facet = 0; facet < FACETS.length; facet++) {
    const hash = facetOf(seen, facet);
    if (hash === 0 || ((but >> facet) & 1) === 1) continue;
    if (trialsOf(cells, at, facet) < TRIALS_MIN) continue;
    if (isNewTo(cells, at, facet, hash)) mask |= 1 << facet;
  }
  return mask;
}

/** 15 bits, never 0. */
function fingerprintOf(hash: number): number {
  return spreadHash(hash) >>> 17 || 1;
}

/** Place of a fingerprint in its facet's memory, -1 when it is not there. */
function placeOf(cells: Float64Array, at: number, facet: number, print: number): number {
  const from = at + (FIRST_CELL[facet] as number);
  const places = (CELLS_OF[facet] as number) * PRINTS.perCell;
  for (let i = 0; i < places; i++) {
    const field = fieldAt(PRINTS, cells, from, i);
    if (field === 0) return -1;
    if (field >> 1 === print) return i;
  }
  return -1;
}

/** Fingerprint of what the facet showed last, 0 for none. */
function latestOf(cells: Float64Array, at: number, facet: number): number {
  return fieldAt(PRINTS, cells, at + (FIRST_CELL[facet] as number), 0) >> 1;
}

function isNewTo(cells: Float64Array, at: number, facet: number, hash: number): boolean {
  return placeOf(cells, at, facet, fingerprintOf(hash)) < 0;
}

function trialsOf(cells: Float64Array, at: number, facet: number): number {
  return fieldAt(COUNTS, cells, at + COUNTS_AT, 2 * facet);
}

function onceOf(cells: Float64Array, at: number, facet: number): number {
  return fieldAt(COUNTS, cells, at + COUNTS_AT, 2 * facet + 1);
}

function chanceOfNew(cells: Float64Array, at: number, facet: number): number {
  return (onceOf(cells, at, facet) + 0.5) / (trialsOf(cells, at, facet) + 1);
}

/** @param isHeld what is new was not spoken about, and teaches nothing: one a day is the bound */
function learnFacet(
  cells: Float64Array,
  at: number,
  facet: number,
  print: number,
  isHeld: boolean,
): void {
  const from = at + (FIRST_CELL[facet] as number);
  const place = placeOf(cells, at, facet, print);
  if (place < 0 && isHeld) return;
  let trials = trialsOf(cells, at, facet) + 1;
  let once = onceOf(cells, at, facet);
  if (place < 0) once++;
  else if (fieldAt(PRINTS, cells, from, place) % 2 === 1) once = Math.max(0, once - 1);
  moveToFront(cells, from, facet, place, print * 2 + (place < 0 ? 1 : 0));
  if (trials >= TRIALS_MAX) {
    trials >>= 1;
    once >>= 1;
  }
  setField(COUNTS, cells, at + COUNTS_AT, 2 * facet, trials);
  setField(COUNTS, cells, at + COUNTS_AT, 2 * facet + 1, once);
}

/**
 * What was used last stands first; a new one pushes out what was used longest ago. A field is 16
 * bits, so a whole cell moves up by one with a multiplication.
 */
function moveToFront(
  cells: Float64Array,
  from: number,
  facet: number,
  place: number,
  field: number,
): void {
  const gap = place < 0 ? (CELLS_OF[facet] as number) * PRINTS.perCell - 1 : place;
  const last = from + ((gap / PRINTS.perCell) | 0);
  let carried = field;
  for (let i = from; i < last; i++) {
    const cell = cells[i] as number;
    cells[i] = (cell >>> 0) * FIELD + carried;
    carried = ((cell / (FIELD * FIELD)) >>> 0) % FIELD;
  }
  // In the last cell only the fields below the gap move.
  const below = gap % PRINTS.perCell;
  const scale = FIELD ** below;
  const low = (cells[last] as number) % scale;
  const kept = Math.floor((cells[last] as number) / (scale * FIELD)) * scale * FIELD;
  cells[last] = kept + low * FIELD + carried;
}
