// Whether a line names one address however it is read. A stranger's words may stand before AND
// behind the address that the service wrote, and may imitate the line itself: then a pattern has
// two readings, and nothing says which is the service's. Must never choose between them.

import { addressTextOf } from "./address-text.ts";
import type { TextFormat } from "./text-format.ts";

/** A cheap look for anything that could be an address still; a time of day passes, and costs. */
const MAYBE_ADDRESS = /\d\.\d{1,3}\.\d|:[0-9a-fA-F]{0,4}:/;

/**
 * @param address as the line was read, with a port or in brackets
 * @returns false when a shape of the format reads another address out of the message.
 */
export function isOneReading(format: TextFormat, message: string, address: string): boolean {
  const rest = withoutAddress(message, address);
  if (!MAYBE_ADDRESS.test(rest)) return true;
  const own = addressTextOf(address);
  for (const { kind, template } of format.lines) {
    if (kind === "service-notice") continue;
    for (const text of [message, rest]) {
      const other = text.includes(template.literal)
        ? template.pattern.exec(text)?.groups?.["ip"]
        : undefined;
      if (other !== undefined && addressTextOf(other) !== own) return false;
    }
  }
  return true;
}

/** The message with a sign in each place where the address stands as a whole. */
function withoutAddress(message: string, address: string): string {
  let rest = "";
  let from = 0;
  for (let at = message.indexOf(address); at >= 0; at = message.indexOf(address, at + 1)) {
    const end = at + address.length;
    if (at < from || !isWhole(message, at, end)) continue;
    rest += `${message.slice(from, at)}~`;
    from = end;
  }
  return rest + message.slice(from);
}

function isWhole(message: string, at: number, end: number): boolean {
  const before = message.charCodeAt(at - 1);
  const isDotted = message.charCodeAt(end) === DOT && isWord(message.charCodeAt(end + 1));
  return before !== DOT && !isWord(before) && !isWord(message.charCodeAt(end)) && !isDotted;
}

const DOT = 46;

/** Whether it is the code of a digit or of an ASCII letter; NaN, beyond the ends, is none. */
function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 122);
}
