// The little language in which the lines of text logs are declared: literal text with tokens in
// angle brackets, anchored at both ends. Owns the turning of it into a regular expression that
// cannot backtrack for long: at most two tokens of a template are unbounded and may hold anything.

export interface Template {
  readonly pattern: RegExp;
  /** The longest literal text: a line without it cannot match. */
  readonly literal: string;
}

const ADDRESS = "[0-9a-fA-F.:]{2,45}";
/** An address, for shapes whose grammar a template cannot say. */
export const IP = `(?<ip>${ADDRESS})`;

// `<user>` and `<*>` are greedy: of two readings the one whose address stands furthest right wins,
// since what a stranger types stands before what the program adds behind it.
const TOKENS: ReadonlyMap<string, string> = new Map([
  ["ip", IP],
  ["ip:port", `(?<ip>\\[${ADDRESS}\\]|${ADDRESS}):\\d{1,5}`],
  ["user", "(?<user>.*)"],
  ["word", "(?<user>\\S{1,256})"],
  ["q", '(?<user>[^"]{0,256})'],
  ["count", "(?<count>\\d{1,6})"],
  ["agent", "(?<agent>.*)"],
  ["time", "(?<time>[^\\]|]{8,40})"],
  ["*", ".*"],
  ["w", "\\S{1,256}"],
  ["n", "\\d{1,20}"],
  ["s", " {1,8}"],
  ["q*", '[^"]{0,512}'],
  ["c*", "[^,]{0,512}"],
  ["]*", "[^\\]]{0,256}"],
  ["p*", "[^()]{0,512}"],
  ["lt", "<"],
  ["gt", ">"],
]);
/** Tokens that hold anything at all, of any length. */
const UNBOUNDED: ReadonlySet<string> = new Set(["user", "*", "agent"]);
const UNBOUNDED_MAX = 2;

/**
 * Compiles a template: `<ip>`, `<user>` and the other tokens above, `<a|b>` one of literals,
 * `<?a>` a literal that may be missing.
 * @throws RangeError when it names a token that is not known or holds too many unbounded ones.
 */
export function compileTemplate(text: string): Template {
  let source = "";
  let literal = "";
  let unbounded = 0;
  for (const part of text.split(/(<[^<>]+>)/)) {
    if (!/^<[^<>]+>$/.test(part)) {
      source += escaped(part);
      if (part.length > literal.length) literal = part;
      continue;
    }
    const token = part.slice(1, -1);
    if (UNBOUNDED.has(token)) unbounded++;
    source += sourceOf(token, text);
  }
  if (unbounded > UNBOUNDED_MAX) throw new RangeError(`${text} holds too many unbounded tokens`);
  return { pattern: new RegExp(`^${source}$`, "s"), literal };
}

function sourceOf(token: string, template: string): string {
  const known = TOKENS.get(token);
  if (known !== undefined) return known;
  if (token.startsWith("?")) return `(?:${alternatives(token.slice(1))})?`;
  if (token.includes("|")) return `(?:${alternatives(token)})`;
  throw new RangeError(`${template} names the token ${token}, which there is not`);
}

function alternatives(text: string): string {
  return text.split("|").map(escaped).join("|");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** `(?:…)?` at the head of a pattern, which may hold one level of groups more. */
const MAY_BE_MISSING = /^\(\?:(?:[^()\\]|\\.|\[[^\]]*\]|\((?:[^()\\]|\\.)*\)\??)*\)\?/;
/** Anything, or anything but a sign, of no length or a long one. */
const ANYTHING = new RegExp(
  "^(?:\\(\\?<user>)?(?:\\.|\\[\\^[^\\]]*\\]|\\(\\?:\\(\\?![^()]*\\)\\.\\))" +
    "(?:\\*|\\{\\d,\\d{3,}\\})",
);

/**
 * Whether words of anybody may stand before what the pattern knows: then it says nothing of who
 * printed the line, and a stranger's words at the end of any other line would match it.
 */
export function beginsWithAnything({ pattern }: Template): boolean {
  let source = pattern.source.replace(/^\^/, "");
  for (let head = MAY_BE_MISSING.exec(source); head !== null; ) {
    source = source.slice(head[0].length);
    head = MAY_BE_MISSING.exec(source);
  }
  return ANYTHING.test(source);
}
