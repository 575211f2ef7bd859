// Verdicts that wait for a coverage certificate, at one coordinator: which hosts have shown each,
// and when it is for this coordinator to say so on the control journal. People's verdicts go first;
// so many claims a tick, so that no kill waits behind them.

import {
  type Bytes,
  CoverageClaimSchema,
  type Crypto,
  encodeNew,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
} from "@ostraka/proto";
import {
  BinaryReader,
  BinaryWriter,
  loadAll,
  loadBytes,
  loadNumber,
  type MeshView,
  orderedKey,
  type Store,
  saveAll,
  saveNumber,
  type Write,
} from "../../kernel/index.ts";
import type { MadeRecord } from "../machine/journal-machine.ts";
import { claimRows } from "./coverage-rows.ts";
import type { ReceiptBook } from "./receipt-book.ts";
import { countReceipts, type ReceiptedVerdict, receiptsRoot } from "./receipts-root.ts";

interface Waiting extends ReceiptedVerdict {
  /** Machine time of its entry. */
  readonly enteredMs: number;
  /** Steps by which it widens. */
  readonly widening: readonly { readonly afterMs: bigint; readonly permille: number }[];
  /** Hosts missing in the certificate that stands; `undefined` while there is none. */
  missing: number | undefined;
  /** When our turn to claim it comes, once it can be claimed. */
  turnMs: number | undefined;
}

export interface MadeClaim {
  readonly body: Bytes;
  readonly messageId: string;
  readonly rows: readonly Write[];
}

export interface CoverageDeskParts {
  readonly crypto: Crypto;
  readonly publicKey: Bytes;
  readonly receipts: ReceiptBook;
}

/** A tick looks at so many receipts for claims at most; what is over waits for the next one. */
const HOSTS_LOOKED_AT_MAX = 50_000;
/** Each coordinator's turn comes so much after the one before it. */
const TURN_MS = 3 * LIMITS.tickMs;
/** What is not complete by then stays as it is. */
const LATE_MS = 24 * 3_600_000;
const CLAIM_GOOD_MS = 60_000;

export class CoverageDesk {
  readonly #o: CoverageDeskParts;
  /** By hex id: control's first, each in order. */
  readonly #waiting = new Map<LedgerId, Map<string, Waiting>>([
    [Ledger.CONTROL, new Map()],
    [Ledger.SIGNALS, new Map()],
  ]);

  constructor(parts: CoverageDeskParts) {
    this.#o = parts;
  }

  /** Takes up what waited when the process ended. */
  open(store: Store): void {
    for (const [, bytes] of store.scan("uncovered/")) {
      const waiting = readWaiting(bytes);
      this.#in(waiting.ledger).set(hex(waiting.id), waiting);
    }
  }

  /** Verdicts of control that wait, or that widen. */
  find(id: Uint8Array): Waiting | undefined {
    return this.#in(Ledger.CONTROL).get(hex(id));
  }

  /** An entry was made. @returns rows to keep. */
  onRecord(ledger: LedgerId, { entry, index }: MadeRecord): Write[] {
    const { effect } = entry;
    if (effect.case === "coverage") return this.#onCoverage(effect.value);
    if (effect.case !== "revocation" && effect.case !== "lift") return [];
    const body = effect.value;
    const scope = effect.case === "revocation" ? effect.value.scope : undefined;
    const waiting: Waiting = {
      id: body.id,
      ledger,
      index,
      scope: { hosts: scope?.hosts ?? [], labels: scope?.labels ?? [] },
      enteredMs: Number(entry.machineTimeMs),
      widening: effect.case === "revocation" ? effect.value.widening : [],
      missing: undefined,
      turnMs: undefined,
    };
    const book = this.#in(ledger);
    book.set(hex(body.id), waiting);
    const [first] = book.values();
    const dropped = book.size > LIMITS.coveredVerdictsMax ? this.#drop(first as Waiting) : [];
    return [{ key: keyOf(waiting), value: writeWaiting(waiting) }, ...dropped];
  }

  #onCoverage(coverage: { verdictId: Uint8Array; missingHostKeys: readonly Uint8Array[] }) {
    const id = hex(coverage.verdictId);
    const waiting = LEDGERS.map((ledger) => this.#in(ledger).get(id)).find((w) => w !== undefined);
    if (waiting === undefined) return [];
    waiting.missing = coverage.missingHostKeys.length;
    waiting.turnMs = undefined;
    if (waiting.missing === 0) return this.#drop(waiting);
    return [{ key: keyOf(waiting), value: writeWaiting(waiting) }];
  }

  /** Claims that are due; asked at each tick. */
  claims(view: MeshView, machineTimeMs: number, wallMs: number): MadeClaim[] {
    const claims: MadeClaim[] = [];
    const hosts = [...view.hosts()].length;
    let looks = Math.ceil(HOSTS_LOOKED_AT_MAX / Math.max(1, hosts));
    for (const book of this.#waiting.values()) {
      for (const [id, waiting] of [...book].slice(0, looks)) {
        if (claims.length === LIMITS.claimsPerTickMax) return claims;
        looks--;
        const claim = this.#claim(view, waiting, machineTimeMs, wallMs);
        if (claim !== undefined) claims.push(claim);
        // Next time those come first that were not looked at.
        book.delete(id);
        book.set(id, waiting);
      }
    }
    return claims;
  }

  /** Forgets what will not be completed any more. */
  expire(machineTimeMs: number): Write[] {
    const late = [...this.#waiting.values()].flatMap((book) =>
      [...book.values()].filter((w) => w.enteredMs + LATE_MS <= machineTimeMs),
    );
    return late.flatMap((waiting) => this.#drop(waiting));
  }

  #claim(
    view: MeshView,
    waiting: Waiting,
    machineTimeMs: number,
    wallMs: number,
  ): MadeClaim | undefined {
    const { covered, missing } = countReceipts(view, this.#o.receipts, waiting);
    const isBetter = waiting.missing === undefined || missing.length === 0;
    const isTime = machineTimeMs - waiting.enteredMs >= LIMITS.coverageMs;
    const isDue = isBetter && (missing.length === 0 || isTime);
    if (!isDue || missing.length > LIMITS.missingHostsMax) {
      waiting.turnMs = undefined;
      return undefined;
    }
    waiting.turnMs ??= wallMs + this.#rank(view, waiting.index) * TURN_MS;
    if (wallMs < waiting.turnMs) return undefined;
    // Said again if nobody has entered it by then.
    waiting.turnMs = wallMs + view.coordinatorKeys().length * TURN_MS;
    const { crypto, publicKey } = this.#o;
    const root = receiptsRoot(crypto, covered);
    const body = encodeNew(CoverageClaimSchema, {
      format: 1,
      coordinatorKey: publicKey,
      verdictId: waiting.id,
      ledger: waiting.ledger,
      index: BigInt(waiting.index),
      receiptsRoot: root,
      hosts: covered.length + missing.length,
      missingHostKeys: missing.map((host) => host.key),
      timeMs: BigInt(wallMs),
      notAfterMs: BigInt(wallMs + CLAIM_GOOD_MS),
    });
    const messageId = `coverage/${hex(waiting.id)}/${wallMs}`;
    return { body, messageId, rows: claimRows(crypto, root, covered, machineTimeMs) };
  }

  /** Coordinators take turns: whose number comes first differs from verdict to verdict. */
  #rank(view: MeshView, index: number): number {
    const keys = view.coordinatorKeys().map(hex).sort();
    const own = keys.indexOf(hex(this.#o.publicKey));
    return (own + index) % keys.length;
  }

  #drop(waiting: Waiting): Write[] {
    this.#in(waiting.ledger).delete(hex(waiting.id));
    return [{ key: keyOf(waiting) }];
  }

  #in(ledger: LedgerId): Map<string, Waiting> {
    return this.#waiting.get(ledger) as Map<string, Waiting>;
  }
}

function keyOf({ ledger, index }: Waiting): string {
  return `uncovered/${ledgerLetter(ledger)}/${orderedKey(index)}`;
}

function writeWaiting(waiting: Waiting): Bytes {
  const { ledger, id, index, enteredMs, scope, widening, missing } = waiting;
  const w = new BinaryWriter().uint32(ledger).bytes(id);
  saveNumber(saveNumber(w, index), enteredMs);
  for (const list of [scope.hosts, scope.labels]) saveAll(w, list, (_, text) => w.string(text));
  saveAll(w, widening, (_, s) => saveNumber(w, Number(s.afterMs)).uint32(s.permille));
  return w.uint32(missing === undefined ? 0 : missing + 1).finish();
}

function readWaiting(bytes: Bytes): Waiting {
  const r = new BinaryReader(bytes);
  const ledger = r.uint32() as LedgerId;
  const [id, index, enteredMs] = [loadBytes(r), loadNumber(r), loadNumber(r)];
  const [hosts, labels] = [loadAll(r, () => r.string()), loadAll(r, () => r.string())];
  const widening = loadAll(r, () => ({ afterMs: BigInt(loadNumber(r)), permille: r.uint32() }));
  const missing = r.uint32();
  return {
    ledger,
    id,
    index,
    enteredMs,
    scope: { hosts, labels },
    widening,
    missing: missing === 0 ? undefined : missing - 1,
    turnMs: undefined,
  };
}
