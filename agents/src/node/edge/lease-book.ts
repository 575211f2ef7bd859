// Local leases that outlive the process: kept in the store until they end, so that a sidecar comes
// back denying what it denied. Short and local; nothing here leaves the host.

import { getTextEncoding } from "@bufbuild/protobuf/wire";
import {
  type Bytes,
  type Crypto,
  hex,
  parseSubject,
  Stage,
  type SubjectText,
} from "@ostraka/proto";
import type { DenySet, HeldLease } from "../../enforcer/index.ts";
import type { Out, Store, Write } from "../../kernel/index.ts";
import type { Lease } from "../../scorer/index.ts";

const STAGES = {
  "step-up": Stage.STEP_UP,
  throttle: Stage.THROTTLE,
  suspend: Stage.SUSPEND,
} as const;

export class LeaseBook {
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #denySet: DenySet;
  /** `<host>-<start of the incarnation>`: no two runs give one lease id. */
  readonly #prefix: string;
  readonly #stored = new Map<string, number>();
  #count = 0;

  constructor(
    crypto: Pick<Crypto, "sha256">,
    denySet: DenySet,
    host: string,
    incarnation: Uint8Array,
  ) {
    this.#crypto = crypto;
    this.#denySet = denySet;
    this.#prefix = `${host}-${hex(incarnation.subarray(0, 3))}`;
  }

  /** Takes up the leases that have not ended. */
  open(store: Store, wallMs: number): void {
    for (const [key, value] of store.scan("lease/")) {
      const lease = readLease(value);
      this.#stored.set(key, lease?.untilMs ?? 0);
      if (lease !== undefined && lease.untilMs > wallMs) this.#denySet.lease(lease);
    }
  }

  /** Takes what the scorer asked for. */
  take({ subject, stage, untilMs }: Lease, persist: Write[]): HeldLease {
    const id = `lease-${this.#prefix}-${++this.#count}`;
    const held = { id, subject, stage: STAGES[stage], untilMs };
    this.#denySet.lease(held);
    const key = this.#keyOf(subject);
    this.#stored.set(key, untilMs);
    persist.push({ key, value: getTextEncoding().encodeUtf8(JSON.stringify(held)) });
    return held;
  }

  /** Ends a lease early: its subject was lifted. */
  end(subject: SubjectText, out: Out<unknown>): void {
    this.#denySet.endLease(subject);
    const key = this.#keyOf(subject);
    if (this.#stored.delete(key)) out.persist.push({ key });
  }

  /** Forgets what has ended; the deny set drops its own. */
  expire(wallMs: number, persist: Write[]): void {
    for (const [key, untilMs] of this.#stored) {
      if (untilMs > wallMs) continue;
      this.#stored.delete(key);
      persist.push({ key });
    }
  }

  #keyOf(subject: SubjectText): string {
    return `lease/${hex(this.#crypto.sha256(getTextEncoding().encodeUtf8(subject)))}`;
  }
}

function readLease(value: Bytes): HeldLease | undefined {
  try {
    const { id, subject, stage, untilMs } = JSON.parse(getTextEncoding().decodeUtf8(value));
    const parsed = parseSubject(String(subject));
    if (parsed === undefined || !Number.isSafeInteger(untilMs)) return undefined;
    return { id: String(id), subject: parsed, stage, untilMs };
  } catch {
    // A lease that cannot be read is gone: it was short, and the evidence is read again.
    return undefined;
  }
}
