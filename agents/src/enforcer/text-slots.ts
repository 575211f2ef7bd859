// Room for many short texts in a few large pieces of memory: a string of its own costs half as much
// again. Hands out numbers; what a number means is its taker's business. What is long or needs more
// than a byte a unit is kept as the string that it is.

/** Sizes of places differ by this; the first byte of a place is its text's length. */
const STEP = 8;
const LENGTH_MAX = 119;
const KINDS = (LENGTH_MAX + 1) / STEP;
/** A number is a kind of place and a place of that kind; the kind past the last holds strings. */
const PLACES_MAX = 2 ** 27;
const PAGE_PLACES = 256;

interface Kind {
  readonly pages: Uint8Array[];
  readonly free: number[];
  next: number;
}

export class TextSlots {
  readonly #kinds: Kind[] = Array.from({ length: KINDS }, () => ({ pages: [], free: [], next: 0 }));
  readonly #strings: (string | undefined)[] = [];
  readonly #freeStrings: number[] = [];

  /** Keeps a text. @returns its number, below 2^31. */
  put(text: string): number {
    if (text.length > LENGTH_MAX || !isOfBytes(text)) return this.#putString(text);
    const number = Math.floor(text.length / STEP);
    const kind = this.#kinds[number] as Kind;
    const place = kind.free.pop() ?? kind.next++;
    const size = (number + 1) * STEP;
    if (place === kind.pages.length * PAGE_PLACES)
      kind.pages.push(new Uint8Array(PAGE_PLACES * size));
    const page = kind.pages[Math.floor(place / PAGE_PLACES)] as Uint8Array;
    const at = (place % PAGE_PLACES) * size;
    page[at] = text.length;
    for (let i = 0; i < text.length; i++) page[at + 1 + i] = text.charCodeAt(i);
    return number * PLACES_MAX + place;
  }

  get(slot: number): string {
    const number = Math.floor(slot / PLACES_MAX);
    if (number === KINDS) return this.#strings[slot % PLACES_MAX] as string;
    const { page, at } = this.#placeOf(number, slot % PLACES_MAX);
    return String.fromCharCode(...page.subarray(at + 1, at + 1 + (page[at] as number)));
  }

  isEqual(slot: number, text: string): boolean {
    const number = Math.floor(slot / PLACES_MAX);
    if (number === KINDS) return this.#strings[slot % PLACES_MAX] === text;
    const { page, at } = this.#placeOf(number, slot % PLACES_MAX);
    if (page[at] !== text.length) return false;
    for (let i = 0; i < text.length; i++) {
      if (page[at + 1 + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Gives a number back; it must not be used any more. */
  release(slot: number): void {
    const number = Math.floor(slot / PLACES_MAX);
    const place = slot % PLACES_MAX;
    if (number < KINDS) {
      (this.#kinds[number] as Kind).free.push(place);
      return;
    }
    this.#strings[place] = undefined;
    this.#freeStrings.push(place);
  }

  #putString(text: string): number {
    const place = this.#freeStrings.pop() ?? this.#strings.length;
    this.#strings[place] = text;
    return KINDS * PLACES_MAX + place;
  }

  #placeOf(number: number, place: number): { readonly page: Uint8Array; readonly at: number } {
    const page = (this.#kinds[number] as Kind).pages[Math.floor(place / PAGE_PLACES)] as Uint8Array;
    return { page, at: (place % PAGE_PLACES) * (number + 1) * STEP };
  }
}

function isOfBytes(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}
