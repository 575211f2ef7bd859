// The coverage agent: which verdicts have a coverage certificate, and whether a claim says more
// than the one that stands. Verdicts of the control ledger are known here; those of the signals
// ledger are not, since control never waits for a signal: of them a claim says where they stand,
// and each coordinator may say so only so often.

import {
  type Coverage,
  type Crypto,
  type Envelope,
  hex,
  isReject,
  Ledger,
  LIMITS,
  type Reject,
  reject,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadNumber,
  type MeshView,
  saveAll,
  saveNumber,
  type TokenBucket,
  TokenBuckets,
} from "../kernel/index.ts";
import { openCoverageClaim } from "./coverage-claim.ts";

/** Claims of one coordinator about what control does not know: an honest one makes four a tick. */
const UNKNOWN_CLAIMS: TokenBucket = { burst: 64, refillMs: 250 };

interface Covered {
  readonly index: number;
  /** Hosts missing in the certificate that stands; `undefined` while there is none. */
  readonly missing: number | undefined;
}

export class CoverageBook {
  readonly #crypto: Crypto;
  /** The newest verdicts of the control ledger, by hex id, oldest first. */
  readonly #control = new Map<string, Covered>();
  /** The newest verdicts of the signals ledger that have a certificate. */
  readonly #signals = new Map<string, Covered>();
  readonly #claims = new TokenBuckets();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** A verdict was entered in the control ledger. */
  enter(id: Uint8Array, index: number): void {
    keep(this.#control, hex(id), { index, missing: undefined });
  }

  /**
   * Takes a claim. @returns the certificate to enter; `undefined` where the one that stands says as
   * much: coordinators claim side by side, and the first wins.
   */
  take(view: MeshView, envelope: Envelope, machineTimeMs: number): Coverage | Reject | undefined {
    const opened = openCoverageClaim(this.#crypto, view, envelope, machineTimeMs);
    if (isReject(opened)) return opened;
    const { claim, coverage } = opened;
    const book = claim.ledger === Ledger.CONTROL ? this.#control : this.#signals;
    const id = hex(claim.verdictId);
    const known = book.get(id);
    if (known === undefined && claim.ledger === Ledger.CONTROL) return reject("unknown-verdict");
    const index = Number(claim.index);
    if (known !== undefined && known.index !== index) return reject("wrong-index");
    const missing = claim.missingHostKeys.length;
    if (known?.missing !== undefined && known.missing <= missing) return undefined;
    if (claim.ledger === Ledger.SIGNALS) {
      // One that lies could name verdicts without end: control must stay free for people.
      const by = hex(claim.coordinatorKey);
      this.#claims.expire(machineTimeMs);
      if (!this.#claims.has(by, UNKNOWN_CLAIMS, machineTimeMs)) return reject("too-large");
      this.#claims.take(by, UNKNOWN_CLAIMS, machineTimeMs);
    }
    if (known === undefined) keep(book, id, { index, missing });
    else book.set(id, { index, missing });
    return coverage;
  }

  save(w: BinaryWriter): void {
    for (const book of [this.#control, this.#signals]) {
      saveAll(w, book, (_, [id, { index, missing }]) => {
        saveNumber(w.string(id), index)
          .bool(missing !== undefined)
          .uint32(missing ?? 0);
      });
    }
    this.#claims.save(w);
  }

  load(r: BinaryReader): void {
    for (const book of [this.#control, this.#signals]) {
      loadAll(r, () => {
        const [id, index, isCovered, missing] = [r.string(), loadNumber(r), r.bool(), r.uint32()];
        book.set(id, { index, missing: isCovered ? missing : undefined });
      });
    }
    this.#claims.load(r);
  }
}

/** Past a bound the oldest is forgotten: what has waited so long gets no certificate any more. */
function keep(book: Map<string, Covered>, id: string, covered: Covered): void {
  book.set(id, covered);
  const [oldest] = book.keys();
  if (book.size > LIMITS.coveredVerdictsMax) book.delete(oldest as string);
}
