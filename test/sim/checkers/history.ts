// I3: one history. Heads of one index have one root, entries of one index are one entry, a
// coordinator never signs twice at a position, nobody adopts a head that no majority signed; and a
// coordinator whose journal was changed under it says so and stops.

import {
  decode,
  equalBytes,
  hex,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  SealedHeadSchema,
} from "@ostraka/proto";
import type { SimCoordinator } from "../world.ts";
import { Checker } from "./checker.ts";

/**
 * Samples, one a second, within which a changed journal must be named: a tick and its way there.
 */
const NOTICED_SAMPLES = 5;

/** Last messages of a journal that are compared with a coordinator's copy. */
const COMPARED = 12;

export class HistoryChecker extends Checker {
  readonly invariant = "I3";
  /** Head bytes by signer and position, and by position alone. */
  readonly #signed = new Map<string, string>();
  readonly #atPosition = new Map<string, string>();
  readonly #rootAt = new Map<string, string>();
  readonly #seen = new Map<LedgerId, number>();
  readonly #unnoticed = new Map<string, number>();

  override onPublish(from: string, channel: string, bytes: Uint8Array): void {
    const { world } = this.watch.truth;
    if (!channel.startsWith(world.channels.headsAll.slice(0, -1))) return;
    if (!world.coordinators.some((c) => c.person.name === from)) return;
    const said = this.watch.truth.saidIn(bytes);
    if (said === undefined) return;
    const { envelope, head } = said;
    const at = `${head.ledger}/${head.generation}/${head.position}`;
    const text = hex(envelope.body);
    const mine = this.#signed.get(`${from}/${at}`);
    if (mine !== undefined && mine !== text) this.watch.report(`${from} signs two heads at ${at}`);
    this.#signed.set(`${from}/${at}`, text);
    if (!this.watch.stand().isOneJournal) return;
    const others = this.#atPosition.get(at);
    if (others !== undefined && others !== text) {
      this.watch.report(`two coordinators make different heads at ${at}`);
    }
    this.#atPosition.set(at, text);
  }

  override sample(): void {
    for (const ledger of LEDGERS) this.#checkSealed(ledger);
    for (const coordinator of this.watch.truth.world.coordinators) this.#checkNoticed(coordinator);
    for (const sidecar of this.watch.stand().started) {
      for (const ledger of LEDGERS) this.#checkAdopted(sidecar, `sealed/${ledgerLetter(ledger)}`);
    }
    for (const coordinator of this.watch.truth.world.coordinators) {
      for (const ledger of LEDGERS) {
        this.#checkAdopted(coordinator, `sealed-latest/${ledgerLetter(ledger)}`);
      }
    }
  }

  #checkSealed(ledger: LedgerId): void {
    const sealed = this.watch.truth.sealed(ledger);
    for (const { head } of sealed.slice(this.#seen.get(ledger) ?? 0)) {
      const at = `${ledger}/${head.index}`;
      const root = hex(head.root);
      const known = this.#rootAt.get(at);
      if (known !== undefined && known !== root) this.watch.report(`two roots are sealed at ${at}`);
      this.#rootAt.set(at, root);
    }
    this.#seen.set(ledger, sealed.length);
  }

  #checkAdopted({ person, store }: Pick<SimCoordinator, "person" | "store">, key: string): void {
    const bytes = store.get(key);
    const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
    if (sealed !== undefined && !this.watch.truth.isSealed(sealed.head)) {
      this.watch.report(`${person.name} adopts a head that no majority has signed`);
    }
  }

  /** Whole, connected, and still deciding on a journal that is not the one it applied. */
  #checkNoticed(coordinator: SimCoordinator): void {
    const { person, node } = coordinator;
    const { world } = this.watch.truth;
    const everybody = world.coordinators.every(
      ({ node: other, person: { name } }) =>
        other !== undefined &&
        !world.bus.cut.has(`to:${name}`) &&
        !world.bus.cut.has(`from:${name}`),
    );
    for (const ledger of LEDGERS) {
      const key = `${person.name}/${ledger}`;
      const isChanged =
        everybody &&
        node !== undefined &&
        node.status(ledger).damage === undefined &&
        // Promised to sign nothing more of it: it decides nothing until the next one is open.
        node.awaitedGeneration(ledger) === undefined &&
        !this.#isCopy(coordinator, ledger);
      const count = isChanged ? (this.#unnoticed.get(key) ?? 0) + 1 : 0;
      this.#unnoticed.set(key, count);
      if (count >= NOTICED_SAMPLES) {
        this.watch.report(
          `${person.name} decides on though its ${ledgerLetter(ledger)} journal changed`,
        );
      }
    }
  }

  /** The own copy's last messages are those of the stream of its generation. */
  #isCopy({ node, store }: SimCoordinator, ledger: LedgerId): boolean {
    const place = node?.journalPlace(ledger);
    if (node === undefined || place === undefined) return true;
    const { generation, base } = place;
    const last = node.nextPosition(ledger) - 1;
    const stream = this.watch.truth.world.bus.streams.of(ledger, generation);
    const from = Math.max(base + (stream?.first ?? 1), last - COMPARED, node.firstKept(ledger));
    for (let position = from; position <= last; position++) {
      const key = `journal/${ledgerLetter(ledger)}/${position.toString().padStart(16, "0")}`;
      const ours = store.get(key);
      const theirs = stream?.messages[position - base - 1]?.bytes;
      if (ours === undefined || theirs === undefined || !equalBytes(ours, theirs)) return false;
    }
    return true;
  }

  override atRest(): void {
    const { truth } = this.watch;
    for (const ledger of LEDGERS) {
      const highest = Math.max(0, ...truth.sealed(ledger).map((s) => Number(s.head.index)));
      if (highest > 0 && truth.entries(ledger).length <= highest) {
        this.watch.report(
          `no coordinator holds the entries under ${ledgerLetter(ledger)}:${highest}`,
        );
      }
      if (this.watch.stand().isOneJournal) this.#checkEntries(ledger);
    }
  }

  #checkEntries(ledger: LedgerId): void {
    const { truth } = this.watch;
    const byIndex = new Map<number, string>();
    for (const { person, store } of truth.world.coordinators) {
      for (const [index, found] of truth.storedEntries(store, ledger).entries()) {
        if (found === undefined) continue;
        const text = hex(found.record.entry);
        if ((byIndex.get(index) ?? text) !== text) {
          this.watch.report(`${person.name} has another entry at ${ledgerLetter(ledger)}:${index}`);
        }
        byIndex.set(index, text);
      }
    }
  }
}
