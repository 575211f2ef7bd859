// Whether a line names one address however it is read. A stranger's words may stand before AND
// behind the address that the service wrote, and may imitate the line itself: then a pattern has
// two readings, and nothing says which is the service's. Must never choose between them.

import { addressTextOf } from "./address-text.ts";
import type { TextFormat } from "./text-format.ts";

/** A cheap look for anything that could be an address still; a time of day passes, and costs. */
const MAYBE_ADDRESS = /\d\.\d{1,3}\.\d|[0-9a-fA-F]*:[0-9a-fA-F]*:/;

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

function withoutAddress(message: string, address: string): string {
  const literal = address.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return message.replace(new RegExp(`(?<![\\w.])${literal}(?!\\w|\\.\\d)`, "g"), "~");
}
