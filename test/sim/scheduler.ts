// Virtual time: a queue of things to happen, in order of time and then of planning. Nothing in the
// simulator waits; it jumps.

interface Planned {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
}

export class Scheduler {
  readonly #heap: Planned[] = [];
  #planned = 0;
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  in(delayMs: number, run: () => void): void {
    const item = { atMs: this.#nowMs + Math.max(0, delayMs), number: this.#planned++, run };
    const heap = this.#heap;
    heap.push(item);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (isBefore(heap[parent] as Planned, item)) break;
      heap[i] = heap[parent] as Planned;
      heap[parent] = item;
      i = parent;
    }
  }

  /** Lets time pass while nothing happens: what is planned happens as much later. */
  leap(forMs: number): void {
    this.#nowMs += forMs;
    for (const [i, item] of this.#heap.entries()) {
      this.#heap[i] = { ...item, atMs: item.atMs + forMs };
    }
  }

  /** Runs everything planned up to a time. */
  runUntil(untilMs: number): void {
    for (let top = this.#heap[0]; top !== undefined && top.atMs <= untilMs; top = this.#heap[0]) {
      this.#pop();
      this.#nowMs = top.atMs;
      top.run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Planned)) child++;
      if (isBefore(last, heap[child] as Planned)) break;
      heap[i] = heap[child] as Planned;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
