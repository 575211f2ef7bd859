// What a caller can do about each code, in one sentence. Owns words only; the sentence of an error
// says what was attempted, this one what to do next when the caller has to choose for itself.

import type { ErrorCode } from "@ostraka/proto";

/** One sentence a code, for whoever has no command line that says it. */
export const NEXT_STEP: Readonly<Record<ErrorCode, string>> = {
  OSTRAKA_USAGE: "correct the request: the same one is refused again",
  OSTRAKA_CONFIG_INVALID: "correct the configuration that the message names",
  OSTRAKA_DATA_INVALID: "restore the file that the message names from a copy",
  OSTRAKA_DATA_MISMATCH: "use the data that belongs to this mesh",
  OSTRAKA_DATA_LOCKED: "stop the other process first",
  OSTRAKA_KEY_INVALID: "name another key file, or restore this one",
  OSTRAKA_KEY_IN_OTHER_USE: "make a new key: each key has one use",
  OSTRAKA_NATS_NOT_FOUND: "install nats-server, or name where it is",
  OSTRAKA_UNREACHABLE: "ask another coordinator, or the same one in a moment",
  OSTRAKA_REFUSED: "read the code of the refusal: the same request is refused again",
  OSTRAKA_NOT_ALLOWED: "call with the certificate of somebody who may",
  OSTRAKA_BEHIND: "ask another coordinator, or again with a later deadline",
  OSTRAKA_DEADLINE: "send the same bytes again: they are one command however often they come",
  OSTRAKA_NOT_VERIFIED: "do not trust the answer: ask another coordinator and compare",
  OSTRAKA_NOT_FOUND: "check the id: it may have lapsed, or never been entered",
  OSTRAKA_ENVELOPE_BAD_SIGNATURE: "sign again with the right key, for this mesh",
  OSTRAKA_CRYPTO_SELF_TEST: "replace this installation: its signatures cannot be trusted",
  OSTRAKA_STORE: "ask another coordinator, and mend the disk of this one",
  OSTRAKA_JOURNAL_DAMAGED: "ask another coordinator, and this one for its status",
  OSTRAKA_RESOURCE_EXHAUSTED: "wait a moment and ask again, or ask another coordinator",
  OSTRAKA_INTERNAL: "ask another coordinator, and read the log of this one",
};
