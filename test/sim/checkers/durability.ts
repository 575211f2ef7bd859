// I4: durable before visible. What is answered OK lies in the stores of a majority under a sealed
// head, at that moment and ever after; what a node lets out, its own store already holds.

import type { SubmissionAnswer } from "@ostraka/agents/node";
import {
  decode,
  type Entry,
  type Envelope,
  EnvelopeSchema,
  encode,
  equalBytes,
  hex,
  LEDGERS,
  Ledger,
  LIMITS,
  ledgerLetter,
  ReceiptSchema,
} from "@ostraka/proto";
import type { SimStore } from "../sim-store.ts";
import { Checker } from "./checker.ts";

interface Promised {
  readonly index: number;
  readonly command: string;
}

const ordered = (n: number | bigint) => n.toString().padStart(16, "0");

export class DurabilityChecker extends Checker {
  readonly invariant = "I4";
  readonly #promised: Promised[] = [];
  /** Heads that each coordinator has published, and had stored when it first did. */
  readonly #said = new Set<string>();

  override onAnswer(answer: SubmissionAnswer, command: Envelope): void {
    const { truth } = this.watch;
    if (answer.outcome === "refused") this.#checkRefused(command);
    if (answer.outcome !== "ok") return;
    const promised = { index: answer.index, command: hex(encode(EnvelopeSchema, command)) };
    const earlier = this.#promised.find((p) => p.command === promised.command);
    if (earlier !== undefined && earlier.index !== promised.index) {
      this.watch.report(`one command is answered at c:${earlier.index} and at c:${promised.index}`);
    }
    this.#promised.push(promised);
    const holding = truth.world.coordinators.filter((c) => this.#holds(c.store, promised)).length;
    // A disk that was lost between the seal and the answer had it.
    if (holding + this.watch.stand().worn < truth.majority) {
      this.watch.report(`OK for c:${answer.index}, which ${holding} coordinators have stored`);
    }
    const last = BigInt(answer.index + (answer.verdictId === undefined ? 0 : 1));
    if (!truth.sealed(Ledger.CONTROL).some((s) => s.head.index >= last)) {
      this.watch.report(`OK for c:${answer.index} before a majority has signed a head over it`);
    }
  }

  /** Nothing that stands in the ledger is ever answered REFUSED. */
  #checkRefused(command: Envelope): void {
    const text = hex(encode(EnvelopeSchema, command));
    const entered = this.#promised.find((p) => p.command === text);
    if (entered !== undefined)
      this.watch.report(`REFUSED what was answered OK at c:${entered.index}`);
  }

  #holds(store: SimStore, { index, command }: Promised): boolean {
    const bytes = store.get(`record/c/${ordered(index)}`);
    const effect = bytes && this.watch.truth.decodeRecord(bytes)?.entry.effect;
    if (effect === undefined) return false;
    const value = commandOf(effect);
    return value !== undefined && hex(encode(EnvelopeSchema, value)) === command;
  }

  override onPublish(from: string, channel: string, bytes: Uint8Array): void {
    const { world } = this.watch.truth;
    const { verdicts, headsAll, receiptsAll } = world.channels;
    const coordinator = world.coordinators.find((c) => c.person.name === from);
    if (coordinator === undefined) {
      if (channel.startsWith(receiptsAll.slice(0, -1))) this.#checkReceipt(from, bytes);
      return;
    }
    const { store } = coordinator;
    if (channel.startsWith(headsAll.slice(0, -1))) this.#checkHead(from, store, bytes);
    for (const ledger of LEDGERS) {
      if (channel === verdicts(ledger)) {
        const entry = this.watch.truth.decodeRecord(Uint8Array.from(bytes))?.entry;
        const key = `record/${ledgerLetter(ledger)}/${ordered(entry?.index ?? 0)}`;
        const stored = store.get(key);
        if (stored === undefined || !equalBytes(stored, bytes)) {
          this.watch.report(`${from} publishes an entry that it has not stored`);
        }
      }
    }
  }

  #checkHead(from: string, store: SimStore, bytes: Uint8Array): void {
    const said = this.watch.truth.saidIn(bytes);
    const ledger = LEDGERS.find((l) => l === said?.head.ledger);
    if (said === undefined || ledger === undefined) return;
    const { envelope, head } = said;
    // Once it was stored, it is said again whatever has become of the row.
    const name = `${from}/${hex(envelope.body)}`;
    const isSaid = this.#said.has(name);
    this.#said.add(name);
    if (isSaid) return;
    const stored = store.get(`head/${ledgerLetter(ledger)}/${ordered(head.position)}`);
    if (stored === undefined || !equalBytes(stored, envelope.body)) {
      this.watch.report(
        `${from} publishes a head that it has not stored: ${ledgerLetter(ledger)}:${head.position}`,
      );
    }
  }

  /** A receipt claims only what would still be there after a crash. */
  #checkReceipt(from: string, bytes: Uint8Array): void {
    const sidecar = this.watch.truth.world.sidecars.find((s) => s.person.name === from);
    const envelope = decode(EnvelopeSchema, Uint8Array.from(bytes), LIMITS.messageBytesMax);
    const receipt = envelope && decode(ReceiptSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    if (sidecar === undefined || receipt === undefined) return;
    const isStored =
      receipt.controlIndex === 0n ||
      sidecar.store.get(`control/${ordered(receipt.controlIndex)}`) !== undefined;
    if (!isStored)
      this.watch.report(`${from} proves c:${receipt.controlIndex}, which it has not stored`);
  }

  override atRest(): void {
    const { truth } = this.watch;
    const whole = truth.wholeCoordinators();
    for (const promised of this.#promised) {
      const holding = truth.world.coordinators.filter((c) => this.#holds(c.store, promised)).length;
      if (holding < truth.majority) this.watch.report(`OK of c:${promised.index} is lost`);
      if (!this.watch.stand().canDecide) continue;
      for (const { person, store } of whole) {
        if (!this.#holds(store, promised)) {
          this.watch.report(`${person.name} lacks c:${promised.index}, which was answered OK`);
        }
      }
    }
  }
}

/** The command that an entry holds. */
function commandOf({ case: kind, value }: Entry["effect"]): Envelope | undefined {
  if (kind === "member") return value.membership;
  if (kind === "erasure") return value.order;
  return value?.$typeName === "ostraka.v1.Envelope" ? value : undefined;
}
