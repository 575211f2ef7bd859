// Whom to ask again for what a coordinator does not show yet, and for how long: first whoever
// answers, then each one alone in turn. Knows nothing of what is asked.

import { setTimeout as delay } from "node:timers/promises";
import type { AdminClient, AdminServices } from "@ostraka/coordinator";

/** How often, and for how long, it is asked again. */
export interface Patience {
  readonly tries: number;
  readonly pauseMs: number;
  readonly forMs: number;
}

/** The coordinators as one, and each alone where that is known. */
export type LedgerClient = Pick<AdminClient, "ledger"> & Partial<Pick<AdminClient, "each">>;

/** Longer than a coordinator that starts, goes back or catches up takes on a busy machine. */
const PATIENCE: Patience = { tries: 100, pauseMs: 100, forMs: 15_000 };

/** Whom to ask, try by try, with a pause before each but the first; ends when patience does. */
export async function* inTurn(
  client: LedgerClient,
  { tries, pauseMs, forMs } = PATIENCE,
): AsyncGenerator<Pick<AdminServices, "ledger">> {
  const { each = [] } = client;
  const deadlineMs = performance.now() + forMs;
  for (let tried = 0; ; tried++) {
    yield (tried === 0 ? undefined : each[(tried - 1) % each.length]) ?? client;
    if (tried + 1 >= tries || performance.now() >= deadlineMs) return;
    await delay(pauseMs);
  }
}
