// Lines of `key=value` pairs: logfmt (quoted where a value has spaces) and the comma-separated form
// of Keycloak. Owns the pairs. A key that comes twice with two values is dropped: one of them may
// be a stranger's.

const PAIR = /([A-Za-z@_][\w.@/-]{0,63})=("(?:[^"\\]|\\.){0,8192}"|[^\s"]{0,8192})(?: |$)/y;
const COMMA_PAIR = /([A-Za-z@_][\w.@-]{0,63})=("(?:[^"\\]|\\.){0,8192}"|[^,"]{0,8192})(?:, |$)/y;
const PAIRS_MAX = 128;

/** Whether a line begins as logfmt does. */
export function isLogfmt(line: string): boolean {
  return /^[A-Za-z@_][\w.@-]{0,31}=(?:"|[^\s"=]{1,256} [A-Za-z@_][\w.@/-]{0,63}=|\s)/.test(line);
}

/** The pairs of a line that is nothing but pairs; nothing when it is not. */
export function readLogfmt(line: string): Record<string, string> | undefined {
  return readPairs(line, PAIR);
}

// Firewalls (FortiGate) give the day and the time of day pairs of their own, behind what a syslog
// server wrote before them, which holds no pair.
const DATED = new RegExp(
  '^[^="]{0,128}?\\b(date=(\\d{4}-\\d\\d-\\d\\d) time=(\\d\\d:\\d\\d:\\d\\d)' +
    '(?: tz="([+-]\\d\\d:?\\d\\d)")? .*)$',
  "s",
);

/** Pairs that begin with `date=` and `time=`; their `time` is both. Without a zone it is UTC. */
export function readDatedPairs(line: string): Record<string, string> | undefined {
  const match = line.includes("date=") ? DATED.exec(line) : null;
  if (match === null) return undefined;
  const [, text = "", date, time, zone = "Z"] = match;
  const pairs = readPairs(text.trimEnd(), PAIR);
  return pairs === undefined ? undefined : Object.assign(pairs, { time: `${date}T${time}${zone}` });
}

/** The same, separated by a comma and a space. */
export function readCommaPairs(line: string): Record<string, string> | undefined {
  return readPairs(line, COMMA_PAIR);
}

function readPairs(line: string, pattern: RegExp): Record<string, string> | undefined {
  const pairs = new Map<string, string | undefined>();
  pattern.lastIndex = 0;
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (match === null || pairs.size >= PAIRS_MAX) return undefined;
    const [, key = "", raw = ""] = match;
    const value = raw.startsWith('"') ? unquote(raw) : raw;
    pairs.set(key, pairs.has(key) && pairs.get(key) !== value ? undefined : value);
  }
  const fields: Record<string, string> = Object.create(null);
  for (const [key, value] of pairs) if (value !== undefined) fields[key] = value;
  return fields;
}

function unquote(raw: string): string {
  const inner = raw.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\(.)/g, "$1") : inner;
}
