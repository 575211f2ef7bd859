// Sigma's text patterns: `*` any run, `?` any one character, `\` before either (or before itself)
// takes it as it is. Owns reading and matching them in time linear in the value for each run (no
// backtracking over more than the last `*`). Must never build a regular expression from a rule.

/** One piece between stars: characters, of which -1 stands for any one. */
export interface TextPattern {
  /** The text when nothing in it is special. */
  readonly plain: string | undefined;
  readonly pieces: readonly Piece[];
  readonly isOpenStart: boolean;
  readonly isOpenEnd: boolean;
}

interface Piece {
  readonly text: string;
  /** Positions of `?` in the text, where it holds a placeholder. */
  readonly any: readonly number[];
}

/** A power of two. Places of what was asked for last, by a few of its units. */
const PLACES = 256;
/** Longer texts are not kept. */
const KEPT_MAX = 128;
const asked = new Array<string>(PLACES).fill("");
const told = new Array<string>(PLACES).fill("");

/**
 * Lower case, unit by unit where the whole would change its length: places must stay. Asked for the
 * same text again, as many values of one field are, it says what it said.
 */
export function lower(text: string): string {
  const { length } = text;
  if (length === 0 || length > KEPT_MAX) return inLowerCase(text);
  const units =
    text.charCodeAt(0) * 5 + text.charCodeAt(length >> 1) * 3 + text.charCodeAt(length - 1);
  const place = (units + length * 7) & (PLACES - 1);
  if (asked[place] === text) return told[place] as string;
  const lowered = inLowerCase(text);
  asked[place] = text;
  told[place] = lowered;
  return lowered;
}

function inLowerCase(text: string): string {
  const whole = text.toLowerCase();
  if (whole.length === text.length) return whole;
  let folded = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text[i] as string;
    const small = unit.toLowerCase();
    folded += small.length === 1 ? small : unit;
  }
  return folded;
}

/** Reads a pattern. The text is lower-cased unless `isCased`. */
export function readPattern(source: string, isCased: boolean): TextPattern {
  const pieces: Piece[] = [];
  let text = "";
  let any: number[] = [];
  let isSpecial = false;
  let isOpenStart = false;
  let isOpenEnd = false;
  const close = () => {
    if (text !== "") pieces.push({ text: isCased ? text : lower(text), any });
    text = "";
    any = [];
  };
  for (let i = 0; i < source.length; i++) {
    const char = source[i] as string;
    const next = source[i + 1];
    isOpenEnd = false;
    if (char === "\\" && (next === "*" || next === "?" || next === "\\")) {
      text += next;
      i++;
    } else if (char === "*") {
      isSpecial = true;
      isOpenEnd = true;
      if (text === "" && pieces.length === 0) isOpenStart = true;
      close();
    } else {
      if (char === "?") {
        isSpecial = true;
        any.push(text.length);
      }
      text += char;
    }
  }
  close();
  const plain = isSpecial ? undefined : (pieces[0]?.text ?? "");
  return { plain, pieces, isOpenStart, isOpenEnd };
}

/** Where a pattern may stand in a value. */
export interface Ends {
  readonly isOpenStart: boolean;
  readonly isOpenEnd: boolean;
}

/**
 * A test of values against a pattern that may be open at its ends.
 * @returns a function of a value that has the pattern's case already.
 */
export function matchPattern(pattern: TextPattern, ends: Ends): (value: string) => boolean {
  const isOpenStart = pattern.isOpenStart || ends.isOpenStart;
  const isOpenEnd = pattern.isOpenEnd || ends.isOpenEnd;
  const { plain, pieces } = pattern;
  if (plain !== undefined) {
    if (isOpenStart && isOpenEnd) return (value) => value.includes(plain);
    if (isOpenStart) return (value) => value.endsWith(plain);
    if (isOpenEnd) return (value) => value.startsWith(plain);
    return (value) => value === plain;
  }
  if (pieces.length === 0) return () => true;
  return (value) => matchPieces(value, pieces, isOpenStart, isOpenEnd);
}

function matchPieces(
  value: string,
  pieces: readonly Piece[],
  isOpenStart: boolean,
  isOpenEnd: boolean,
): boolean {
  let from = 0;
  let first = 0;
  let last = pieces.length;
  let until = value.length;
  if (!isOpenStart) {
    const piece = pieces[0] as Piece;
    if (!isAt(value, piece, 0)) return false;
    from = piece.text.length;
    first = 1;
    if (last === 1) return isOpenEnd || from === value.length;
  }
  if (!isOpenEnd && last > first) {
    const piece = pieces[last - 1] as Piece;
    until = value.length - piece.text.length;
    if (until < from || !isAt(value, piece, until)) return false;
    last--;
  }
  // The leftmost place of each piece in turn is as good as any: what follows is open.
  for (let i = first; i < last; i++) {
    const piece = pieces[i] as Piece;
    const found = findPiece(value, piece, from);
    if (found < 0 || found + piece.text.length > until) return false;
    from = found + piece.text.length;
  }
  return true;
}

function findPiece(value: string, piece: Piece, from: number): number {
  if (piece.any.length === 0) return value.indexOf(piece.text, from);
  for (let at = from; at + piece.text.length <= value.length; at++) {
    if (isAt(value, piece, at)) return at;
  }
  return -1;
}

function isAt(value: string, { text, any }: Piece, at: number): boolean {
  if (any.length === 0) return value.startsWith(text, at);
  if (at + text.length > value.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (value.charCodeAt(at + i) !== text.charCodeAt(i) && !any.includes(i)) return false;
  }
  return true;
}
