// What any source checks of a line BEFORE it looks into it: length, encoding, emptiness. Owns those
// reasons of a refusal and no format.

import { isAscii, isUtf8 } from "node:buffer";
import { LINE_BYTES_MAX } from "./limits.ts";

export type TextRefusal = "too-long" | "invalid-utf8" | "nul-byte" | "empty";

/** @returns why the text is no line, or nothing. */
export function refusalOf(text: string, charsMax = LINE_BYTES_MAX): TextRefusal | undefined {
  if (text.length > charsMax) return "too-long";
  if (text === "") return "empty";
  return text.includes("\0") ? "nul-byte" : undefined;
}

/** @returns the text of a line, or nothing when it is not UTF-8. */
export function decodeLine(line: Uint8Array, bytesMax = LINE_BYTES_MAX): string | undefined {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  if (bytes.length > bytesMax) return bytes.toString("latin1");
  if (isAscii(bytes)) return bytes.toString("latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}
