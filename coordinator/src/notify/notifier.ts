// Tells people: looks at what has been sealed since the last look and at what is wrong now, keeps
// what is to be said until it is delivered, tries again with longer and longer waits. Never holds
// anything up: a receiver that hangs costs its own notices alone.

import type { Clock } from "@ostraka/host";
import type { Entry, LedgerId } from "@ostraka/proto";
import type { Deliver } from "./deliver.ts";
import { type Notice, noticeOf } from "./notice.ts";
import type { NoticeOutbox } from "./outbox.ts";

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 300_000;
/** Entries looked at in one go. */
const LOOK_MAX = 256;

export interface NotifierParts {
  readonly mesh: string;
  readonly outbox: NoticeOutbox;
  readonly deliver: Deliver;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Last sealed index of a ledger, and its sealed entries in order. */
  readonly sealedIndex: (ledger: LedgerId) => number;
  readonly entries: (ledger: LedgerId, first: number, countMax: number) => readonly Entry[];
  /** What is wrong now, by a name of its own: `journal-damaged/c`, `cannot-fire`. */
  readonly conditions: () => readonly Pick<Notice, "id" | "kind" | "text">[];
  readonly clock: Clock;
  readonly log: {
    warn(fields: object, text: string): void;
    info(fields: object, text?: string): void;
  };
}

export class Notifier {
  readonly #parts: NotifierParts;
  /** Conditions that have been told and still hold. */
  readonly #told = new Set<string>();
  #failures = 0;
  /** In monotonic time: a clock that is set back must not keep notices. */
  #nextTryMonoMs = 0;
  #isDelivering = false;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /** Looks and delivers; called every tick. */
  async tick(ledgers: readonly LedgerId[]): Promise<void> {
    for (const ledger of ledgers) this.#look(ledger);
    this.#lookAtConditions();
    if (this.#isDelivering || this.#parts.clock.monotonicMs() < this.#nextTryMonoMs) return;
    this.#isDelivering = true;
    try {
      await this.#deliver();
    } finally {
      this.#isDelivering = false;
    }
  }

  #look(ledger: LedgerId): void {
    const { outbox, mesh, sha256, sealedIndex, entries } = this.#parts;
    const last = sealedIndex(ledger);
    const from = outbox.cursor(ledger);
    // What was decided before anybody asked to be told is history, not news.
    if (from === undefined) outbox.add([], ledger, last);
    if (from === undefined || from >= last) return;
    const seen = entries(ledger, from + 1, LOOK_MAX);
    const notices = seen.flatMap((entry) => noticeOf(mesh, ledger, entry, sha256) ?? []);
    const cursor = seen.at(-1)?.index;
    if (cursor !== undefined) outbox.add(notices, ledger, Number(cursor));
  }

  #lookAtConditions(): void {
    const { clock, conditions, outbox, mesh } = this.#parts;
    const holding = conditions();
    const fresh = holding.filter(({ id }) => !this.#told.has(id));
    this.#told.clear();
    for (const { id } of holding) this.#told.add(id);
    const timeMs = clock.wallMs();
    const short = mesh.slice(0, 16);
    outbox.add(
      fresh.map(({ id, kind, text }) => ({
        id: `${short}/${id}/${timeMs}`,
        kind,
        mesh,
        timeMs,
        text,
      })),
    );
  }

  async #deliver(): Promise<void> {
    const { clock, outbox, deliver, log } = this.#parts;
    const given = outbox.trim();
    if (given > 0) log.warn({ given }, "notices were given up: nobody took them");
    for (const notice of outbox.pending()) {
      try {
        await deliver(notice, clock.wallMs());
      } catch (error) {
        this.#failures++;
        const waitMs = Math.min(RETRY_MS_MIN * 2 ** (this.#failures - 1), RETRY_MS_MAX);
        this.#nextTryMonoMs = clock.monotonicMs() + waitMs;
        log.warn({ reason: String(error), notice: notice.kind, waitMs }, "a notice waits");
        return;
      }
      this.#failures = 0;
      outbox.delivered(notice);
      log.info({ what: "notified", notice: notice.kind, id: notice.id });
    }
  }
}
