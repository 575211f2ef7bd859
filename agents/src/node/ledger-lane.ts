// One ledger of a coordinator: its machine over the own copy of the journal, the seals on its heads
// and the watch over the journal. Owns what of it is stored and sent, and how far each has come.
// Never decides: the machine does.

import {
  type Bytes,
  type Channels,
  type Crypto,
  decode,
  type Envelope,
  encode,
  encodeNew,
  equalBytes,
  hex,
  isReject,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ledgerName,
  SealedHeadSchema,
  TickSchema,
} from "@ostraka/proto";
import {
  MACHINE_VERSION_MAX,
  type MeshView,
  type Out,
  orderedKey,
  type Store,
} from "../kernel/index.ts";
import { openSealedHead, type Sealed, Sealer } from "../sealer/index.ts";
import type { CoordinatorEffect } from "./coordinator-io.ts";
import type { JournalMachine, MachineStep } from "./journal-machine.ts";
import { JournalWatch } from "./journal-watch.ts";
import { recordRows } from "./record-rows.ts";

export interface LaneParts {
  readonly crypto: Crypto;
  readonly store: Store;
  readonly channels: Channels;
  /** This coordinator's signing key. */
  readonly publicKey: Bytes;
}

export class LedgerLane<Machine extends JournalMachine = JournalMachine> {
  readonly machine: Machine;
  readonly ledger: LedgerId;
  readonly sealer: Sealer;
  readonly watch = new JournalWatch();
  readonly #parts: LaneParts;
  readonly #letter: string;
  /** Position up to which heads and entries have been handed to the bus. */
  #published = 0;
  /** Our own newest heads by position, to compare with what a majority has sealed. */
  readonly #ownHeads = new Map<number, Bytes>();
  #confirmedIndex = 0;

  constructor(parts: LaneParts, machine: Machine) {
    this.#parts = parts;
    this.machine = machine;
    this.ledger = machine.ledger;
    this.#letter = ledgerLetter(machine.ledger);
    this.sealer = new Sealer(parts.crypto, machine.ledger);
  }

  /** Index up to which a majority has sealed the very bytes that we made. */
  get confirmedIndex(): number {
    return this.#confirmedIndex;
  }

  /** `c:12`. */
  at(n: number | bigint): string {
    return `${this.#letter}:${n}`;
  }

  /** Rebuilds the machine from the own copy; puts out again what may not have left. */
  open(out: Out<CoordinatorEffect>): void {
    const { store } = this.#parts;
    const letter = this.#letter;
    const cursor = store.get(`published/${letter}`);
    this.#published = cursor === undefined ? 0 : numberOf(cursor);
    for (const [key, bytes] of store.scan(`journal/${letter}/`)) {
      const step = this.machine.step(Number(key.slice(-16)), bytes);
      this.#remember(step);
      const stored = store.get(`head/${letter}/${orderedKey(step.position)}`);
      // I3: our own copy must make the head that we signed; anything else is damage, not history.
      if (stored !== undefined && !equalBytes(stored, step.head ?? new Uint8Array())) {
        this.watch.damage = `own copy makes another head at ${this.at(step.position)}`;
        return;
      }
      if (step.position > this.#published) this.#publish(step, out);
    }
  }

  /** Takes up the newest sealed head that was stored, if it still opens. */
  openSealed(view: MeshView, out: Out<CoordinatorEffect>): void {
    if (this.watch.damage !== undefined) return;
    const { crypto, store } = this.#parts;
    const bytes = store.get(`sealed-latest/${this.#letter}`);
    const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
    if (sealed === undefined) return;
    const head = openSealedHead(crypto, view, sealed);
    if (!isReject(head)) this.sealer.adopt({ head, sealed });
    this.#confirm(out);
  }

  /**
   * Applies a message of the journal and puts out what it made.
   * @returns `undefined` for one that is known already, or when deciding has stopped.
   */
  apply(position: number, bytes: Bytes, out: Out<CoordinatorEffect>): MachineStep | undefined {
    if (this.watch.damage !== undefined) return undefined;
    const expected = this.machine.point.position + 1;
    if (position < expected) return undefined;
    if (position > expected) {
      this.#stop(`message ${this.at(expected)} is missing`, out);
      return undefined;
    }
    const step = this.machine.step(position, bytes);
    this.#remember(step);
    this.#confirm(out);
    const letter = this.#letter;
    out.persist.push({ key: `journal/${letter}/${orderedKey(position)}`, value: bytes });
    for (const record of step.records) {
      out.persist.push(...recordRows(this.#parts.crypto, this.ledger, record));
    }
    if (step.head !== undefined) {
      out.persist.push({ key: `head/${letter}/${orderedKey(position)}`, value: step.head });
    }
    this.#publish(step, out);
    return step;
  }

  /** Takes one coordinator's head; `equivocation` when its author contradicts itself by it. */
  takeHead(
    view: MeshView,
    envelope: Envelope,
    out: Out<CoordinatorEffect>,
  ): Sealed | "equivocation" | undefined {
    const sealed = this.sealer.take(view, envelope);
    if (isReject(sealed)) return sealed.reject === "equivocation" ? "equivocation" : undefined;
    if (sealed !== undefined) this.#onSealed(sealed, out);
    return sealed;
  }

  /** Says the time and where we stand into the journal, unless deciding has stopped. */
  tick(wallMs: number, out: Out<CoordinatorEffect>): void {
    if (this.watch.damage !== undefined) return;
    const { publicKey, channels } = this.#parts;
    const { generation, position, chainHash } = this.machine.point;
    const body = encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: publicKey,
      ledger: this.ledger,
      timeMs: BigInt(wallMs),
      generation,
      position: BigInt(position),
      chainHash,
      machineVersion: MACHINE_VERSION_MAX,
    });
    const channel = channels.journal(this.ledger, publicKey);
    const messageId = `tick/${hex(publicKey.subarray(0, 8))}/${wallMs}`;
    out.seal.push({ kind: "tick", body, channel, messageId });
  }

  /** Compares the journal as it was read again with our copy (I3). */
  reread(lastPosition: number, bytesAtOurs: Bytes | undefined, out: Out<CoordinatorEffect>): void {
    if (this.watch.damage !== undefined) return;
    const { position } = this.machine.point;
    const ours = this.#parts.store.get(`journal/${this.#letter}/${orderedKey(position)}`);
    const isSame =
      ours === undefined || (bytesAtOurs !== undefined && equalBytes(ours, bytesAtOurs));
    if (lastPosition < position) {
      this.#stop(`journal ends at ${this.at(lastPosition)}, we applied ${this.at(position)}`, out);
    } else if (!isSame) this.#stop(`message ${this.at(position)} is not the one we applied`, out);
  }

  /** The pump has handed everything up to here to the bus: the cursor may move (DESIGN.md 9). */
  onPublished(): void {
    this.#published = this.machine.point.position;
  }

  #stop(why: string, out: Out<CoordinatorEffect>): void {
    this.watch.damage ??= why;
    const damage = this.watch.damage;
    out.trace.push({ what: "journal-damaged", ledger: ledgerName(this.ledger), why: damage });
  }

  #remember({ position, chainHash, head }: MachineStep): void {
    this.watch.remember(position, chainHash);
    if (head === undefined) return;
    this.#ownHeads.set(position, head);
    const [oldest] = this.#ownHeads.keys();
    if (this.#ownHeads.size > LIMITS.pendingHeadsMax) this.#ownHeads.delete(oldest as number);
  }

  #publish(step: MachineStep, out: Out<CoordinatorEffect>): void {
    const { channels, publicKey } = this.#parts;
    const channel = channels.verdicts(this.ledger);
    for (const { bytes } of step.records) out.publish.push({ channel, bytes });
    if (step.head !== undefined) {
      const heads = channels.heads(this.ledger, publicKey);
      out.seal.push({ kind: "head", body: step.head, channel: heads });
    }
  }

  #onSealed({ head, sealed }: Sealed, out: Out<CoordinatorEffect>): void {
    const value = encode(SealedHeadSchema, sealed);
    const letter = this.#letter;
    out.persist.push({ key: `sealed/${letter}/${orderedKey(Number(head.index))}`, value });
    out.persist.push({ key: `sealed-latest/${letter}`, value });
    out.persist.push({ key: `published/${letter}`, value: bytesOf(this.#published) });
    this.#confirm(out);
  }

  /**
   * Compares the newest sealed head with our own of that position: an OK stands on our bytes under
   * a majority's seals (I4), and a majority of another history means that ours is the damaged one
   * (I3).
   */
  #confirm(out: Out<CoordinatorEffect>): void {
    const { latest } = this.sealer;
    const own = latest && this.#ownHeads.get(Number(latest.head.position));
    if (latest === undefined || own === undefined) return;
    if (equalBytes(own, latest.sealed.head)) this.#confirmedIndex = Number(latest.head.index);
    else {
      const at = this.at(latest.head.position);
      this.#stop(`a majority has sealed another head than ours at ${at}`, out);
    }
  }
}

function bytesOf(n: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(n));
  return bytes;
}

function numberOf(bytes: Bytes): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0));
}
