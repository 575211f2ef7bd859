// The optional white space of HTTP (RFC 9110 section 5.6.3, OWS): spaces and tabs, nothing else.
// `String.trim` would also take a no-break space, and so make one of two different texts.

/** `text` from `from` up to `to`, without the spaces and tabs at its ends; linear in its length. */
export function trimSpaces(text: string, from = 0, to = text.length): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}
