// A block of a page that a program writes, between its two marks: `<!-- NAME:begin -->` and
// `<!-- NAME:end -->`. Owns finding it, marks included. Writes nothing, and knows no table.

export interface PageBlock {
  readonly before: string;
  /** With its marks. */
  readonly block: string;
  readonly after: string;
}

export function beginOf(name: string): string {
  return `<!-- ${name}:begin -->`;
}

export function endOf(name: string): string {
  return `<!-- ${name}:end -->`;
}

/** The block of that name, or nothing where the page has not exactly one. */
export function findBlock(page: string, name: string): PageBlock | undefined {
  const [begin, close] = [beginOf(name), endOf(name)];
  const from = page.indexOf(begin);
  const to = page.indexOf(close);
  const isOne = from >= 0 && to > from && page.lastIndexOf(begin) === from;
  if (!isOne || page.lastIndexOf(close) !== to) return undefined;
  const end = to + close.length;
  return { before: page.slice(0, from), block: page.slice(from, end), after: page.slice(end) };
}

/** The page with another text in place of the block. @throws when it has not exactly one such. */
export function withBlock(page: string, name: string, text: string): string {
  const found = findBlock(page, name);
  if (found === undefined) {
    throw new Error(`the page has no block of ${beginOf(name)} and ${endOf(name)}`);
  }
  return `${found.before}${text}${found.after}`;
}
