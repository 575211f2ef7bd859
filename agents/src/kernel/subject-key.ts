// The key under which machine state holds a subject that it only has to know again: a hash, so that
// no snapshot keeps an identity longer than the private parts that name it (DESIGN.md 9, erasure).
// No secret: who guesses a subject can tell whether it is meant.

import { type Crypto, hex, type SubjectText, utf8 } from "@ostraka/proto";

/** SHA-256 over a subject, in hex. */
export function subjectKey(crypto: Pick<Crypto, "sha256">, subject: SubjectText): string {
  return hex(crypto.sha256(utf8(`ostraka/v1/subject/${subject}`)));
}
