// The hash chain over a journal (DESIGN.md 9, erasure): one rule for machines that apply messages
// and for whoever checks a run of them beforehand.

import {
  type Bytes,
  type Crypto,
  decode,
  encodeNew,
  type JournalMessage,
  JournalMessageSchema,
  LIMITS,
} from "@ostraka/proto";

/**
 * chain = SHA-256(chain || SHA-256(signed || SHA-256(private as received))).
 * @param message `raw` decoded, or `undefined` when it is no message of a journal.
 */
export function chainHashOf(
  crypto: Pick<Crypto, "sha256">,
  chain: Uint8Array,
  message: JournalMessage | undefined,
  raw: Uint8Array,
): Bytes {
  if (message === undefined) {
    return crypto.sha256(chain, crypto.sha256(raw, crypto.sha256()));
  }
  const signed = encodeNew(JournalMessageSchema, { ...messageWithout(message), privates: [] });
  const privates = encodeNew(JournalMessageSchema, { privates: message.privates });
  return crypto.sha256(chain, crypto.sha256(signed, crypto.sha256(privates)));
}

/** The chain after one more message, as it came. */
export function chainHashAfter(
  crypto: Pick<Crypto, "sha256">,
  chain: Uint8Array,
  raw: Uint8Array,
): Bytes {
  const message = decode(JournalMessageSchema, raw, LIMITS.messageBytesMax);
  return chainHashOf(crypto, chain, message, raw);
}

function messageWithout(message: JournalMessage) {
  const { format, signals } = message;
  return message.envelope === undefined
    ? { format, signals }
    : { format, signals, envelope: message.envelope };
}
