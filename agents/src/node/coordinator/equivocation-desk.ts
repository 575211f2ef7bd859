// What a coordinator has caught members at: two signed words for one place. Hands the pair to the
// control journal as a command, again and again until it is entered. Judges nothing: the machine
// opens each proof anew.

import {
  type Bytes,
  type Channels,
  type Equivocation,
  EquivocationSchema,
  encode,
  hex,
  Ledger,
  LIMITS,
} from "@ostraka/proto";
import type { MeshView, Out } from "../../kernel/index.ts";

/** Members of one mesh that lie at the same time; the rest is caught again. */
const CAUGHT_MAX = 64;
const AGAIN_MS = 5 * LIMITS.tickMs;

export class EquivocationDesk {
  readonly #channel: string;
  /** By hex key. */
  readonly #caught = new Map<string, { readonly proof: Equivocation; saidMs: number }>();

  constructor(channels: Channels, publicKey: Bytes) {
    this.#channel = channels.journal(Ledger.CONTROL, publicKey);
  }

  note(proofs: readonly Equivocation[]): void {
    for (const proof of proofs) {
      const key = hex(proof.key);
      if (this.#caught.has(key) || this.#caught.size >= CAUGHT_MAX) continue;
      this.#caught.set(key, { proof, saidMs: 0 });
    }
  }

  /** Puts out what has not been entered yet. */
  offer(view: MeshView, wallMs: number, out: Pick<Out, "seal">): void {
    if (view.machineVersion < 2) return;
    for (const [key, caught] of this.#caught) {
      if (view.convictedAt(caught.proof.key) !== undefined) {
        this.#caught.delete(key);
        continue;
      }
      if (Math.abs(wallMs - caught.saidMs) < AGAIN_MS) continue;
      caught.saidMs = wallMs;
      const messageId = `equivocation/${key.slice(0, 16)}/${wallMs}`;
      const body = encode(EquivocationSchema, caught.proof);
      out.seal.push({ kind: "equivocation", body, channel: this.#channel, messageId });
    }
  }
}
