// Receipts as they come, for one watcher: the latest of each host and no more, so that a watcher
// who is slow misses steps in between and never the last one. Bounded by the number of hosts.

import { type Envelope, hex } from "@ostraka/proto";
import type { CoordinatorRuntime } from "../runtime.ts";

/** How long nothing may come before the feed says so with an empty item. */
const QUIET_MS = 5_000;

/**
 * What there is, then what comes; an item without a receipt means that all there is was given.
 */
export async function* watchReceipts(
  runtime: CoordinatorRuntime,
  signal: AbortSignal,
): AsyncGenerator<{ readonly envelope?: Envelope }> {
  const waiting = new Map<string, Envelope>();
  const put = (envelope: Envelope) => waiting.set(hostOf(envelope), envelope);
  let wake: (() => void) | undefined;
  // First what comes, then what there is: nothing is missed in between.
  const stop = runtime.onReceipt((envelope) => {
    put(envelope);
    wake?.();
  });
  const onAbort = () => wake?.();
  signal.addEventListener("abort", onAbort, { once: true });
  for (const { envelope } of runtime.node.receipts.all()) put(envelope);
  try {
    while (!signal.aborted) {
      for (const [host, envelope] of waiting) {
        waiting.delete(host);
        yield { envelope };
      }
      yield {};
      if (waiting.size > 0) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, QUIET_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = undefined;
    }
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}

function hostOf(envelope: Envelope): string {
  return hex(envelope.signatures[0]?.key ?? new Uint8Array());
}
