// When a mesh of three is one again: every coordinator undamaged with the same sealed entries,
// every host with the same deny set up to them. Owns the waiting; says what differs when it does
// not come to be.

import type { AdminClient } from "@ostraka/coordinator";
import { decode, hex, LIMITS, OstrakaError, ReceiptSchema } from "@ostraka/proto";
import type { Three } from "./three.ts";

const ALIKE_MS_MAX = 60_000;
const LOOK_MS = 200;

/** Waits until every coordinator has sealed the same and calls nothing damaged. */
export async function untilAlike(three: Three): Promise<void> {
  await untilOne(() => Promise.all(three.each.map(placeOf)), isSealed);
}

/** Waits until every host's receipt is past all entries, with one digest of what it denies. */
export async function untilSameDenySets(three: Three): Promise<void> {
  const [client] = three.each as [AdminClient];
  await untilOne(
    async () => {
      const { ledgers } = await client.mesh.getStatus({});
      const least = ledgers.map(({ index }) => index);
      const { hosts } = await client.mesh.listHosts({});
      return hosts.map(({ receipt }) => {
        const taken = receipt && decode(ReceiptSchema, receipt.body, LIMITS.envelopeBodyBytesMax);
        const at = [taken?.controlIndex ?? 0n, taken?.signalsIndex ?? 0n];
        const isPast = at.every((index, i) => index >= (least[i] ?? 0n));
        return isPast ? hex(taken?.denySetDigest ?? new Uint8Array()) : `only at ${at.join()}`;
      });
    },
    (digest) => !digest.startsWith("only"),
  );
}

async function untilOne(
  look: () => Promise<readonly string[]>,
  isGood: (one: string) => boolean,
): Promise<void> {
  const deadline = performance.now() + ALIKE_MS_MAX;
  for (;;) {
    const seen = await look().catch((error: unknown) => [wordsOf(error)]);
    const [first] = seen;
    if (first !== undefined && new Set(seen).size === 1 && isGood(first)) return;
    if (performance.now() > deadline) throw new Error(`they differ: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const SEALED = "sealed";

function isSealed(place: string): boolean {
  return place.startsWith(SEALED);
}

/** Generations and indices where all that is entered is sealed; else what is in the way. */
async function placeOf(client: AdminClient): Promise<string> {
  try {
    const { ledgers } = await client.mesh.getStatus({});
    const damage = ledgers.map((ledger) => ledger.damage).filter((text) => text !== "");
    if (damage.length > 0) return damage.join("; ");
    // A ledger without entries has sealed positions all the same.
    const isWhole = ledgers.every(
      ({ index, sealedIndex, sealedPosition }) => index === sealedIndex && sealedPosition > 0n,
    );
    const places = ledgers.map(({ generation, index }) => `${generation}/${index}`).join(" ");
    return `${isWhole ? SEALED : "not all sealed"} ${places}`;
  } catch (error) {
    return wordsOf(error);
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof OstrakaError) return error.message;
  throw error;
}
