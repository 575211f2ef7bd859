// NATS keys as text: base32 over a prefix byte, the 32 bytes and a CRC-16 (nats-io/nkeys,
// "Encoding"). Owns the way between the text that NATS speaks and the raw keys that Ostraka's
// messages carry.

import type { Bytes } from "@ostraka/proto";

/** RFC 4648 section 6. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Prefix bytes; their first letter in text is U, A, O. */
const PREFIX = { user: 0xa0, account: 0x00, operator: 0x70 } as const;
/** Goes before the prefix of a seed; its first letter in text is S. */
const SEED = 0x90;

export type NatsKeyKind = keyof typeof PREFIX;

/** Text of a raw public key of 32 bytes, such as `UA…` for a user. */
export function natsKeyText(kind: NatsKeyKind, key: Uint8Array): string {
  const raw = new Uint8Array(35);
  raw[0] = PREFIX[kind];
  raw.set(key, 1);
  return checked(raw);
}

/** Raw 32 bytes of a public key's text, or `undefined` when it is none of that kind. */
export function natsKeyBytes(kind: NatsKeyKind, text: string): Bytes | undefined {
  if (!/^[A-Z2-7]{56}$/.test(text)) return undefined;
  const key = bytesOf(text).slice(1, 33);
  // Encoding it again checks prefix and checksum, and leaves one spelling.
  return natsKeyText(kind, key) === text ? key : undefined;
}

/** Text of a seed of 32 bytes, a secret, such as `SU…` for a user. */
export function natsSeedText(kind: NatsKeyKind, seed: Uint8Array): string {
  const raw = new Uint8Array(36);
  raw[0] = SEED | (PREFIX[kind] >> 5);
  raw[1] = (PREFIX[kind] & 31) << 3;
  raw.set(seed, 2);
  return checked(raw);
}

/** Raw 32 bytes of a seed's text, or `undefined` when it is none of that kind. */
export function natsSeedBytes(kind: NatsKeyKind, text: string): Bytes | undefined {
  if (!/^[A-Z2-7]{58}$/.test(text)) return undefined;
  const seed = bytesOf(text).slice(2, 34);
  return natsSeedText(kind, seed) === text ? seed : undefined;
}

/** Writes the checksum over what stands before it, and all of it as text. */
function checked(raw: Uint8Array): string {
  const crc = crc16(raw.subarray(0, -2));
  raw[raw.length - 2] = crc & 0xff;
  raw[raw.length - 1] = crc >> 8;
  return base32(raw);
}

/** Bytes of base32 text; bits left over are dropped. */
function bytesOf(text: string): Bytes {
  const raw = new Uint8Array((text.length * 5) >> 3);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      raw[at++] = held >> bits;
    }
  }
  return raw;
}

/** Base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** CRC-16/XMODEM: polynomial 0x1021, start 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
}
