// I3 over generations: an opening stands on the promises of a majority that lost no store and keeps
// the longest of them; a version is entered only once every coordinator has announced it; nothing
// is trimmed above a snapshot that a majority has sealed; and a promise is durable before it is
// heard.

import {
  decode,
  EnvelopeSchema,
  HeadSchema,
  hex,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  type Opening,
  PromiseSchema,
  RepairOrderSchema,
} from "@ostraka/proto";
import type { TrueEntry } from "../truth.ts";
import { Checker, type Watch } from "./checker.ts";

export class GenerationChecker extends Checker {
  readonly invariant = "I3";
  readonly #through = new Map<LedgerId, number>();

  constructor(watch: Watch) {
    super(watch);
    watch.truth.world.bus.trimmed = (by, ledger, { upTo, most }) => {
      const process = watch.truth.world.coordinators.find((c) => c.person.name === by);
      const sealed = [
        ...(process?.store.scan(`snapshot-sealed/${ledgerLetter(ledger)}/`) ?? []),
      ].map(([key]) => Number(key.slice(-16)));
      if (Math.max(upTo, most) > Math.max(0, ...sealed)) {
        watch.report(`${by} has ${ledgerLetter(ledger)} trimmed above every sealed snapshot`);
      }
    };
  }

  override onPublish(from: string, channel: string, bytes: Uint8Array): void {
    const { world } = this.watch.truth;
    if (!channel.startsWith(world.channels.repairsAll.slice(0, -1))) return;
    const coordinator = world.coordinators.find((c) => c.person.name === from);
    const envelope = decode(EnvelopeSchema, Uint8Array.from(bytes), LIMITS.messageBytesMax);
    if (coordinator === undefined || envelope?.type.includes(".promise.") !== true) return;
    const promise = decode(PromiseSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    const ledger = LEDGERS.find((l) => l === promise?.ledger);
    if (ledger === undefined) return;
    const stored = coordinator.store.get(`promise/${ledgerLetter(ledger)}`);
    if (stored === undefined || hex(stored) !== hex(envelope.body)) {
      this.watch.report(`${from} promises what it has not stored`);
    }
  }

  override sample(): void {
    for (const ledger of LEDGERS) {
      const entries = this.watch.truth.entries(ledger);
      for (const found of entries.slice(this.#through.get(ledger) ?? 1)) this.#check(ledger, found);
      this.#through.set(ledger, Math.max(1, entries.length));
    }
  }

  #check(ledger: LedgerId, { entry }: TrueEntry): void {
    const at = `${ledgerLetter(ledger)}:${entry.index}`;
    const { coordinators } = this.watch.truth.world;
    if (entry.effect.case === "version") {
      const old = coordinators.find((c) => c.versionMax < entry.machineVersion);
      const next = entry.effect.value.machineVersion;
      const lagging = old ?? coordinators.find((c) => c.versionMax < next);
      if (lagging !== undefined) {
        this.watch.report(`${at} enters version ${next}, which ${lagging.person.name} lacks`);
      }
    }
    if (entry.effect.case === "opening") {
      this.#checkOpening(at, Number(entry.position), entry.effect.value);
    }
  }

  #checkOpening(at: string, position: number, { order, promises }: Opening): void {
    const keys = new Set<string>();
    let longest = { generation: 0, position: 0 };
    for (const envelope of promises) {
      const promise = decode(PromiseSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
      const head = promise && decode(HeadSchema, promise.lastHead, LIMITS.headBytesMax);
      if (promise === undefined || head === undefined || promise.lastHead.length === 0) continue;
      keys.add(hex(promise.coordinatorKey));
      const own = { generation: head.generation, position: Number(head.position) };
      const isLater =
        own.generation > longest.generation ||
        (own.generation === longest.generation && own.position > longest.position);
      if (isLater) longest = own;
    }
    if (keys.size < this.watch.truth.majority) {
      this.watch.report(`${at} opens a generation on the promises of ${keys.size}`);
    }
    const asked = order && decode(RepairOrderSchema, order.body, LIMITS.commandBytesMax);
    const isChosen = (asked?.keepHeadHash.length ?? 0) > 0;
    if (!isChosen && position !== longest.position + 1) {
      this.watch.report(
        `${at} goes on from ${position - 1} though ${longest.position} is promised`,
      );
    }
  }
}
