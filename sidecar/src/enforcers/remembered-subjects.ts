// Header texts already turned into subjects, so that a client's second request costs one look-up.
// Bounded in number and length, and emptied when full: forgetting costs time and never truth.

import type { SubjectText } from "@ostraka/proto";

const TEXTS = 1024;
const CHARS = 64;

export class RememberedSubjects {
  readonly #subjects = new Map<string, SubjectText>();

  find(text: string): SubjectText | undefined {
    return this.#subjects.get(text);
  }

  /** Keeps what `text` was read as; longer texts are not worth their memory. */
  keep(text: string, subject: SubjectText): void {
    if (text.length > CHARS) return;
    if (this.#subjects.size >= TEXTS) this.#subjects.clear();
    this.#subjects.set(text, subject);
  }
}
