// I9 of what was ordered to be erased: once nobody needs it, it lies beside no entry and in no
// snapshot of any coordinator, and beside no entry of a host. Looks for the salts, which are
// chance.

import {
  decode,
  type Entry,
  hex,
  LEDGERS,
  Ledger,
  LIMITS,
  ledgerLetter,
  ProposalSchema,
} from "@ostraka/proto";
import type { SimStore } from "../sim-store.ts";
import { Checker } from "./checker.ts";

/** The next head and a round of tidying, in true time. */
const ERASED_MS = 4_000;

export class ErasureChecker extends Checker {
  readonly invariant = "I9";
  /** Salt of every part that was ever beside an entry, by hex commitment. */
  readonly #salts = new Map<string, Uint8Array>();
  /** Commitments that an order has named, and when that was seen. */
  readonly #orderedMs = new Map<string, number>();
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
          this.#orderedMs.set(hex(commitment), truth.world.time.nowMs);
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
    const due = [...this.#orderedMs].filter(
      ([name, atMs]) => nowMs - atMs >= ERASED_MS && !needed.has(name),
    );
    const gone = due.flatMap(([name]) => {
      const salt = this.#salts.get(name);
      return salt === undefined ? [] : [Buffer.from(salt)];
    });
    for (const { person, store } of truth.wholeCoordinators()) {
      for (const key of this.#keysOf(store)) this.#look(person.name, store, key, gone);
    }
    for (const { person, store } of stand().started) {
      for (const [key] of store.scan("control/")) this.#look(person.name, store, key, gone);
    }
  }

  /**
   * Commitments beside what is open or in force in the signals ledger, which control cannot know,
   * and beside proposals that came after an order and may still be approved.
   */
  #needed(): ReadonlySet<string> {
    const { truth } = this.watch;
    const { crypto } = truth.world.sim;
    const needed = new Set<string>();
    for (const { entry, record } of LEDGERS.flatMap((ledger) => truth.entries(ledger).slice(1))) {
      if (neededUntilMs(entry) <= truth.machineMsMax() - ERASED_MS) continue;
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

/** Until when whoever reads the ledger must know whom an entry names; 0 where nobody must. */
function neededUntilMs({ effect, ledger }: Entry): number {
  if (effect.case === "proposal") {
    const proposal = decode(ProposalSchema, effect.value.body, LIMITS.commandBytesMax);
    return Number(proposal?.notAfterMs ?? 0n);
  }
  const isOfMachines = effect.case === "suggestion" || effect.case === "revocation";
  return isOfMachines && ledger === Ledger.SIGNALS ? Number(effect.value.expiresMs) : 0;
}
