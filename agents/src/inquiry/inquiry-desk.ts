// The inquiry agent at the signals machine: when hosts together hold much on a subject and no
// warrant is complete, the mesh is asked once what else is held (DESIGN.md 6.4). An answer never
// opens an inquiry, so it cannot loop; opposition is a count, never negative evidence.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  compareBytes,
  concat,
  encodeNew,
  hex,
  type Inquiry,
  InquirySchema,
  LIMITS,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  type Reject,
  reject,
  type SubjectText,
  utf8,
  wireSubjectKind,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  commitmentOf,
  hostId,
  loadAll,
  loadNumber,
  type MeshView,
  type OpenedSignal,
  SALT_BYTES,
  saveAll,
  saveNumber,
  subjectKey,
  sumEvidenceMdb,
  TokenBuckets,
} from "../kernel/index.ts";

/** An inquiry to be entered, with the private part that names its subject. */
export interface OpenedInquiry {
  readonly inquiry: Inquiry;
  readonly subject: SubjectText;
  readonly part: PrivatePart;
}

interface Asked {
  readonly id: string;
  /** Of its subject. */
  readonly key: string;
  /** In hex. */
  readonly commitment: string;
  readonly epoch: number;
  readonly floorMdb: number;
  readonly untilMs: number;
  /** Hosts that have answered, by hex key: whether against. */
  readonly answers: Map<string, boolean>;
}

/** What hosts answered against is shown for this long after the inquiry is over. */
const SHOWN_MS = 3_600_000;

export class InquiryDesk {
  readonly #crypto: Crypto;
  /** The newest inquiry about each subject, by subject key. */
  readonly #bySubject = new Map<string, Asked>();
  /** The budget of each source host, by hex key. */
  readonly #budgets = new TokenBuckets();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /**
   * Opens an inquiry if the plain sum of what hosts hold passes the policy's line.
   * @param held unspent signals on one subject, of one window.
   * @param source the signal that has just come.
   */
  consider(
    view: MeshView,
    held: readonly OpenedSignal[],
    source: OpenedSignal,
    machineTimeMs: number,
  ): OpenedInquiry | undefined {
    const { epoch } = source.signal;
    const policy = view.policyOf(epoch)?.inquiry;
    if (view.machineVersion < 2 || policy === undefined || held.length === 0) return undefined;
    // An answer never opens one.
    if (source.signal.inquiryId.length > 0) return undefined;
    const sumMdb = sumEvidenceMdb(held);
    if (sumMdb < policy.sumLineMdb) return undefined;
    const key = subjectKey(this.#crypto, source.private.subject);
    if (this.#isOpen(this.#bySubject.get(key), machineTimeMs)) return undefined;
    if (this.#bySubject.size >= LIMITS.inquiriesMax) return undefined;
    const host = hostId(source.host);
    if (!this.#budgets.has(host, policy.perHost, machineTimeMs)) return undefined;
    this.#budgets.take(host, policy.perHost, machineTimeMs);
    const { floorMdb, forMs } = policy;
    const opened = this.#open(epoch, held, source, {
      floorMdb,
      sumMdb,
      untilMs: BigInt(machineTimeMs + forMs),
    });
    const id = hex(opened.inquiry.id);
    const untilMs = machineTimeMs + forMs;
    const commitment = hex(opened.inquiry.commitment);
    const asked = { id, key, commitment, epoch, floorMdb, untilMs, answers: new Map() };
    // The place of a subject is that of its newest inquiry.
    this.#bySubject.delete(key);
    this.#bySubject.set(key, asked);
    return opened;
  }

  /** Takes an answer: whether for or against, or why it is none. */
  take(answer: OpenedSignal, machineTimeMs: number): "for" | "against" | Reject {
    const { signal, host } = answer;
    const asked = this.#of(answer.private.subject);
    if (asked === undefined || asked.id !== hex(signal.inquiryId)) return reject("unknown-inquiry");
    if (!this.#isOpen(asked, machineTimeMs)) return reject("unknown-inquiry");
    if (signal.epoch !== asked.epoch) return reject("wrong-epoch");
    if (!host.isWitness) return reject("not-a-witness");
    if (asked.answers.has(hostId(host))) return reject("duplicate");
    const isOver = signal.evidenceMdb >= asked.floorMdb;
    if (signal.isAgainst && isOver) return reject("malformed");
    if (!signal.isAgainst && !isOver) return reject("below-line");
    if (asked.answers.size >= LIMITS.inquiryAnswersMax) return reject("too-large");
    asked.answers.set(hostId(host), signal.isAgainst);
    return signal.isAgainst ? "against" : "for";
  }

  /** Hosts that have answered against, in the newest inquiry about a subject. */
  againstOf(subject: SubjectText): number {
    const answers = this.#of(subject)?.answers.values() ?? [];
    return [...answers].filter((isAgainst) => isAgainst).length;
  }

  expire(machineTimeMs: number): void {
    for (const [key, { untilMs }] of this.#bySubject) {
      if (untilMs + SHOWN_MS <= machineTimeMs) this.#bySubject.delete(key);
    }
    this.#budgets.expire(machineTimeMs);
  }

  /** Forgets inquiries whose private parts are erased: commitments in hex. */
  erase(commitments: ReadonlySet<string>): void {
    for (const [key, { commitment }] of this.#bySubject) {
      if (commitments.has(commitment)) this.#bySubject.delete(key);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#bySubject.values(), (_, asked) => {
      w.string(asked.id).string(asked.key).string(asked.commitment);
      w.uint32(asked.epoch).sint32(asked.floorMdb);
      saveNumber(w, asked.untilMs);
      saveAll(w, asked.answers, (__, [host, isAgainst]) => w.string(host).bool(isAgainst));
    });
    this.#budgets.save(w);
  }

  load(r: BinaryReader): void {
    loadAll(r, () => {
      const [id, key, commitment] = [r.string(), r.string(), r.string()];
      const [epoch, floorMdb, untilMs] = [r.uint32(), r.sint32(), loadNumber(r)];
      const answers = new Map(loadAll(r, () => [r.string(), r.bool()] as const));
      this.#bySubject.set(key, { id, key, commitment, epoch, floorMdb, untilMs, answers });
    });
    this.#budgets.load(r);
  }

  #isOpen(asked: Asked | undefined, machineTimeMs: number): boolean {
    return asked !== undefined && machineTimeMs < asked.untilMs;
  }

  #of(subject: SubjectText): Asked | undefined {
    return this.#bySubject.get(subjectKey(this.#crypto, subject));
  }

  /** Its salt comes of its witnesses' salts, as a verdict's does: every replica makes the same. */
  #open(
    epoch: number,
    held: readonly OpenedSignal[],
    source: OpenedSignal,
    asked: Pick<Inquiry, "floorMdb" | "sumMdb" | "untilMs">,
  ): OpenedInquiry {
    const { subject } = source.private;
    const sorted = [...held].sort((a, b) => compareBytes(a.id, b.id));
    const seed = this.#crypto.sha256(
      utf8("ostraka/v1/inquiry"),
      concat(...sorted.map((s) => s.salt)),
    );
    const content = encodeNew(PrivateSubjectSchema, { subject });
    const part = create(PrivatePartSchema, { salt: seed.slice(0, SALT_BYTES), content });
    const commitment = commitmentOf(this.#crypto, part);
    const inquiry = create(InquirySchema, {
      ...asked,
      id: this.#crypto.sha256(utf8("ostraka/v1/inquiry-id"), commitment, source.id),
      subjectKind: wireSubjectKind(subject),
      commitment,
      epoch,
      sourceHostKey: source.signal.hostKey,
    });
    return { inquiry, subject, part };
  }
}
