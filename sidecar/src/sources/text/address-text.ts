// What a text log writes where an address belongs: with a port, in brackets, mapped from IPv4.
// Must never make an address of something that is not wholly one: a wrong host is a victim.

const V4_WITH_PORT = /^((?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/i;
const BRACKETED = /^\[([^\]]{2,45})\](?::\d{1,5})?$/;
const ZONE = /%[\w.-]{1,32}$/;

/** The address in `1.2.3.4:22`, `[::1]:22`, `fe80::1%eth0`, or the text itself. */
export function addressTextOf(text: string): string {
  const bracketed = BRACKETED.exec(text);
  if (bracketed !== null) return (bracketed[1] as string).replace(ZONE, "");
  const withPort = V4_WITH_PORT.exec(text);
  return withPort === null ? text.replace(ZONE, "") : (withPort[1] as string);
}
