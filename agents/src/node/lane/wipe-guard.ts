// Whether a coordinator may sign: nothing of what it reads to catch up, for it may yet find itself
// wrong; one that has lost its store, nothing before it has read the newest heads of enough others
// and stands above them; one that left a history of its own, nothing up to where it had signed of
// that (DESIGN.md 9, repair). Owns the rows that keep it silent over restarts.

import { type Bytes, equalBytes, type Tick } from "@ostraka/proto";
import { type MeshView, majorityOf, type Write } from "../../kernel/index.ts";
import type { Sealer } from "../../sealer/index.ts";
import type { LaneRows } from "./lane-rows.ts";

/** Messages that are merely on their way. */
const LAG_MAX = 64;
/** Own ticks that are remembered before the first message is stored: some minutes of them. */
const SENT_MAX = 512;

export class WipeGuard {
  readonly #rows: LaneRows;
  readonly #ownKey: Bytes;
  /** The journal was looked at since the start. */
  #hasJoined = false;
  /** Nothing was in the store when it was opened. */
  #isEmpty = false;
  /** Up to here the journal was there before us. */
  #untilPosition = 0;
  /** Nobody has shown yet that what was read to catch up is what it has, too. */
  #isUnproven = false;
  /** Something that we signed before lies in the journal, or the journal begins above its start. */
  #isWiped = false;
  /** Times of the ticks of this store: they may lie in the journal before we look at it. */
  readonly #sentMs = new Set<number>();
  /** Up to here another history was signed than the one that is followed now. */
  #dissentUntil = 0;

  constructor(rows: LaneRows, ownKey: Bytes) {
    this.#rows = rows;
    this.#ownKey = ownKey;
  }

  open(): void {
    const first = this.#rows.first("journal") ?? this.#rows.first("snapshot");
    this.#isEmpty = first === undefined;
    this.#untilPosition = this.#rows.number(this.#key("mute")) ?? 0;
    this.#isUnproven = this.#rows.number(this.#key("unproven")) !== undefined;
    this.#isWiped = this.#rows.number(this.#key("wiped")) !== undefined;
    this.#dissentUntil = this.#rows.number(this.#key("dissent")) ?? 0;
    if (this.#isEmpty)
      for (const timeMs of this.#rows.numbers(this.#key("sent"))) this.#sentMs.add(timeMs);
  }

  /** Last position at which it has signed something else than what it follows now; or 0. */
  get dissentUntil(): number {
    return this.#dissentUntil;
  }

  /** What keeps it from signing a second head where it has signed one that it now gives up. */
  dissentRow(signedPosition: number): Write {
    const until = Math.max(signedPosition, this.#dissentUntil);
    return this.#rows.numberRow(this.#key("dissent"), until);
  }

  /** Whether the journal was looked at since the start. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Whether it has lost its store and not yet heard enough. */
  get isWiped(): boolean {
    return this.#isWiped;
  }

  /** Whether nothing may be signed at a position. */
  isMuteAt(position: number): boolean {
    if (this.#isWiped || this.#isUnproven) return true;
    return position <= Math.max(this.#untilPosition, this.#dissentUntil);
  }

  /** The journal was read again: what was there before we came is the others' to sign. */
  onReread(position: number, lastPosition: number, isAlone: boolean): Write[] {
    const isAway = !this.#hasJoined || lastPosition - position > LAG_MAX;
    this.#hasJoined = true;
    if (!isAway || lastPosition <= Math.max(position, this.#untilPosition)) return [];
    if (isAlone && !this.#isEmpty) return [];
    this.#untilPosition = lastPosition;
    this.#isUnproven = !isAlone;
    // What it has read meanwhile it must not take for its own after a restart: a store that was
    // restored has forgotten what it signed there.
    const mute = this.#rows.numberRow(this.#key("mute"), lastPosition);
    return isAlone ? [mute] : [mute, this.#rows.numberRow(this.#key("unproven"), 1)];
  }

  /** The journal begins above what we have: whoever starts with nothing has been there before. */
  onMissing(): Write[] {
    return this.#isEmpty ? this.#mark() : [];
  }

  /**
   * A tick of ours is about to leave.
   * @returns what must be durable BEFORE it does: a new store that is killed at its first tick is
   * no lost one when it comes back.
   */
  onTickSent(timeMs: number): Write[] {
    if (!this.#isEmpty) return [];
    this.#sentMs.add(timeMs);
    const [oldest] = this.#sentMs;
    if (this.#sentMs.size > SENT_MAX) this.#sentMs.delete(oldest as number);
    const isStored = this.#rows.first("journal") !== undefined;
    return isStored ? [] : [this.#rows.numbersRow(this.#key("sent"), [...this.#sentMs])];
  }

  /**
   * A tick was applied: an own one from before this store shows that another was lost;
   * another's, past where we came in, that it has the same history.
   */
  onTick(tick: Tick, position: number, chainAt: (position: number) => Bytes | undefined): Write[] {
    const isOurs = equalBytes(tick.coordinatorKey, this.#ownKey);
    const claimed = Number(tick.position);
    const ours = claimed >= this.#untilPosition ? chainAt(claimed) : undefined;
    const isProof = !isOurs && ours !== undefined && equalBytes(ours, tick.chainHash);
    const proven = isProof && this.#isUnproven ? [{ key: this.#key("unproven") }] : [];
    if (isProof) this.#isUnproven = false;
    const isOfThisStore = this.#sentMs.has(Number(tick.timeMs));
    const isFromBefore = this.#isEmpty && !isOfThisStore && position <= this.#untilPosition;
    return isOurs && isFromBefore ? this.#mark() : proven;
  }

  /** Heads were heard or messages applied: perhaps it may speak again. */
  release(
    view: MeshView,
    sealer: Sealer,
    { position, generation }: { readonly position: number; readonly generation: number },
    chainAt: (position: number) => Bytes | undefined,
  ): Write[] {
    if (!this.#isWiped) return [];
    const others = view.coordinatorKeys().filter((key) => !equalBytes(key, this.#ownKey));
    // Of two, the other one has signed whatever was ever sealed.
    const enough = Math.min(majorityOf(others.length + 1), others.length);
    const heard = others.map((key) => sealer.newestOf(key)).filter((head) => head !== undefined);
    if (enough === 0 || heard.length < enough) return [];
    if (heard.some((head) => Number(head.position) > position)) return [];
    // I3: what was forgotten may have been signed in the history that one of them still follows.
    const isOther = heard.some((head) => {
      const ours = head.generation === generation ? chainAt(Number(head.position)) : undefined;
      return ours !== undefined && !equalBytes(ours, head.chainHash);
    });
    if (isOther) return [];
    this.#isWiped = false;
    this.#isEmpty = false;
    return [{ key: this.#key("wiped") }, { key: this.#key("mute") }];
  }

  #mark(): Write[] {
    if (this.#isWiped) return [];
    this.#isWiped = true;
    return [this.#rows.numberRow(this.#key("wiped"), 1)];
  }

  #key(name: string): string {
    return `${name}/${this.#rows.letter}`;
  }
}
