// Compares the ledgers of stopped coordinators with one another, entry by entry, and with what
// clients were told (I3, I4). Reads stores only; believes nobody's word.

import { join } from "node:path";
import { type Crypto, decode, EntrySchema, hex, LEDGERS, Ledger, LIMITS } from "@ostraka/proto";
import { expect } from "vitest";
import { readStore } from "../../../coordinator/cli/src/ledger/store-source.ts";
import type { MeshPart } from "./three.ts";
import type { Written } from "./writer.ts";

/** Entries of each ledger, in hex, of every coordinator up to its newest sealed head. */
export function expectSameLedgers(
  coordinators: readonly Pick<MeshPart, "name" | "folder">[],
): ReadonlyMap<number, string[]> {
  const stores = coordinators.map(({ folder }) => readStore(join(folder, "state.sqlite")));
  const longest = new Map<number, string[]>();
  for (const ledger of LEDGERS) {
    const all = stores.map((store) =>
      (store.get(ledger)?.records ?? []).map(({ entry }) => hex(entry)),
    );
    const first = all.reduce((a, b) => (b.length > a.length ? b : a));
    all.forEach((entries, i) => {
      // I3: sealed ledgers are prefixes of one another.
      expect(entries, `${coordinators[i]?.name}`).toEqual(first.slice(0, entries.length));
    });
    longest.set(ledger, first);
  }
  return longest;
}

/**
 * What a majority of coordinators has entered, of each ledger. Where JetStream itself forked a
 * journal a replica may hold entries that were never sealed; nobody was told of them.
 */
export function majorityLedgers(
  coordinators: readonly Pick<MeshPart, "folder">[],
): ReadonlyMap<number, string[]> {
  const stores = coordinators.map(({ folder }) => readStore(join(folder, "state.sqlite")));
  const needed = Math.floor(coordinators.length / 2) + 1;
  const agreed = new Map<number, string[]>();
  for (const ledger of LEDGERS) {
    const all = stores.map((store) =>
      (store.get(ledger)?.records ?? []).map(({ entry }) => hex(entry)),
    );
    const entries: string[] = [];
    for (;;) {
      const next = all.map((held) => held[entries.length]);
      const chosen = next.find((one) => next.filter((other) => other === one).length >= needed);
      if (chosen === undefined) break;
      entries.push(chosen);
    }
    agreed.set(ledger, entries);
  }
  return agreed;
}

/** Holds a ledger to what clients were told: nothing lost, nothing twice, no answer changed. */
export function expectAsTold(
  crypto: Crypto,
  entries: ReadonlyMap<number, string[]>,
  book: readonly Written[],
): void {
  const at = new Map<string, number[]>();
  const verdicts: string[] = [];
  (entries.get(Ledger.CONTROL) ?? []).forEach((bytes, i) => {
    const entry = decode(
      EntrySchema,
      new Uint8Array(Buffer.from(bytes, "hex")),
      LIMITS.messageBytesMax,
    );
    const effect = entry?.effect;
    if (effect?.case === "revocation" || effect?.case === "lift")
      verdicts.push(hex(effect.value.id));
    if (effect?.case !== "proposal" && effect?.case !== "approval") return;
    const id = hex(crypto.sha256(effect.value.body));
    at.set(id, [...(at.get(id) ?? []), i + 1]);
  });
  // Nothing is decided twice.
  expect(new Set(verdicts).size).toBe(verdicts.length);
  for (const { kind, id, answers, indices, verdictId } of book) {
    const what = `${kind} ${id}: ${answers.join(", ")}`;
    const places = at.get(id) ?? [];
    expect(places.length, what).toBeLessThanOrEqual(1);
    const isKnown = answers.some((answer) => answer === "OK" || answer.startsWith("REFUSED"));
    if (!isKnown) continue;
    if (answers.includes("OK")) expect(places, what).toEqual([...indices]);
    else expect(places, what).toEqual([]);
    if (verdictId !== undefined) expect(verdicts, what).toContain(verdictId);
  }
}
