// I9 of what was ordered to be erased: once nobody needs it, it lies beside no entry and in no
// snapshot of any coordinator, and beside no entry of a host. Looks for the salts, which are chance.

import { hex, LEDGERS, Ledger, ledgerLetter } from "@ostraka/proto";
import type { SimStore } from "../sim-store.ts";
import { Checker } from "./checker.ts";

/** The next head and a round of tidying, in true time. */
const ERASED_MS = 4_000;

export class ErasureChecker extends Checker {
  readonly invariant = "I9";
  /** Salt of every part that was ever beside an entry, by hex commitment. */
  readonly #salts = new Map<string, Uint8Array>();
  /** Commitments that an order has named, and when that was seen. */
  readonly #ordered = new Map<string, number>();
  readonly #through = new Map<number, number>();

  override sample(): void {
    const { truth } = this.watch;
    const { crypto } = truth.world.sim;
    for (const ledger of LEDGERS) {
      const entries = truth.entries(ledger);
      for (const { entry, record } of entries.slice(this.#through.get(ledger) ?? 1)) {
        for (const { salt, content } of record.privates) {
          this.#salts.set(hex(crypto.sha256(salt, content)), salt);
        }
        if (entry.effect.case !== "erasure") continue;
        for (const commitment of entry.effect.value.commitments) {
          this.#ordered.set(hex(commitment), truth.world.time.nowMs);
        }
      }
      this.#through.set(ledger, Math.max(1, entries.length));
    }
  }

  /** Verdicts are over: only what was left to people since may still need its parts. */
  override atExpiry(): void {
    const { truth, stand } = this.watch;
    if (!stand().canDecide) return;
    const { nowMs } = truth.world.time;
    const needed = this.#needed();
    const gone = [...this.#ordered]
      .filter(([name, orderedMs]) => nowMs - orderedMs >= ERASED_MS && !needed.has(name))
      .flatMap(([commitment]) => this.#salts.get(commitment) ?? [])
      .map((salt) => Buffer.from(salt));
    for (const { person, store } of truth.wholeCoordinators()) {
      for (const key of this.#keysOf(store)) this.#look(person.name, store, key, gone);
    }
    for (const { person, store } of stand().started) {
      for (const [key] of store.scan("control/")) this.#look(person.name, store, key, gone);
    }
  }

  /** Commitments beside what is open or in force in the signals ledger, which control cannot know. */
  #needed(): ReadonlySet<string> {
    const { truth } = this.watch;
    const { crypto } = truth.world.sim;
    const needed = new Set<string>();
    for (const { entry, record } of truth.entries(Ledger.SIGNALS).slice(1)) {
      const { case: kind, value } = entry.effect;
      const isTimed = kind === "suggestion" || kind === "revocation";
      if (!isTimed || Number(value.expiresMs) <= truth.machineMsMax() - ERASED_MS) continue;
      for (const { salt, content } of record.privates) {
        needed.add(hex(crypto.sha256(salt, content)));
      }
    }
    return needed;
  }

  /** Records, and the newest snapshot of each ledger. */
  #keysOf(store: SimStore): string[] {
    const records = [...store.scan("record/")].map(([key]) => key);
    const snapshots = LEDGERS.flatMap((ledger) => {
      const last = [...store.scan(`snapshot/${ledgerLetter(ledger)}/`)].at(-1)?.[0];
      return last === undefined || ledger === Ledger.CONTROL ? [] : [last];
    });
    return [...records, ...snapshots];
  }

  #look(name: string, store: SimStore, key: string, gone: readonly Buffer[]): void {
    const value = store.get(key);
    if (value === undefined) return;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (gone.some((salt) => bytes.includes(salt))) {
      this.watch.report(`${name} keeps under ${key} what was ordered to be erased`);
    }
  }
}
