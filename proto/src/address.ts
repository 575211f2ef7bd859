// IP addresses in canonical text and as bits: RFC 4291 (form), RFC 5952 (canonical IPv6 text).
// Owns the fold of IPv4-mapped IPv6 to IPv4, so one peer has one name whatever socket it came by.
// Zones (`%eth0`), ports and leading zeros are refused: two readings of one text must not exist.

/** An address as its bytes: 4 for IPv4, 16 for IPv6. */
export type AddressBytes = Uint8Array;

const DECIMAL_OCTET = /^(0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

/** Parses an IPv4 or IPv6 text; IPv4-mapped IPv6 becomes its 4 bytes. */
export function parseAddress(text: string): AddressBytes | undefined {
  if (text.length > 45) return undefined;
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  if (bytes?.length !== 16) return bytes;
  const isMapped =
    bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}

/** Canonical text of an address (RFC 5952 section 4), or `undefined` when it is none. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : formatAddress(bytes);
}

function parseIpv4(text: string): AddressBytes | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] as string;
    const value = Number(part);
    if (!DECIMAL_OCTET.test(part) || value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function parseIpv6(text: string): AddressBytes | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] as string, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 255;
  });
  return bytes;
}

function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (part.includes(".")) {
      const v4 = mayEndInIpv4 && i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (v4 === undefined) return undefined;
      const [a, b, c, d] = v4 as unknown as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      if (!HEX_GROUP.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Canonical text of 4 or 16 address bytes. */
export function formatAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2)
    groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((g) => g.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (groups[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = Math.max(i, end - 1);
  }
  return best;
}

/** A block of addresses: its network bytes and prefix length in bits. */
export interface AddressBlock {
  readonly network: AddressBytes;
  readonly prefixBits: number;
}

/** Parses `address` or `address/prefix`; host bits beyond the prefix must be zero. */
export function parseAddressBlock(text: string): AddressBlock | undefined {
  const slash = text.indexOf("/");
  const network = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (network === undefined) return undefined;
  const prefixText = slash < 0 ? String(network.length * 8) : text.slice(slash + 1);
  const prefixBits = Number(prefixText);
  if (!DECIMAL_OCTET.test(prefixText) || prefixBits > network.length * 8) return undefined;
  for (let bit = prefixBits; bit < network.length * 8; bit++) {
    if (bitOf(network, bit) !== 0) return undefined;
  }
  return { network, prefixBits };
}

export function isInBlock(address: AddressBytes, block: AddressBlock): boolean {
  if (address.length !== block.network.length) return false;
  for (let bit = 0; bit < block.prefixBits; bit++) {
    if (bitOf(address, bit) !== bitOf(block.network, bit)) return false;
  }
  return true;
}

function bitOf(bytes: Uint8Array, bit: number): number {
  return ((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1;
}
