// Whether a coordinator may sign at all: one that has lost its store may have signed what it does
// not know of, so it signs nothing before it has read the newest heads of enough others and stands
// above them (DESIGN.md 9, repair). Owns the rows that keep it silent over restarts.

import { type Bytes, equalBytes, type Tick } from "@ostraka/proto";
import { type MeshView, majorityOf, type Write } from "../kernel/index.ts";
import type { Sealer } from "../sealer/index.ts";
import type { LaneRows } from "./lane-rows.ts";

export class WipeGuard {
  readonly #rows: LaneRows;
  readonly #ownKey: Bytes;
  /** Nothing was in the store when it was opened. */
  #isEmpty = false;
  /** Up to here the journal was there before us. */
  #untilPosition = 0;
  /** Something that we signed before lies in the journal, or the journal begins above its start. */
  #isWiped = false;

  constructor(rows: LaneRows, ownKey: Bytes) {
    this.#rows = rows;
    this.#ownKey = ownKey;
  }

  open(): void {
    const first = this.#rows.first("journal") ?? this.#rows.first("snapshot");
    this.#isEmpty = first === undefined;
    this.#untilPosition = this.#rows.number(this.#key("mute")) ?? 0;
    this.#isWiped = this.#rows.number(this.#key("wiped")) !== undefined;
  }

  /** Whether it has lost its store and not yet heard enough. */
  get isWiped(): boolean {
    return this.#isWiped;
  }

  /** Whether nothing may be signed at a position. */
  isMuteAt(position: number): boolean {
    return this.#isWiped || position <= this.#untilPosition;
  }

  /** The journal was read again: what it held before an empty store joined is not ours to sign. */
  onReread(position: number, lastPosition: number): Write[] {
    if (!this.#isEmpty || position > 0 || lastPosition <= this.#untilPosition) return [];
    this.#untilPosition = lastPosition;
    return [this.#rows.numberRow(this.#key("mute"), lastPosition)];
  }

  /** The journal begins above what we have: whoever starts with nothing has been there before. */
  onMissing(): Write[] {
    return this.#isEmpty ? this.#mark() : [];
  }

  /** A message was applied: an own tick from before shows that this store was lost. */
  onTick(tick: Tick, position: number): Write[] {
    const isOurs = equalBytes(tick.coordinatorKey, this.#ownKey);
    const isFromBefore = this.#isEmpty && position <= this.#untilPosition;
    return isOurs && isFromBefore ? this.#mark() : [];
  }

  /** Heads were heard or messages applied: perhaps it may speak again. */
  release(view: MeshView, sealer: Sealer, position: number): Write[] {
    if (!this.#isWiped) return [];
    const others = view.coordinatorKeys().filter((key) => !equalBytes(key, this.#ownKey));
    // Of two, the other one has signed whatever was ever sealed.
    const enough = Math.min(majorityOf(others.length + 1), others.length);
    const heard = others.map((key) => sealer.newestOf(key)).filter((head) => head !== undefined);
    if (enough === 0 || heard.length < enough) return [];
    if (heard.some((head) => Number(head.position) > position)) return [];
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
