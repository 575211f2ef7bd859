// What modifiers make of a rule's text BEFORE it is compared: bytes of UTF-8 and UTF-16, base64 at
// its three offsets, the dashes of a command line. Owns the arithmetic; reads no event.

import { utf8 } from "@ostraka/proto";

export type Bytes = Uint8Array;

/** @param isLittle UTF-16LE, else big-endian. */
export function utf16(text: string, isLittle: boolean, hasMark = false): Bytes {
  const bytes = new Uint8Array((text.length + (hasMark ? 1 : 0)) * 2);
  const put = (i: number, unit: number) => {
    bytes[2 * i + (isLittle ? 0 : 1)] = unit & 0xff;
    bytes[2 * i + (isLittle ? 1 : 0)] = unit >> 8;
  };
  if (hasMark) put(0, 0xfeff);
  const from = hasMark ? 1 : 0;
  for (let i = 0; i < text.length; i++) put(i + from, text.charCodeAt(i));
  return bytes;
}

export function bytesOf(text: string): Bytes {
  return utf8(text);
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648 section 4, with padding. */
export function base64(bytes: Bytes): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET[(group >> 18) & 63] as string;
    text += ALPHABET[(group >> 12) & 63] as string;
    text += left > 1 ? (ALPHABET[(group >> 6) & 63] as string) : "=";
    text += left > 2 ? (ALPHABET[group & 63] as string) : "=";
  }
  return text;
}

/** First and last characters that depend on what stands beside the bytes, by offset (Sigma). */
const OFFSET_STARTS = [0, 2, 3] as const;
const OFFSET_ENDS = [0, 3, 2] as const;

/** The three texts of which one is in any base64 of something that holds the bytes. */
export function base64Offsets(bytes: Bytes): string[] {
  return [0, 1, 2].map((offset) => {
    const shifted = new Uint8Array(bytes.length + offset);
    shifted.set(bytes, offset);
    const text = base64(shifted);
    const cut = OFFSET_ENDS[shifted.length % 3] as number;
    return text.slice(OFFSET_STARTS[offset as 0 | 1 | 2], cut === 0 ? undefined : -cut);
  });
}

const DASHES = ["-", "/", "\u2013", "\u2014", "\u2015"] as const;
const DASH = /(?<=^|[\s"'])[-/\u2013\u2014\u2015](?=[^\s])/;

/** The text with its first dash of an option as each of those that Windows takes for one. */
export function dashVariants(text: string): string[] {
  const match = DASH.exec(text);
  if (match === null) return [text];
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + 1);
  return DASHES.map((dash) => before + dash + after);
}
