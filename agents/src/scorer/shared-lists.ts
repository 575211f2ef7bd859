// Lists that the detectors of one subject remember, by place. Most subjects have the same ones,
// "its bet runs" or "it is over": those are kept once for all. Owns which are shared. Must never
// change a list that somebody holds.

/** By the detector's place; up to the last that ever had one. */
export type Lists = readonly (readonly number[])[];

export const NO_LISTS: Lists = [];

const NO_NUMBERS: readonly number[] = [];
/** Longer lists, larger numbers and more combinations than these are everybody's own. */
const SHARED_LENGTH_MAX = 2;
const SHARED_NUMBER_MAX = 9;
const SHARED_MAX = 256;

const shared = new Map<string, Lists>();

/** The lists with another one at a place. */
export function withList(lists: Lists, place: number, list: readonly number[]): Lists {
  const length = Math.max(lists.length, place + 1);
  const next: (readonly number[])[] = new Array(length).fill(NO_NUMBERS);
  for (let i = 0; i < lists.length; i++) next[i] = lists[i] as readonly number[];
  next[place] = list;
  return sharedOf(next);
}

/** The same lists: those that everybody shares where there are such. */
export function sharedOf(lists: Lists): Lists {
  if (lists.length === 0) return NO_LISTS;
  let key = "";
  for (const list of lists) {
    if (list.length > SHARED_LENGTH_MAX) return lists;
    for (const number of list) {
      if (!isDigit(number)) return lists;
      key += number;
    }
    key += ",";
  }
  const known = shared.get(key);
  if (known !== undefined) return known;
  if (shared.size < SHARED_MAX) shared.set(key, lists);
  return lists;
}

function isDigit(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= SHARED_NUMBER_MAX;
}
