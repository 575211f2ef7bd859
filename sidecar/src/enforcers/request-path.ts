// The resource a forwarded request target names: its path in one spelling (RFC 3986 section 6.2.2),
// so that a restriction on `/admin` is not passed by `/%61dmin`, `//admin` or `/x/../admin`.
// Must never guess: a target with two readings names no resource (and so is in every scope).

const PLAIN = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** Longest request target read, in characters. */
export const TARGET_LENGTH_MAX = 8192;

/**
 * @param target origin-form (`/a?b`) or absolute-form (`https://host/a?b`), one character a byte.
 * @returns the path: no query or fragment, dot segments resolved, slashes merged, escapes in upper
 * case and only where needed; `undefined` when it is no such target.
 */
export function resourceOf(target: string): string | undefined {
  if (target.length > TARGET_LENGTH_MAX) return undefined;
  const path = pathOf(target);
  if (path === undefined || !path.startsWith("/")) return undefined;
  const isPlain = PLAIN.test(path) && !path.includes("%");
  const text = isPlain ? path : canonicalEscapes(path);
  if (text === undefined) return undefined;
  return text.includes("//") || text.includes("/.") ? resolveSegments(text) : text;
}

function pathOf(target: string): string | undefined {
  let from = 0;
  if (!target.startsWith("/")) {
    const scheme = /^https?:\/\/[^/?#]+/i.exec(target);
    if (scheme === null) return undefined;
    from = scheme[0].length;
  }
  let to = from;
  while (to < target.length && target[to] !== "?" && target[to] !== "#") to++;
  return to === from && from > 0 ? "/" : target.slice(from, to);
}

function canonicalEscapes(path: string): string | undefined {
  let text = "";
  for (let i = 0; i < path.length; i++) {
    const char = path[i] as string;
    let byte = path.charCodeAt(i);
    if (char === "%") {
      const hex = path.slice(i + 1, i + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined;
      byte = Number.parseInt(hex, 16);
      i += 2;
    } else if (PLAIN.test(`/${char}`)) {
      text += char;
      continue;
    }
    // A backslash is a slash to some servers and not to others; controls end a path for some.
    if (byte < 32 || byte === 92 || byte === 127 || byte > 255) return undefined;
    const plain = String.fromCharCode(byte);
    text += UNRESERVED.test(plain) ? plain : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

// RFC 3986 section 5.2.4, after merging empty segments as nginx does (`merge_slashes`).
function resolveSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  const last = segments.at(-1);
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const isFolder = kept.length > 0 && (last === "" || last === "." || last === "..");
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
}
