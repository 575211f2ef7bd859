// Records that a file spreads over lines: one object, an array of objects, or `{"Records": […]}`,
// printed for people. Owns the bound: one record is held, never a file. A line that is a record by
// itself ends whatever was open, so that a cut record costs itself and not its successors.

import { RECORD_CHARS_MAX } from "../limits.ts";

/** What a line did: completed a record, went into one, or was out of place. */
export type Assembled =
  | { readonly outcome: "record"; readonly text: string }
  | { readonly outcome: "continued" }
  | { readonly outcome: "too-long" };

const CONTAINER = /^(?:\[|\{\s*"Records"\s*:\s*\[|"Records"\s*:\s*\[)$/;

export class JsonAssembler {
  #parts: string[] = [];
  #chars = 0;
  #depth = 0;

  get isOpen(): boolean {
    return this.#parts.length > 0;
  }

  /** Forgets an open record. */
  reset(): void {
    this.#parts = [];
    this.#chars = 0;
    this.#depth = 0;
  }

  /** Takes a line that is no record by itself. */
  push(line: string): Assembled {
    const text = line.trim();
    const isHeld = this.isOpen;
    // `{` alone, then `"Records": [`: what stands between is the container's.
    const isContainer = CONTAINER.test(text) && (!isHeld || this.#parts.join("") === "{");
    if (isContainer) {
      this.reset();
      return { outcome: "continued" };
    }
    if (!isHeld && /^[\]},]*$/.test(text)) return { outcome: "continued" };
    this.#parts.push(text);
    this.#chars += text.length;
    this.#depth += depthOf(text);
    if (this.#chars > RECORD_CHARS_MAX) {
      this.reset();
      return { outcome: "too-long" };
    }
    if (this.#depth > 0) return { outcome: "continued" };
    const record = this.#parts.join("\n").replace(/,$/, "");
    this.reset();
    return { outcome: "record", text: record };
  }
}

/** By how many levels a line goes down; a string of JSON never ends on another line. */
function depthOf(line: string): number {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i);
    if (isInString) {
      if (unit === 92) i++;
      else if (unit === 34) isInString = false;
    } else if (unit === 34) isInString = true;
    else if (unit === 123 || unit === 91) depth++;
    else if (unit === 125 || unit === 93) depth--;
  }
  return depth;
}
