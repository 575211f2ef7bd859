// Splits TypeScript text into code, strings and comments without parsing it: enough for house
// rules. What is not asked for is blanked with spaces, so that every position and line stays where
// it was.

export interface Scanned {
  /** Comments, and the insides of strings, templates and regular expressions, are blanks. */
  readonly code: string;
  /** Everything but comments is blank. */
  readonly comments: string;
}

const BEFORE_REGEX = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|await))\s*$/;

/** Scans one source text. Total: an unclosed string or comment runs to the end. */
export function scan(text: string): Scanned {
  const code = blanksOf(text);
  const comments = blanksOf(text);
  const templateDepths: number[] = []; // brace depth at which each open `${` closes
  let depth = 0;
  let at = 0;
  const keep = (into: string[], end: number) => {
    for (let i = at; i < end; i++) into[i] = text[i] as string;
    at = end;
  };
  const keepEdges = (end: number) => {
    code[at] = text[at] as string;
    code[end - 1] = text[end - 1] as string;
    at = end;
  };
  while (at < text.length) {
    const char = text[at] as string;
    const pair = text.slice(at, at + 2);
    if (pair === "//") keep(comments, endOf(text, at, "\n"));
    else if (pair === "/*") keep(comments, endOf(text, at + 2, "*/") + 2);
    else if (char === '"' || char === "'") keepEdges(quotedEnd(text, at));
    else if (char === "/" && isRegexStart(code, at)) keepEdges(regexEnd(text, at));
    else if (char === "`" || (char === "}" && templateDepths.at(-1) === depth)) {
      if (char === "}") templateDepths.pop();
      const end = templateEnd(text, at + 1);
      if (text[end - 1] === "{") templateDepths.push(depth);
      keepEdges(end);
    } else {
      if (char === "{") depth++;
      if (char === "}") depth--;
      keep(code, at + 1);
    }
  }
  return { code: code.join(""), comments: comments.join("") };
}

function blanksOf(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => (text[i] === "\n" ? "\n" : " "));
}

function endOf(text: string, from: number, mark: string): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}

/** Index after a quoted string; it ends at its line at the latest. */
function quotedEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === text[start]) return i + 1;
    else if (text[i] === "\n") return i;
  }
  return text.length;
}

/** Index after a template part: past the closing backtick, or past the `${` that opens code. */
function templateEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "`") return i + 1;
    else if (text.startsWith("${", i)) return i + 2;
  }
  return text.length;
}

function isRegexStart(code: readonly string[], at: number): boolean {
  let from = at - 1;
  while (from > 0 && (code[from] === " " || code[from] === "\n")) from--;
  return BEFORE_REGEX.test(code.slice(Math.max(0, from - 8), from + 1).join(""));
}

function regexEnd(text: string, start: number): number {
  let isInClass = false;
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i];
    if (char === "\\") i++;
    else if (char === "[") isInClass = true;
    else if (char === "]") isInClass = false;
    else if (char === "\n") return i;
    else if (char === "/" && !isInClass) return i + 1;
  }
  return text.length;
}

export interface ImportFound {
  readonly specifier: string;
  readonly line: number;
}

/** Every static and dynamic import and re-export of a script whose target is a plain string. */
export function importsOf(file: { readonly path: string; readonly text: string }): ImportFound[] {
  const { path, text } = file;
  if (path.endsWith(".proto")) return [];
  const { code } = scan(text);
  const pattern = /(?<![.#\w])(?:(?:from|import)\s*|import\s*\(\s*)"( *)"/g;
  return [...code.matchAll(pattern)].map((match) => {
    const end = match.index + match[0].length - 1;
    const specifier = text.slice(end - (match[1] as string).length, end);
    return { specifier, line: lineAt(text, match.index) };
  });
}

/** Line number, from 1, of a position. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}
