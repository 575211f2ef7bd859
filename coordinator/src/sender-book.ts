// Who has been sending to a journal lately, by the channel a message came on, which the broker
// grants to one key. Owns two spans of counts. Says who sends much, judges nobody, and is no part
// of the machine: another coordinator may have counted otherwise.

/** Counts of this span and of the one before it are looked at. */
const SPAN_MS = 30_000;
/** Senders counted in a span; those that come after them are not. */
const SENDERS_MAX = 4_096;

export interface Sender {
  /** Last token of the channel: the key's short name. */
  readonly id: string;
  readonly messages: number;
  /** Of all messages of the span, in per cent, rounded down. */
  readonly percent: number;
}

export class SenderBook {
  #now = new Map<string, number>();
  #before = new Map<string, number>();
  #untilMs = 0;

  note(channel: string, nowMs: number): void {
    this.#turn(nowMs);
    const id = channel.slice(channel.lastIndexOf(".") + 1);
    const count = this.#now.get(id);
    if (count === undefined && this.#now.size >= SENDERS_MAX) return;
    this.#now.set(id, (count ?? 0) + 1);
  }

  /** Who sent most in the last 30 to 60 s; `undefined` when nobody did. */
  most(nowMs: number): Sender | undefined {
    this.#turn(nowMs);
    const sums = new Map(this.#before);
    for (const [id, count] of this.#now) sums.set(id, (sums.get(id) ?? 0) + count);
    let all = 0;
    let most: readonly [string, number] | undefined;
    for (const [id, count] of sums) {
      all += count;
      if (most === undefined || count > most[1]) most = [id, count];
    }
    if (most === undefined) return undefined;
    const [id, messages] = most;
    return { id, messages, percent: Math.floor((100 * messages) / all) };
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#untilMs && nowMs >= this.#untilMs - SPAN_MS) return;
    const isNext = nowMs >= this.#untilMs && nowMs < this.#untilMs + SPAN_MS;
    this.#before = isNext ? this.#now : new Map();
    this.#now = new Map();
    this.#untilMs = nowMs + SPAN_MS;
  }
}
