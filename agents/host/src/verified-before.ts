// Signatures that verified lately, so that the same bytes are not verified twice: one batch's
// signature stands behind a hundred signals, and each warrant shows it again. Owns a bounded table.
// Only a whole match of key, message and signature counts, and only what verified is kept: a
// stranger can push entries out, never in.

/** Some 200 kB when full of ordinary envelopes. */
const SLOTS = 512;
/** Longer messages are rare and are verified each time. */
const MESSAGE_BYTES_MAX = 2_048;

export class VerifiedBefore {
  /** Key, signature and message of each slot, one after the other. */
  readonly #slots: (Uint8Array | undefined)[] = new Array(SLOTS);

  has(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const known = this.#slots[this.#slotOf(signature)];
    return (
      known !== undefined &&
      known.length === 96 + message.length &&
      isAt(known, 0, key) &&
      isAt(known, 32, signature) &&
      isAt(known, 96, message)
    );
  }

  /** Call it only for what has verified: key of 32 bytes, signature of 64. */
  add(key: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
    if (message.length > MESSAGE_BYTES_MAX) return;
    const bytes = new Uint8Array(96 + message.length);
    bytes.set(key, 0);
    bytes.set(signature, 32);
    bytes.set(message, 96);
    this.#slots[this.#slotOf(signature)] = bytes;
  }

  /** The first bytes of R are as good as random for whoever signs by the rule. */
  #slotOf(signature: Uint8Array): number {
    return ((signature[0] as number) | ((signature[1] as number) << 8)) % this.#slots.length;
  }
}

function isAt(known: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (known[at + i] !== bytes[i]) return false;
  return true;
}
