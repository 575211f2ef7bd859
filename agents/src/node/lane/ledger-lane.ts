// One ledger of a coordinator: its machine over the own copy of the journal, the seals on its heads
// and the watch over the journal. Owns what of it is stored and sent, and how far each has come.
// Never decides: the machine does.

import {
  type Bytes,
  type Channels,
  type Crypto,
  type Envelope,
  encode,
  encodeNew,
  equalBytes,
  type Head,
  hex,
  isReject,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ledgerName,
  SealedHeadSchema,
  type Tick,
  TickSchema,
} from "@ostraka/proto";
import {
  decodeHead,
  MACHINE_VERSION_MAX,
  type MeshView,
  type Out,
  type Store,
  type Write,
} from "../../kernel/index.ts";
import { RepairBook } from "../../repair/index.ts";
import { openSealedHead, type Sealed, Sealer } from "../../sealer/index.ts";
import type { CoordinatorEffect } from "../coordinator/coordinator-io.ts";
import type { JournalMachine, MachineStep } from "../machine/journal-machine.ts";
import { restore } from "../machine/restore.ts";
import type { Mesh } from "../mesh.ts";
import { recordRows } from "../record-rows.ts";
import { agreedPosition } from "./agreed-head.ts";
import { JournalWatch } from "./journal-watch.ts";
import { LaneRetention } from "./lane-retention.ts";
import { LaneRows } from "./lane-rows.ts";
import { PoisonDesk, type StepHook } from "./poison-desk.ts";
import { SnapshotShelf } from "./snapshot-shelf.ts";
import { WipeGuard } from "./wipe-guard.ts";

export interface LaneParts {
  readonly crypto: Crypto;
  readonly store: Store;
  readonly channels: Channels;
  /** This coordinator's signing key. */
  readonly publicKey: Bytes;
  /** Which program this is, for failures of the machine that another one may have mended. */
  readonly release: string;
  readonly onStep?: StepHook | undefined;
}

/** Ticks that a majority must be past one that has stopped, before it takes the truth from them. */
const OVERTAKEN_TICKS = 3;

export type LaneMachine = JournalMachine & { readonly mesh: Mesh };

export class LedgerLane<Machine extends LaneMachine = LaneMachine> {
  readonly machine: Machine;
  readonly ledger: LedgerId;
  readonly sealer: Sealer;
  readonly watch = new JournalWatch();
  readonly rows: LaneRows;
  readonly shelf: SnapshotShelf;
  readonly retention: LaneRetention;
  readonly guard: WipeGuard;
  /** What was promised of a next generation: below it nothing is signed any more. */
  readonly repair: RepairBook;
  readonly poison: PoisonDesk;
  readonly #parts: LaneParts;
  /** Position up to which heads and entries have been handed to the bus. */
  #published = 0;
  /** Our own newest heads by position, to compare with what a majority has sealed. */
  readonly #ownHeads = new Map<number, Bytes>();
  #confirmedIndex = 0;
  #confirmedPosition = 0;
  /** The stream hands out a later message than the one that is next. */
  #isBehindStream = false;
  /** Newest position of which our head may have left. */
  #signedPosition = 0;
  /** A majority denies what the stream has led to above all that we have signed. */
  #isForked = false;
  /** A majority has sealed another head than ours, or messages that do not follow on ours. */
  #isDenied = false;
  /** Ticks for which it has stood below what a majority has sealed, and has stopped. */
  #overtakenTicks = 0;
  /** What was found on the own disk: no going back on it would mend that. */
  #isOwnFault = false;

  constructor(parts: LaneParts, machine: Machine) {
    this.#parts = parts;
    this.machine = machine;
    this.ledger = machine.ledger;
    this.rows = new LaneRows(parts.store, ledgerLetter(this.ledger));
    this.shelf = new SnapshotShelf(parts.crypto, this.ledger, this.rows);
    const controlRows = new LaneRows(parts.store, "c");
    const { ledger, rows, shelf } = this;
    this.retention = new LaneRetention({ ledger, rows, shelf, controlRows });
    this.guard = new WipeGuard(rows, parts.publicKey);
    this.sealer = new Sealer(parts.crypto, this.ledger);
    this.repair = new RepairBook(parts.crypto, this.ledger);
    this.poison = new PoisonDesk({ ...parts, machine });
  }

  /** Index up to which a majority has sealed the very bytes that we made. */
  get confirmedIndex(): number {
    return this.#confirmedIndex;
  }

  /** Journal position of the newest head of ours that a majority has sealed. */
  get confirmedPosition(): number {
    return this.#confirmedPosition;
  }

  /** Whether the next message must come from other coordinators. */
  get isBehindStream(): boolean {
    return this.#isBehindStream;
  }

  /** Last position where it keeps silent, having signed another history there; else `undefined`. */
  get silentUntil(): number | undefined {
    const { dissentUntil } = this.guard;
    return dissentUntil > this.machine.point.position ? dissentUntil : undefined;
  }

  /** `c:12`. */
  at(n: number | bigint): string {
    return `${this.rows.letter}:${n}`;
  }

  /** Rebuilds the machine from snapshot and own copy; puts out again what may not have left. */
  open(out: Out<CoordinatorEffect>): void {
    // BEFORE any head is put out to be signed again.
    this.repair.openPromise(this.#parts.store);
    this.guard.open();
    this.poison.open();
    this.#published = this.rows.published();
    this.shelf.open();
    const { rows } = this;
    this.#signedPosition = this.#published;
    const fault = this.#restore();
    if (fault !== undefined) {
      this.#distrust(fault);
      return;
    }
    const from = this.machine.point.position + 1;
    for (const [position, bytes] of rows.scan("journal", from)) {
      if (position !== this.machine.point.position + 1) {
        this.#distrust(`own copy of message ${this.at(this.machine.point.position + 1)} is gone`);
        return;
      }
      if (this.poison.stopsAt(position)) return;
      const step = this.poison.step(position, bytes);
      this.#remember(step);
      const stored = rows.get("head", position);
      // I3: our own copy must make the head that we signed; anything else is damage, not history.
      if (stored !== undefined && !equalBytes(stored, step.head ?? new Uint8Array())) {
        this.#distrust(`own copy makes another head at ${this.at(step.position)}`);
        return;
      }
      if (step.position > this.#published) this.#publish(step, out);
    }
    const fork = rows.number(`fork/${rows.letter}`);
    if (fork === undefined) return;
    this.#isBehindStream = true;
    this.watch.damage = `the stream leads elsewhere above ${this.at(fork)} than what was sealed`;
  }

  #distrust(why: string): void {
    this.#isOwnFault = true;
    this.watch.damage = why;
  }

  /** Starts from the newest snapshot below which nothing is left to send. */
  #restore(): string | undefined {
    const { rows } = this;
    const { crypto, store } = this.#parts;
    const controlRows = new LaneRows(store, "c");
    for (const position of this.shelf.positions()) {
      const head = rows.head(position);
      const snapshot = rows.get("snapshot", position);
      if (position > this.#published || head === undefined || snapshot === undefined) continue;
      // What was imported may not have come by our own control journal yet.
      const controlIndex = Number(head.controlIndex);
      if (controlIndex > 0 && controlRows.get("record", controlIndex) === undefined) continue;
      const records = values(rows.scan("record"));
      const controlRecords = values(controlRows.scan("record"));
      const parts = { crypto, head, snapshot, records, controlRecords };
      const fault = restore(this.machine, parts);
      this.watch.remember(position, this.machine.point.chainHash);
      return fault && `own snapshot at ${this.at(position)} is damaged: ${fault}`;
    }
    const first = rows.first("journal") ?? 1;
    return first === 1
      ? undefined
      : `own copy begins at ${this.at(first)} without a snapshot below`;
  }

  /** Takes up the newest sealed head that was stored, if it still opens. */
  openSealed(view: MeshView, out: Out<CoordinatorEffect>): void {
    if (this.watch.damage !== undefined) return;
    const sealed = this.rows.latestSealed();
    if (sealed === undefined) return;
    const head = openSealedHead(this.#parts.crypto, view, sealed);
    if (!isReject(head)) this.sealer.adopt({ head, sealed });
    this.#confirm(out);
  }

  /**
   * Applies a message of the journal and puts out what it made.
   * @returns `undefined` for one that is known already, or when deciding has stopped.
   */
  apply(position: number, bytes: Bytes, out: Out<CoordinatorEffect>): MachineStep | undefined {
    if (this.watch.damage !== undefined || this.poison.isOver) return undefined;
    if (this.poison.stalled !== undefined && position >= this.poison.stalled.position) {
      this.poison.readAhead(this.machine.mesh.view, position, bytes, out);
      return undefined;
    }
    const expected = this.machine.point.position + 1;
    if (position < expected) return undefined;
    if (position > expected) {
      this.#miss(expected, out);
      return undefined;
    }
    const step = this.poison.step(position, bytes);
    if (step.poisoned !== undefined) {
      this.poison.goBack(step.poisoned, out);
      return undefined;
    }
    this.#remember(step);
    this.#confirm(out);
    out.persist.push({ key: this.rows.key("journal", position), value: bytes });
    for (const record of step.records) {
      out.persist.push(...recordRows(this.#parts.crypto, this.ledger, record));
    }
    if (step.head !== undefined) {
      out.persist.push({ key: this.rows.key("head", position), value: step.head });
    }
    out.persist.push(...this.shelf.note(step));
    if (step.isForgetting === true) out.persist.push(this.retention.forgetRow(position));
    // A clock that was set back may take hours to catch up: what its owner has read is no older.
    const tick = step.tick ?? step.staleTick;
    if (tick !== undefined) {
      const chainAt = (at: number) => this.watch.chainAt(at);
      out.persist.push(...this.guard.onTick(tick, position, chainAt));
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
    out.persist.push(...this.shelf.takeHead(view, envelope, this.#parts.publicKey));
    const sealed = this.sealer.take(view, envelope);
    if (isReject(sealed)) return sealed.reject === "equivocation" ? "equivocation" : undefined;
    if (sealed !== undefined) this.#onSealed(sealed, out);
    return sealed;
  }

  /** Says the time and where we stand into the journal, unless deciding has stopped. */
  tick(wallMs: number, out: Out<CoordinatorEffect>): void {
    this.poison.tick(wallMs, out);
    if (this.#isSilent || this.guard.isWiped) return;
    if (this.watch.damage !== undefined) {
      this.#sealLastAgain(out);
      return;
    }
    if (this.poison.stalled !== undefined) return;
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
    out.persist.push(...this.guard.onTickSent(wallMs));
    out.seal.push({ kind: "tick", body, channel, messageId });
    const again = this.shelf.headToSealAgain();
    // Never a second one where another was signed: in a history that was left, or is forgotten.
    if (again !== undefined && !this.guard.isMuteAt(again.position)) {
      this.#sealHead(again.head, out);
    }
  }

  /** One that was shown another journal must hear what we have signed, though we have stopped. */
  #sealLastAgain(out: Out<CoordinatorEffect>): void {
    const { lastHead, lastHeadPosition } = this.machine;
    const isSigned = lastHeadPosition <= this.#signedPosition;
    if (this.#isOwnFault || lastHead === undefined || !isSigned) return;
    if (!this.guard.isMuteAt(lastHeadPosition)) this.#sealHead(lastHead, out);
  }

  /** No stream and no journal copy has what is next: others' snapshot is taken up. */
  followOthers(): void {
    this.#isBehindStream = true;
  }

  /** Goes on after messages came from other coordinators. */
  resume(out: Out<CoordinatorEffect>): void {
    this.#isBehindStream = false;
    this.#isDenied = false;
    this.watch.damage = undefined;
    out.persist.push({ key: `fork/${this.rows.letter}` });
  }

  /** Compares what a tick says of the journal with our history (I3). */
  compare(tick: Tick, coordinators: number): void {
    this.watch.compare(tick, coordinators);
    const isAbove = this.machine.point.position > this.#signedPosition;
    if (this.watch.damage !== undefined && isAbove) this.#isForked = true;
  }

  /** What others have of the journal does not lead from our last message to what was sealed. */
  onMisfit(): void {
    this.#isDenied = true;
  }

  /**
   * Asked at every tick: whether the own history must be left, and for which position of it.
   *
   * Safe, for once a majority has sealed a head that we do not have, whatever we have signed is in
   * their history or was never sealed: another majority that had sealed it would share a member
   * with theirs, and that one has signed both. What is given up is never signed anew: see
   * `WipeGuard.dissentRow`.
   */
  takeFork(): number | undefined {
    const isForked = this.#isForked;
    this.#isForked = false;
    // The stream alone is wrong: nothing that was signed is given up.
    if (isForked && !this.#isDenied) return Math.max(this.#signedPosition, this.#confirmedPosition);
    if (!this.#isOvertaken()) return undefined;
    const { position } = this.machine.point;
    const index = Number(this.rows.head(this.machine.lastHeadPosition)?.index ?? 0n);
    const common =
      this.#confirmedPosition || agreedPosition(this.rows, index, this.shelf.newestSealed());
    const isThere = common === position && this.#isBehindStream;
    return common === undefined || common > position || isThere ? undefined : common;
  }

  #isOvertaken(): boolean {
    const latest = this.sealer.latest?.head;
    const { position, generation } = this.machine.point;
    const isStopped = this.watch.damage !== undefined && this.poison.stalled === undefined;
    const isOurs = latest?.generation === generation && !this.#isSilent;
    if (latest === undefined || !isStopped || !isOurs || this.#isOwnFault) {
      this.#overtakenTicks = 0;
      return false;
    }
    if (this.#isDenied) return true;
    const isPassed = !this.#isBehindStream && Number(latest.position) > position;
    this.#overtakenTicks = isPassed ? this.#overtakenTicks + 1 : 0;
    return this.#overtakenTicks > OVERTAKEN_TICKS;
  }

  /** The rows that keep it silent where it has signed what is given up above a position. */
  dissentRows(position: number): Write[] {
    const signed = this.#signedPosition;
    return signed > position ? [this.guard.dissentRow(signed)] : [];
  }

  /** The row that makes the messages above be asked of others after the store is opened again. */
  forkRow(position: number): Write {
    return this.rows.numberRow(`fork/${this.rows.letter}`, position);
  }

  /** Lets a coordinator that had lost its store speak again, once it has heard enough. */
  release(view: MeshView, out: Out<CoordinatorEffect>): void {
    const isAlone = view.coordinatorKeys().length === 1;
    if (this.guard.isWiped && isAlone && this.watch.damage === undefined) {
      this.#stop(
        `this coordinator has lost its store, and nobody else has the ${ledgerName(this.ledger)} ` +
          "ledger: restore a copy of the store",
        out,
      );
      return;
    }
    const chainAt = (at: number) => this.watch.chainAt(at);
    const writes = this.guard.release(view, this.sealer, this.machine.point, chainAt);
    if (writes.length === 0) return;
    out.persist.push(...writes);
    out.trace.push({ what: "speaks-again", ledger: ledgerName(this.ledger) });
  }

  /** Compares the journal as it was read again with our copy (I3). */
  reread(
    lastPosition: number,
    bytesAtOurs: Bytes | undefined,
    out: Out<CoordinatorEffect>,
    firstPosition = 1,
  ): void {
    if (this.watch.damage !== undefined) return;
    const { position } = this.machine.point;
    const isAlone = this.machine.mesh.view.coordinatorKeys().length === 1;
    out.persist.push(...this.guard.onReread(position, lastPosition, isAlone));
    // What the stream has forgotten cannot be compared; sealed snapshots hold it.
    if (firstPosition > position + 1) this.#miss(position + 1, out);
    if (firstPosition > position) return;
    const ours = this.rows.get("journal", position);
    const isSame =
      ours === undefined || (bytesAtOurs !== undefined && equalBytes(ours, bytesAtOurs));
    if (lastPosition < position) {
      this.#stop(`journal ends at ${this.at(lastPosition)}, we applied ${this.at(position)}`, out);
    } else if (!isSame) this.#stop(`message ${this.at(position)} is not the one we applied`, out);
  }

  /** Compares a message of the stream, as it is there now, with the one that we applied (I3). */
  scrub(position: number, found: Bytes | undefined, out: Out<CoordinatorEffect>): void {
    const ours = this.rows.get("journal", position);
    if (this.watch.damage !== undefined || ours === undefined) return;
    const at = this.at(position);
    if (found === undefined) this.#stop(`message ${at} is gone from the stream`, out);
    else if (!equalBytes(ours, found)) {
      this.#stop(`message ${at} in the stream is not the one we applied`, out);
    }
  }

  /** The pump has handed everything up to here to the bus: the cursor may move (DESIGN.md 9). */
  onPublished(): void {
    this.#published = this.machine.point.position;
  }

  #miss(position: number, out: Out<CoordinatorEffect>): void {
    this.#isBehindStream = true;
    out.persist.push(...this.guard.onMissing());
    this.#stop(`message ${this.at(position)} is missing`, out);
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
    // A majority is past it: whoever catches up adds nothing, and may yet find itself wrong.
    const latest = this.sealer.latest?.head;
    const isPassed =
      latest?.generation === this.machine.point.generation &&
      Number(latest.position) > step.position;
    if (isPassed || this.guard.isMuteAt(step.position)) return;
    this.#signedPosition = step.position;
    const channel = this.#parts.channels.verdicts(this.ledger);
    for (const { bytes } of step.records) out.publish.push({ channel, bytes });
    if (step.head !== undefined) this.#sealHead(step.head, out);
  }

  /** A promise holds whatever still comes of the generations below it. */
  get #isSilent(): boolean {
    return this.repair.awaitedGeneration > this.machine.point.generation;
  }

  #sealHead(body: Bytes, out: Out<CoordinatorEffect>): void {
    if (this.#isSilent) return;
    const { channels, publicKey } = this.#parts;
    out.seal.push({ kind: "head", body, channel: channels.heads(this.ledger, publicKey) });
  }

  #onSealed({ head, sealed }: Sealed, out: Out<CoordinatorEffect>): void {
    const value = encode(SealedHeadSchema, sealed);
    out.persist.push(...this.rows.sealedRows(Number(head.index), value));
    out.persist.push(this.rows.publishedRow(this.#published));
    this.#confirm(out);
  }

  /**
   * Compares the newest sealed head with our own of that position: an OK stands on our bytes under
   * a majority's seals (I4), and a majority of another history means that ours is the damaged one
   * (I3).
   */
  #confirm(out: Out<CoordinatorEffect>): void {
    const { latest } = this.sealer;
    if (latest === undefined) return;
    const position = Number(latest.head.position);
    const own = this.#ownHeads.get(position) ?? this.rows.get("head", position);
    if (own !== undefined && equalBytes(own, latest.sealed.head)) {
      this.#confirmedIndex = Number(latest.head.index);
      this.#confirmedPosition = position;
      return;
    }
    // A history that makes no head there shows by its chain that it is another one.
    const isOther =
      own === undefined
        ? this.#hasOtherChain(latest.head)
        : decodeHead(own)?.generation === latest.head.generation;
    if (!isOther) return;
    this.#isDenied = true;
    this.#stop(`a majority has sealed another head than ours at ${this.at(position)}`, out);
  }

  #hasOtherChain({ generation, position, chainHash }: Head): boolean {
    const ours = this.watch.chainAt(Number(position));
    const isOurs = generation === this.machine.point.generation;
    return isOurs && ours !== undefined && !equalBytes(ours, chainHash);
  }
}

function* values(rows: Iterable<readonly [number, Bytes]>): Iterable<Bytes> {
  for (const [, bytes] of rows) yield bytes;
}
