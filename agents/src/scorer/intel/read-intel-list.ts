// Reading a list of threat intelligence: plain text, an entry a line, comments after `#` or `;`.
// Owns what an entry may be and the faults with their lines. Must never take an entry that would
// name half of the internet or a private network: a feed that went wrong must not look like a hit.

import { parseAddressBlock } from "@ostraka/proto";
import { AddressBlocks, type AddressRanges, readFourth } from "./address-ranges.ts";

export const INTEL_FORMATS = ["addresses", "user-agents", "domains", "hashes"] as const;
export type IntelFormat = (typeof INTEL_FORMATS)[number];

/** A million entries and some; IPv6 is sorted slower, and no feed has so many. */
export const ENTRIES_MAX = 1_048_576;
const SIXTH_MAX = 131_072;
/** Texts are kept whole: so many take some 20 MB. */
export const TEXTS_MAX = 131_072;
export const LINE_CHARS_MAX = 1_024;
/** Faults that are told; the rest is counted. */
export const FAULTS_TOLD_MAX = 8;
/** No entry is wider: 16 million addresses of IPv4, and the usual block of one owner of IPv6. */
const FOURTH_BITS_MIN = 8;
const SIXTH_BITS_MIN = 19;

export interface IntelFault {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

export interface IntelEntries {
  readonly format: IntelFormat;
  readonly addresses: AddressRanges;
  /** User agents as they are; domains and hashes in lower case. */
  readonly texts: ReadonlySet<string>;
  /** Entries taken. */
  readonly count: number;
  readonly lines: number;
  /** The first few; `faultCount` counts all. Lines at fault are left out. */
  readonly faults: readonly IntelFault[];
  readonly faultCount: number;
  /** The last line had no end: the file may be half-written. */
  readonly isCut: boolean;
}

/** Takes a list piece by piece, so that whoever reads a large file can do other things between. */
export class IntelReader {
  readonly #format: IntelFormat;
  readonly #blocks = new AddressBlocks();
  readonly #texts = new Set<string>();
  readonly #faults: IntelFault[] = [];
  #faultCount = 0;
  #lines = 0;
  #rest = "";

  constructor(format: IntelFormat) {
    this.#format = format;
  }

  /** Takes the next piece of text; it may end anywhere. */
  take(piece: string): void {
    const text = this.#rest + piece;
    let at = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", at)) {
      this.#onLine(text, at, end);
      at = end + 1;
    }
    this.#rest = text.slice(at);
    // A line without end is kept only as far as is needed to call it too long.
    if (this.#rest.length > LINE_CHARS_MAX) this.#rest = this.#rest.slice(0, LINE_CHARS_MAX + 1);
  }

  /** Ends the list. A last line without its end may be half of one, and is a fault. */
  close(): IntelEntries {
    const isCut = this.#rest !== "";
    if (isCut) {
      this.#lines++;
      this.#fault("has no end: the file may be half-written; end the last line");
      this.#rest = "";
    }
    return {
      format: this.#format,
      addresses: this.#blocks.close(),
      texts: this.#texts,
      count: this.#size,
      lines: this.#lines,
      faults: this.#faults,
      faultCount: this.#faultCount,
      isCut,
    };
  }

  get #size(): number {
    return this.#blocks.size + this.#texts.size;
  }

  #onLine(text: string, from: number, to: number): void {
    this.#lines++;
    if (to - from > LINE_CHARS_MAX) {
      this.#fault(`has more than ${LINE_CHARS_MAX} characters`);
      return;
    }
    const entry = entryOf(text.slice(from, to), this.#format);
    if (entry === "") return;
    const most = this.#format === "addresses" ? ENTRIES_MAX : TEXTS_MAX;
    if (this.#size >= most) {
      this.#fault(`is beyond the ${most} entries that a list of ${this.#format} may have`);
      return;
    }
    const why = this.#format === "addresses" ? this.#takeBlock(entry) : this.#takeText(entry);
    if (why !== undefined) this.#fault(why);
  }

  /** @returns why it is no entry, or `undefined` when it was taken. */
  #takeBlock(entry: string): string | undefined {
    const slash = entry.indexOf("/");
    const start = readFourth(entry, 0, slash < 0 ? entry.length : slash);
    if (start >= 0) return this.#takeFourth(start, slash < 0 ? 32 : prefixOf(entry, slash + 1));
    const block = parseAddressBlock(entry);
    if (block === undefined) return NO_BLOCK;
    const { network, prefixBits } = block;
    if (network.length === 4) return "is IPv4 in the dress of IPv6: write it as 192.0.2.0/24";
    if (prefixBits < SIXTH_BITS_MIN) return `is wider than /${SIXTH_BITS_MIN}`;
    if (!isGlobalSixth(network)) return "is private or reserved: take it out";
    if (this.#blocks.sixthSize >= SIXTH_MAX) return `is beyond ${SIXTH_MAX} blocks of IPv6`;
    this.#blocks.addSixth(network, prefixBits);
    return undefined;
  }

  /** @param prefixBits -1 when it was none */
  #takeFourth(start: number, prefixBits: number): string | undefined {
    if (prefixBits < 0 || start % 2 ** (32 - prefixBits) !== 0) return NO_BLOCK;
    if (prefixBits < FOURTH_BITS_MIN) return `is wider than /${FOURTH_BITS_MIN}`;
    if (isPrivateFourth(start, prefixBits)) return "is private or reserved: take it out";
    this.#blocks.addFourth(start, prefixBits);
    return undefined;
  }

  #takeText(entry: string): string | undefined {
    if (this.#format === "domains" && !DOMAIN.test(entry))
      return "is no domain such as example.com";
    if (this.#format === "hashes" && !HASH.test(entry)) {
      return "is no MD5, SHA-1 or SHA-256 in hexadecimal";
    }
    this.#texts.add(this.#format === "user-agents" ? entry : entry.toLowerCase());
    return undefined;
  }

  #fault(why: string): void {
    this.#faultCount++;
    if (this.#faults.length < FAULTS_TOLD_MAX) this.#faults.push({ line: this.#lines, why });
  }
}

/** Reads a whole list at once. */
export function readIntelList(text: string, format: IntelFormat): IntelEntries {
  const reader = new IntelReader(format);
  reader.take(text);
  return reader.close();
}

const NO_BLOCK = "is no address or block such as 192.0.2.0/24 (no host bits)";

/** 0 to 32 in decimal without leading zeros, from `at` to the end; else -1. */
function prefixOf(entry: string, at: number): number {
  const digits = entry.slice(at);
  return /^(?:[0-9]|[12][0-9]|3[0-2])$/.test(digits) ? Number(digits) : -1;
}

const DOMAIN =
  /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i;
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;

/** A client's name may hold `#` and `;`: there only a whole line is a comment. */
function entryOf(line: string, format: IntelFormat): string {
  const trimmed = line.trim();
  const first = trimmed[0];
  if (first === "#" || first === ";") return "";
  if (format === "user-agents") return trimmed;
  const end = trimmed.search(/[#;]/);
  return end < 0 ? trimmed : trimmed.slice(0, end).trim();
}

/** Start and prefix of the special-purpose blocks (RFC 6890) that a list must not name. */
const RESERVED: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0a80000, 16],
  [0xe0000000, 3],
];

/** Whether a block and a reserved one overlap: one of them then holds the other. */
function isPrivateFourth(start: number, prefixBits: number): boolean {
  return RESERVED.some(([network, bits]) => {
    const past = 32 - Math.min(bits, prefixBits);
    return start >>> past === network >>> past;
  });
}

/** 2000::/3, what is routed today (RFC 4291 section 2.4). */
function isGlobalSixth(network: Uint8Array): boolean {
  return (network[0] as number) >> 5 === 1;
}
