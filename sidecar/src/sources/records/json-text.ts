// JSON from a stranger's hands to records: parsed within bounds of length, depth and number.
// Must never throw, nor quote what it refuses.

import { RECORD_CHARS_MAX, RECORD_DEPTH_MAX, RECORDS_MAX } from "../limits.ts";
import { isRecord, type JsonRecord } from "./record-format.ts";

export type JsonRefusal =
  | "bad-json"
  | "too-deep"
  | "too-long"
  | "too-many-records"
  | "not-a-record";

/**
 * The records of a text: one object, an array of them, or `{"Records": […]}` as CloudTrail
 * delivers files.
 */
export function readJsonRecords(text: string): readonly JsonRecord[] | JsonRefusal {
  if (text.length > RECORD_CHARS_MAX) return "too-long";
  if (isTooDeep(text)) return "too-deep";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "bad-json"; // the parser's message would quote the text
  }
  const list = isRecord(value) && Array.isArray(value["Records"]) ? value["Records"] : value;
  if (!Array.isArray(list)) return isRecord(list) ? [list] : "not-a-record";
  if (list.length > RECORDS_MAX) return "too-many-records";
  return list.every(isRecord) ? list : "not-a-record";
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 34) i = endOfString(text, i);
    else if (unit === 123 || unit === 91) {
      if (++depth > RECORD_DEPTH_MAX) return true;
    } else if (unit === 125 || unit === 93) depth--;
  }
  return false;
}

/** Index of the quote that ends the string begun at `start`, or of the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 92) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
