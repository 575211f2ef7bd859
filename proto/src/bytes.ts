// Bytes as text and in order. Owns hex, UTF-8, comparison and concatenation for the pure packages,
// which have neither Buffer nor TextEncoder.

import { getTextEncoding } from "@bufbuild/protobuf/wire";

export type Bytes = Uint8Array;

const DIGITS = utf8("0123456789abcdef");
/** Room for the text of a hash or a key. */
const shortText = new Uint8Array(64);

/**
 * Lower-case hex of bytes. Decoded in one piece: a text put together from parts stays a chain of
 * them in memory, eight times as large, and ids in hex are the keys of most maps.
 */
export function hex(bytes: Uint8Array): string {
  const length = 2 * bytes.length;
  const isShort = length <= shortText.length;
  const text = isShort ? shortText.subarray(0, length) : new Uint8Array(length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    text[2 * i] = DIGITS[byte >> 4] as number;
    text[2 * i + 1] = DIGITS[byte & 15] as number;
  }
  return getTextEncoding().decodeUtf8(text);
}

/** Bytes of lower- or upper-case hex, or `undefined` when it is not hex of an even length. */
export function unhex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

export function utf8(text: string): Bytes {
  return getTextEncoding().encodeUtf8(text);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes: the one order in which ids are sorted. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Code unit order of texts, the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
