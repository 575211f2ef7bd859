// A sidecar's wiring: scorer, courier, ledgers and deny set behind one step. Verifies everything
// that it enforces (I1), keeps it across restarts, and proves it with receipts (I8). Pure:
// production and the simulator run this same file.

import { getTextEncoding } from "@bufbuild/protobuf/wire";
import {
  type Bytes,
  type Channels,
  type Crypto,
  channelsOf,
  decode,
  EnvelopeSchema,
  encodeNew,
  isReject,
  Ledger,
  type LedgerId,
  LIMITS,
  ReceiptSchema,
  type Stage,
  type SubjectText,
} from "@ostraka/proto";
import { Courier } from "../../courier/index.ts";
import type { Access, DenySet, Held, HeldLease } from "../../enforcer/index.ts";
import {
  type Event,
  MACHINE_VERSION_MAX,
  type Out,
  type Policy,
  type Store,
} from "../../kernel/index.ts";
import type { OpenedGenesis } from "../../roster/index.ts";
import type { Lease, ScorerAdditions, Signal } from "../../scorer/index.ts";
import { Mesh } from "../mesh.ts";
import { EdgeClock, type EdgeReading } from "./edge-clock.ts";
import { EdgeVerdicts, type SidecarEffect } from "./edge-verdicts.ts";
import { InquiryAnswers } from "./inquiry-answers.ts";
import { LeaseBook } from "./lease-book.ts";
import type { FollowedEntry } from "./ledger-follower.ts";
import { LedgerSync } from "./ledger-sync.ts";
import { Scoring } from "./scoring.ts";
import { WouldDeny } from "./would-deny.ts";

export type SidecarInput =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "verdict"; readonly ledger: LedgerId; readonly bytes: Bytes }
  | { readonly type: "head"; readonly bytes: Bytes }
  | { readonly type: "ack"; readonly bytes: Bytes }
  | { readonly type: "answer"; readonly bytes: Bytes }
  | { readonly type: "connected" }
  | { readonly type: "cursor"; readonly source: string; readonly cursor: Bytes }
  | { readonly type: "clock"; readonly now: EdgeReading };

export interface SidecarOptions {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly hostKey: Bytes;
  readonly hostName: string;
  /** 16 random bytes, new at each start. */
  readonly incarnation: Bytes;
  readonly random: (bytes: number) => Bytes;
  readonly store: Store;
  /** Stages that this host's enforcers can really do; asked for more, its receipt says so. */
  readonly stages: ReadonlySet<Stage>;
  /** What this host's configuration adds to the detectors of logins. */
  readonly scorer?: ScorerAdditions;
}

export interface Readiness {
  readonly ready: boolean;
  readonly why: string;
}

/** Baselines are saved this often: a crash reads the lines since then again. */
const SAVE_MS = 10_000;
/** Clocks of hosts whose logs are read here may be ahead by so much. */
const EVENT_AHEAD_MS_MAX = 300_000;

export class SidecarNode {
  readonly mesh: Mesh;
  readonly denySet: DenySet;
  /** What dry runs would have denied here. */
  readonly wouldDeny: WouldDeny;
  readonly clock = new EdgeClock();
  readonly courier: Courier;
  readonly scoring: Scoring;
  readonly channels: Channels;
  readonly #o: SidecarOptions;
  readonly #verdicts: EdgeVerdicts;
  readonly #sync: LedgerSync;
  readonly #leases: LeaseBook;
  readonly #inquiries: InquiryAnswers;
  readonly #cursors = new Map<string, Bytes>();
  #receiptNumber = 0;
  #denied = 0;
  /** What the last receipt said had been applied; another state is due at once. */
  #receiptOf = "";
  #receiptMs = 0;
  #savedMs = 0;
  #isUnsaved = false;

  constructor(options: SidecarOptions) {
    const { crypto, genesis, hostKey, hostName, incarnation, store } = options;
    this.#o = options;
    this.mesh = new Mesh(crypto, genesis);
    this.channels = channelsOf(genesis.mesh);
    this.scoring = new Scoring({ scorer: options.scorer, crypto, random: options.random });
    const channel = this.channels.journal(Ledger.SIGNALS, hostKey);
    const { random } = options;
    const mesh = genesis.mesh;
    this.courier = new Courier({ crypto, mesh, hostKey, incarnation, random, channel });
    this.#verdicts = new EdgeVerdicts({
      crypto,
      mesh: this.mesh,
      here: { host: hostName, labels: () => this.mesh.view.hostOf(hostKey)?.labels ?? [] },
      hostKey,
      secret: options.random(16),
      stages: options.stages,
      time: () => this.clock.time(),
      endLease: (subject, out) => this.#leases.end(subject, out),
      onLift: (subject, index, atMs) => this.scoring.lift(subject, index, atMs),
      onPardon: (subject, beforeMs) => this.scoring.pardon(subject, beforeMs),
    });
    this.denySet = this.#verdicts.denySet;
    this.wouldDeny = new WouldDeny(this.denySet);
    this.#leases = new LeaseBook(crypto, this.denySet, hostName, incarnation);
    this.#inquiries = new InquiryAnswers(crypto, hostKey);
    this.#sync = new LedgerSync({
      crypto,
      mesh: this.mesh,
      verdicts: this.#verdicts,
      clock: this.clock,
      store,
      hostKey,
      channel: this.channels.resync(hostKey),
      onPolicy: () => this.#usePolicy(),
      onInquiry: (followed, out) => this.#onInquiry(followed, out),
    });
  }

  /** Comes back from the store, enforcing, before the first answer and without any network. */
  open(now: EdgeReading, out: Out<SidecarEffect>): void {
    this.clock.set(now);
    out.persist.push(...this.courier.open(this.#o.store));
    this.#leases.open(this.#o.store, now.wallMs);
    this.#sync.open(out);
    for (const [key, cursor] of this.#o.store.scan("cursor/")) {
      this.#cursors.set(key.slice("cursor/".length), cursor);
    }
  }

  /** Where a source was when its events were last saved. */
  cursorOf(source: string): Bytes | undefined {
    return this.#cursors.get(source);
  }

  readiness(): Readiness {
    const { control, signals } = this.#sync;
    if (control.head === undefined) return { ready: false, why: "no control head yet" };
    if (this.mesh.policy === undefined) return { ready: false, why: "no policy is active yet" };
    if (signals.head === undefined) return { ready: false, why: "no signals head yet" };
    return { ready: true, why: this.isFresh() ? "fresh" : "stale: holding what was enforced" };
  }

  /**
   * Whether the newest sealed head is within the policy's lease and our sets are the ones it names.
   */
  isFresh(now?: EdgeReading): boolean {
    const policy = this.#policy;
    if (policy === undefined || !this.#verdicts.isDigestEqual || this.#sync.isBehind) return false;
    return this.clock.ageMs(now) <= policy.freshnessLeaseMs;
  }

  /** Indices applied, as receipts carry them. */
  indexOf(ledger: LedgerId): number {
    return this.#sync.of(ledger).index;
  }

  /** Answers one access from memory. */
  decide(access: Access, now: EdgeReading): Held | HeldLease | undefined {
    const time = this.clock.time(now);
    const held = this.denySet.decide(access, time);
    if (held === undefined) this.wouldDeny.onPermit(access, time);
    else this.#denied++;
    return held;
  }

  step(input: SidecarInput, out: Out<SidecarEffect>): void {
    switch (input.type) {
      case "event":
        this.#onEvent(input.event, out);
        break;
      case "verdict":
        this.#sync.onVerdict(input.ledger, input.bytes, out);
        break;
      case "head":
        this.#sync.onHead(input.bytes, out);
        break;
      case "ack":
        this.#onAck(input.bytes, out);
        break;
      case "answer":
        this.#sync.onAnswer(input.bytes, out);
        break;
      case "connected":
        this.courier.resend();
        this.#sync.onConnected(out);
        break;
      case "cursor":
        this.#cursors.set(input.source, input.cursor);
        this.#isUnsaved = true;
        break;
      case "clock":
        this.#onClock(input.now, out);
        break;
    }
    this.#release(out);
    // Rows and heads of one step are stored together: a restart stands where a step had stood.
    if (out.persist.length > 0) this.#sync.saveHeads(out);
    out.seal.push(...this.courier.flush(this.clock.monoMs));
    this.#sendReceipt(out);
  }

  /**
   * Saves baselines and cursors together, so that a crash reads again just what was not saved; and
   * the newest heads.
   */
  save(out: Out<SidecarEffect>): void {
    this.#savedMs = this.clock.monoMs;
    this.#sync.saveHeads(out);
    const snapshot = this.scoring.scorer?.snapshot();
    if (!this.#isUnsaved || snapshot === undefined) return;
    this.#isUnsaved = false;
    out.persist.push({ key: "scorer", value: snapshot });
    for (const [source, cursor] of this.#cursors) {
      out.persist.push({ key: `cursor/${source}`, value: cursor });
    }
  }

  /** The policy that this host acts under. */
  get #policy(): Policy | undefined {
    return this.mesh.policyFor(this.#o.hostKey);
  }

  #usePolicy(): void {
    const policy = this.#policy;
    if (policy === undefined) return;
    this.scoring.usePolicy(policy, savedScorer(this.#o.store.get("scorer")));
  }

  #onEvent(event: Event, out: Out<SidecarEffect>): void {
    this.#isUnsaved = true;
    const { wallMs } = this.clock;
    // A line dated far ahead counts as of now: else all that its subject does until that day would
    // lie in the past and bet nothing.
    const isAhead = event.timeMs > wallMs + EVENT_AHEAD_MS_MAX;
    this.scoring.observe(
      isAhead ? { ...event, timeMs: wallMs } : event,
      (lease) => this.#onLease(lease, out),
      (signal) => this.#onSignal(signal, out),
    );
  }

  #onLease(lease: Lease, out: Out<SidecarEffect>): void {
    // Old events, read again or late, must not deny anybody now.
    if (lease.untilMs <= this.clock.wallMs) return;
    // Nor may events dated ahead deny for longer than the policy's lease from now.
    const longestMs = this.clock.wallMs + (this.#policy?.local.leaseMs ?? 0);
    const untilMs = Math.min(lease.untilMs, longestMs);
    const held = this.#leases.take({ ...lease, untilMs }, out.persist);
    const { subject, levelMdb, isRenewal } = lease;
    out.enforce.push({ type: "leased", lease: held, isRenewal });
    if (isRenewal) return;
    const explained = this.scoring.explain(lease);
    out.trace.push({ what: "leased", id: held.id, subject, levelMdb, untilMs, explained });
  }

  #onSignal(signal: Signal, out: Out<SidecarEffect>): void {
    const { subject, evidenceMdb, levelMdb } = signal;
    const isExempt = signal.recommendedStage === "observe";
    const reasons = signal.reasons.map((r) => `${r.detector}: ${r.seen}`);
    const what = isExempt ? "exempt-evidence" : "signalled";
    const explained = this.scoring.explain(signal);
    out.trace.push({ what, subject, evidenceMdb, levelMdb, reasons, explained });
    // Shown, never enforced: evidence about an exempt subject stays here.
    if (isExempt) return;
    const { machineVersion } = this.mesh.view;
    const { draft, part } = this.scoring.draft(signal, this.clock.wallMs, machineVersion);
    out.persist.push(...this.courier.add(draft, part));
  }

  #onInquiry({ entry, privates }: FollowedEntry, out: Out<SidecarEffect>): void {
    if (entry.effect.case !== "inquiry") return;
    const { machineMs } = this.clock.time();
    const now = { machineMs, monoMs: this.clock.monoMs };
    const entryMs = Number(entry.machineTimeMs);
    const { value } = entry.effect;
    const fault = this.#inquiries.take(this.mesh.view, value, privates[0], entryMs, now);
    if (fault === undefined) return;
    const at = `s:${entry.index}`;
    out.trace.push({ what: "unverified", at, effect: "inquiry", code: fault.reject });
  }

  #answerInquiries(out: Out<SidecarEffect>): void {
    const { monoMs, wallMs } = this.clock;
    const now = { machineMs: this.clock.time().machineMs, monoMs, wallMs };
    const standingOf = (subject: SubjectText) => this.scoring.scorer?.standing(subject);
    for (const answer of this.#inquiries.due(this.mesh.view, now, standingOf)) {
      const { subject, isAgainst, standing } = answer;
      out.trace.push({ what: "answered", subject, isAgainst, evidenceMdb: standing.evidenceMdb });
      const { draft, part } = this.scoring.draftAnswer(answer, wallMs);
      out.persist.push(...this.courier.add(draft, part));
    }
  }

  #onAck(bytes: Bytes, out: Out<SidecarEffect>): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    const fault = this.courier.onAck(this.mesh.view, envelope);
    if (isReject(fault)) out.trace.push({ what: "rejected", kind: "ack", code: fault.reject });
  }

  #release(out: Out<SidecarEffect>): void {
    if (this.courier.waiting === 0) return;
    const coordinators = this.mesh.view.coordinatorKeys().length;
    const head = this.#sync.signals.sealer.latest?.head;
    const sealed = { generation: head?.generation ?? 0, position: Number(head?.position ?? 0n) };
    out.persist.push(...this.courier.rotate(coordinators, sealed));
    out.persist.push(...this.courier.release(coordinators, sealed));
  }

  #onClock(now: EdgeReading, out: Out<SidecarEffect>): void {
    this.clock.set(now);
    this.#verdicts.expire(this.clock.time(), out);
    this.#leases.expire(now.wallMs, out.persist);
    out.trace.push(...this.wouldDeny.tell());
    this.#answerInquiries(out);
    this.#sync.askForWhatIsMissing(out);
    this.#sync.forget(out);
    const incarnation = this.courier.unknownIncarnation;
    if (incarnation !== undefined) this.#sync.askForIncarnation(incarnation, out);
    if (now.monoMs - this.#savedMs >= SAVE_MS) this.save(out);
  }

  /**
   * A receipt at once when what is applied or excepted has changed, otherwise with the heartbeat.
   */
  #sendReceipt(out: Out<SidecarEffect>): void {
    const { control, signals } = this.#sync;
    if (control.head === undefined || signals.head === undefined) return;
    const exceptions = this.#verdicts.exceptions();
    const state = `${this.#sync.hurriedIndex}/${signals.index}/${exceptions.length}`;
    const isDue = this.clock.monoMs - this.#receiptMs >= LIMITS.heartbeatMs;
    if (state === this.#receiptOf && !isDue) return;
    this.#receiptOf = state;
    this.#receiptMs = this.clock.monoMs;
    const { view } = this.mesh;
    const body = encodeNew(ReceiptSchema, {
      format: 1,
      hostKey: this.#o.hostKey,
      incarnation: this.#o.incarnation,
      number: BigInt(++this.#receiptNumber),
      controlIndex: BigInt(control.index),
      signalsIndex: BigInt(signals.index),
      denySetDigest: this.denySet.digest(),
      machineTimeMs: BigInt(this.clock.headMs),
      timeMs: BigInt(this.clock.wallMs),
      epoch: this.mesh.epochOf(this.#o.hostKey),
      rosterVersion: view.rosterVersion,
      exceptions: exceptions.map(({ id, reason }) => ({ revocationId: id, reason })),
      isFresh: this.isFresh(),
      // Machine version 1 knows no such field. What is verified here is stored in this same step.
      ...(view.machineVersion >= 2 && {
        preparedEpoch: this.mesh.policies.newestEpoch,
        machineVersionMax: MACHINE_VERSION_MAX,
        errors: this.#verdicts.errors,
        denied: BigInt(this.#denied),
      }),
    });
    out.seal.push({ kind: "receipt", body, channel: this.channels.receipts(this.#o.hostKey) });
  }
}

/** Before the snapshot was bytes it was JSON, which begins with a brace. */
function savedScorer(bytes: Bytes | undefined): unknown {
  if (bytes === undefined || bytes[0] !== 0x7b) return bytes;
  try {
    return JSON.parse(getTextEncoding().decodeUtf8(bytes));
  } catch {
    // A snapshot that cannot be read costs baselines, not safety: score from nothing.
    return undefined;
  }
}
