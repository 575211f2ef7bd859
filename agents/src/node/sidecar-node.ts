// A sidecar's wiring: scorer, courier, two ledger followers and the deny set behind one step. Verifies
// everything that it enforces (I1), keeps it across restarts, and proves it with receipts (I8). Pure:
// production and the simulator run this same file.

import {
  type Bytes,
  type Channels,
  channelsOf,
  type Crypto,
  decode,
  EnvelopeSchema,
  encode,
  encodeNew,
  EntryRecordSchema,
  EntrySchema,
  equalBytes,
  Frontier,
  hex,
  isReject,
  Ledger,
  type LedgerId,
  LEDGERS,
  ledgerLetter,
  LIMITS,
  ReceiptSchema,
  type ResyncRequest,
  ResyncRequestSchema,
  type ResyncResponse,
  ResyncResponseSchema,
  SealedHeadSchema,
  Stage,
} from "@ostraka/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { Courier } from "../courier/index.ts";
import { type Access, DenySet, type Held, type HeldLease } from "../enforcer/index.ts";
import { ActiveSet, type Event, orderedKey, type Out, type Store } from "../kernel/index.ts";
import type { OpenedGenesis } from "../roster/index.ts";
import type { Lease, Signal } from "../scorer/index.ts";
import { openSealedHead, type Sealed } from "../sealer/index.ts";
import { ActiveAdoption } from "./active-adoption.ts";
import { EdgeClock, type EdgeReading } from "./edge-clock.ts";
import { type FollowedEntry, LedgerFollower } from "./ledger-follower.ts";
import { Mesh } from "./mesh.ts";
import { Scoring } from "./scoring.ts";
import { type CheckedVerdict, checkVerdict } from "./verdict-check.ts";

export type SidecarInput =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "verdict"; readonly ledger: LedgerId; readonly bytes: Bytes }
  | { readonly type: "head"; readonly bytes: Bytes }
  | { readonly type: "ack"; readonly bytes: Bytes }
  | { readonly type: "answer"; readonly bytes: Bytes }
  | { readonly type: "connected" }
  | { readonly type: "cursor"; readonly source: string; readonly cursor: Bytes }
  | { readonly type: "clock"; readonly now: EdgeReading };

/** What enforcers hear of, after it is durable. */
export type SidecarEffect =
  | { readonly type: "enforced"; readonly held: Held }
  | { readonly type: "ended"; readonly held: Held; readonly why: "lifted" | "expired" }
  | { readonly type: "leased"; readonly lease: HeldLease; readonly isRenewal: boolean };

export interface SidecarOptions {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly hostKey: Bytes;
  readonly hostName: string;
  readonly incarnation: Bytes;
  readonly random: (bytes: number) => Bytes;
  readonly store: Store;
  /** Stages that this host's enforcers can really do; asked for more, it says so in its receipt. */
  readonly stages: ReadonlySet<Stage>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly why: string;
}

/** Baselines are saved this often: a crash reads the lines since then again. */
const SAVE_MS = 10_000;

export class SidecarNode {
  readonly mesh: Mesh;
  readonly denySet: DenySet;
  readonly clock = new EdgeClock();
  readonly courier: Courier;
  readonly scoring: Scoring;
  readonly channels: Channels;
  readonly #o: SidecarOptions;
  readonly #control: LedgerFollower;
  readonly #signals: LedgerFollower;
  /** Each ledger's set in force as its head says it, to compare digests with. */
  readonly #active: ReadonlyMap<LedgerId, ActiveSet>;
  /** Lifts not yet imported by the signals ledger's head, by control index. */
  #liftsAhead: { readonly index: number; readonly ids: readonly Bytes[]; untilMs: number }[] = [];
  readonly #exceptions = new Map<string, { readonly id: Bytes; readonly reason: string }>();
  readonly #storedActive = new Map<string, string>();
  readonly #askedMs = new Map<string, number>();
  readonly #cursors = new Map<string, Bytes>();
  #adoption: ActiveAdoption | undefined;
  #receiptNumber = 0;
  #receiptDue = false;
  #receiptMs = 0;
  #savedMs = 0;
  #leases = 0;
  #eventsSinceSave = 0;
  #isDigestEqual = true;

  constructor(options: SidecarOptions) {
    const { crypto, genesis, hostKey, hostName, incarnation } = options;
    this.#o = options;
    this.mesh = new Mesh(crypto, genesis);
    this.channels = channelsOf(genesis.mesh);
    this.denySet = new DenySet(crypto, { host: hostName, labels: [] });
    this.scoring = new Scoring({ crypto, random: options.random });
    const channel = this.channels.journal(Ledger.SIGNALS, hostKey);
    this.courier = new Courier({ crypto, mesh: genesis.mesh, hostKey, incarnation, channel });
    this.#control = new LedgerFollower(crypto, Ledger.CONTROL);
    this.#signals = new LedgerFollower(crypto, Ledger.SIGNALS);
    this.#active = new Map(LEDGERS.map((ledger) => [ledger, new ActiveSet(crypto)]));
  }

  /** Comes back from the store, enforcing, before the first answer and without any network. */
  open(now: EdgeReading, out: Out<SidecarEffect>): void {
    this.clock.set(now);
    out.persist.push(...this.courier.open(this.#o.store));
    this.#openControl(out);
    this.#openSignals(out);
    for (const [key, cursor] of this.#o.store.scan("cursor/")) {
      this.#cursors.set(key.slice("cursor/".length), cursor);
    }
  }

  /** Where a source was when its events were last saved. */
  cursorOf(source: string): Bytes | undefined {
    return this.#cursors.get(source);
  }

  readiness(): Readiness {
    if (this.#control.head === undefined) return { ready: false, why: "no control head yet" };
    if (this.mesh.policy === undefined) return { ready: false, why: "no policy is active yet" };
    if (this.#signals.head === undefined) return { ready: false, why: "no signals head yet" };
    return { ready: true, why: this.isFresh() ? "fresh" : "stale: holding what was enforced" };
  }

  /** Whether the newest sealed head is within the policy's lease and our sets are the ones it names. */
  isFresh(now?: EdgeReading): boolean {
    const { policy } = this.mesh;
    if (policy === undefined || !this.#isDigestEqual) return false;
    if (this.#control.isBehind || this.#signals.isBehind) return false;
    return this.clock.ageMs(now) <= policy.freshnessLeaseMs;
  }

  /** Indices applied, as receipts carry them. */
  indexOf(ledger: LedgerId): number {
    return this.#follower(ledger).index;
  }

  /** Answers one access from memory. */
  decide(access: Access, now: EdgeReading): Held | HeldLease | undefined {
    return this.denySet.decide(access, this.clock.time(now));
  }

  step(input: SidecarInput, out: Out<SidecarEffect>): void {
    switch (input.type) {
      case "event":
        this.#onEvent(input.event, out);
        break;
      case "verdict":
        this.#follower(input.ledger).holdBytes(input.bytes);
        this.#advance(out);
        break;
      case "head":
        this.#onHead(input.bytes, out);
        break;
      case "ack":
        this.#onAck(input.bytes, out);
        break;
      case "answer":
        this.#onAnswer(input.bytes, out);
        break;
      case "connected":
        this.#askedMs.clear();
        this.courier.resend();
        this.#askForWhatIsMissing(out);
        break;
      case "cursor":
        this.#cursors.set(input.source, input.cursor);
        this.#eventsSinceSave++;
        break;
      case "clock":
        this.#onClock(input.now, out);
        break;
    }
    out.seal.push(...this.courier.flush(this.clock.wallMs));
    if (this.#receiptDue) this.#sendReceipt(out);
  }

  #follower(ledger: LedgerId): LedgerFollower {
    return ledger === Ledger.CONTROL ? this.#control : this.#signals;
  }

  #activeOf(ledger: LedgerId): ActiveSet {
    return this.#active.get(ledger) as ActiveSet;
  }

  // --- scoring ---

  #onEvent(event: Event, out: Out<SidecarEffect>): void {
    this.#eventsSinceSave++;
    this.scoring.score(
      event,
      (lease) => this.#onLease(lease, out),
      (signal) => this.#onSignal(signal, out),
    );
  }

  #onLease(lease: Lease, out: Out<SidecarEffect>): void {
    // Old events, read again or late, must not deny anybody now.
    if (lease.untilMs <= this.clock.wallMs) return;
    const stage = LEASE_STAGES[lease.stage];
    const id = `lease-${this.#o.hostName}-${++this.#leases}`;
    const held = { id, subject: lease.subject, stage, untilMs: lease.untilMs };
    this.denySet.lease(held);
    out.enforce.push({ type: "leased", lease: held, isRenewal: lease.isRenewal });
    const { subject, levelMdb } = lease;
    if (!lease.isRenewal) {
      out.trace.push({ what: "leased", subject, levelMdb, untilMs: lease.untilMs });
    }
  }

  #onSignal(signal: Signal, out: Out<SidecarEffect>): void {
    const { subject, evidenceMdb, levelMdb, reasons } = signal;
    out.trace.push({
      what: signal.recommendedStage === "observe" ? "exempt-evidence" : "signalled",
      subject,
      evidenceMdb,
      levelMdb,
      reasons: reasons.map((r) => `${r.detector}: ${r.seen}`),
    });
    // Shown, never enforced: evidence about an exempt subject stays here.
    if (signal.recommendedStage === "observe") return;
    const { draft, part } = this.scoring.draft(signal, this.clock.wallMs);
    out.persist.push(...this.courier.add(draft, part));
  }

  #onAck(bytes: Bytes, out: Out<SidecarEffect>): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    const writes = this.courier.onAck(this.mesh.view, envelope);
    if (isReject(writes)) out.trace.push({ what: "rejected", kind: "ack", code: writes.reject });
    else out.persist.push(...writes);
    this.#release(out);
  }

  #release(out: Out<SidecarEffect>): void {
    const coordinators = this.mesh.view.coordinatorKeys().length;
    const position = Number(this.#signals.sealer.latest?.head.position ?? 0);
    out.persist.push(...this.courier.release(coordinators, position, this.clock.wallMs));
  }

  // --- heads, entries, resync ---

  #onHead(bytes: Bytes, out: Out<SidecarEffect>): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    for (const ledger of LEDGERS) {
      const sealed = this.#follower(ledger).sealer.take(this.mesh.view, envelope);
      if (sealed === undefined) continue;
      if (!isReject(sealed)) {
        this.clock.onHead(Number(sealed.head.machineTimeMs));
        this.#advance(out);
      } else if (sealed.reject !== "malformed") {
        out.trace.push({ what: "rejected", kind: "head", code: sealed.reject });
      }
    }
  }

  #onAnswer(bytes: Bytes, out: Out<SidecarEffect>): void {
    const response = decode(ResyncResponseSchema, bytes, LIMITS.messageBytesMax);
    if (response === undefined || response.format !== 1) return;
    const head = openSealedHead(this.#o.crypto, this.mesh.view, response.head);
    if (isReject(head) || response.head === undefined) {
      const code = isReject(head) ? head.reject : "malformed";
      out.trace.push({ what: "rejected", kind: "resync", code });
      return;
    }
    const sealed: Sealed = { head, sealed: response.head };
    const ledger = head.ledger === Ledger.CONTROL ? Ledger.CONTROL : Ledger.SIGNALS;
    this.clock.onHead(Number(head.machineTimeMs));
    if (ledger === Ledger.SIGNALS && this.#signals.head === undefined) {
      this.#onActivePage(sealed, response, out);
      return;
    }
    const follower = this.#follower(ledger);
    follower.sealer.adopt(sealed);
    for (const record of response.records) follower.hold(record);
    this.#askedMs.delete(ledgerLetter(ledger));
    this.#advance(out);
  }

  #onActivePage(sealed: Sealed, page: ResyncResponse, out: Out<SidecarEffect>): void {
    if (page.frontier.length > 0 || sealed.head.index === 0n) {
      this.#adoption ??= new ActiveAdoption(this.#o.crypto, sealed, page.frontier);
    }
    const adoption = this.#adoption;
    if (adoption === undefined || adoption.position !== sealed.head.position) return;
    this.#askedMs.delete("s");
    if (!adoption.take(page)) {
      this.#adoption = undefined;
      out.trace.push({ what: "rejected", kind: "resync", code: "wrong-root" });
      return;
    }
    if (page.hasMore) {
      this.#askForWhatIsMissing(out);
      return;
    }
    this.#adoption = undefined;
    const adopted = adoption.complete();
    // Its verdicts are judged by a control ledger that must be here first.
    if (Number(sealed.head.controlIndex) > this.#control.index) return;
    if (adopted === undefined || !this.#signals.adopt(adopted.sealed, adopted.frontier)) {
      out.trace.push({ what: "rejected", kind: "resync", code: "wrong-digest" });
      return;
    }
    for (const followed of adopted.entries) this.#applyVerdict(followed, out);
    this.#persistSignals(out);
    this.#afterHead(this.#signals, out);
  }

  /** Moves both ledgers as far as sealed heads and entries allow; control first. */
  #advance(out: Out<SidecarEffect>): void {
    this.#advanceOne(this.#control, out);
    if (this.#signals.head === undefined) {
      this.#askForWhatIsMissing(out);
      return;
    }
    const target = this.#signals.sealer.latest;
    if (target !== undefined && Number(target.head.controlIndex) > this.#control.index) {
      this.#ask(Ledger.CONTROL, out);
      return;
    }
    this.#advanceOne(this.#signals, out);
  }

  #advanceOne(follower: LedgerFollower, out: Out<SidecarEffect>): void {
    const entries = follower.advance();
    if (entries === undefined) return;
    if (entries === "missing" || entries === "forged") {
      if (entries === "forged") out.trace.push({ what: "rejected", kind: "entry", code: "wrong-root" });
      this.#ask(follower.ledger, out);
      return;
    }
    const isControl = follower.ledger === Ledger.CONTROL;
    for (const followed of entries) {
      if (isControl) this.#applyControl(followed, out);
      else this.#applyVerdict(followed, out);
    }
    if (isControl) this.#persistControl(entries, out);
    else this.#persistSignals(out);
    this.#afterHead(follower, out);
    this.#release(out);
  }

  #applyControl(followed: FollowedEntry, out: Out<SidecarEffect>): void {
    const { entry } = followed;
    const isVerdict = entry.effect.case === "revocation" || entry.effect.case === "lift";
    const fault = isVerdict ? undefined : this.mesh.faultOf(entry, followed.privates);
    if (fault !== undefined) {
      const at = `c:${entry.index}`;
      out.trace.push({ what: "unverified", at, effect: entry.effect.case, code: fault.reject });
    } else this.mesh.apply(entry);
    if (isVerdict) this.#applyVerdict(followed, out);
    const { policy } = this.mesh;
    if (entry.effect.case === "activation" && fault === undefined && policy !== undefined) {
      this.#usePolicy();
      out.trace.push({ what: "policy", epoch: policy.epoch });
    }
  }

  #usePolicy(): void {
    const { policy } = this.mesh;
    if (policy === undefined) return;
    this.scoring.usePolicy(policy, savedScorer(this.#o.store.get("scorer")));
  }

  /** I1: what cannot be recomputed is not enforced, and the receipt says so. */
  #applyVerdict(followed: FollowedEntry, out: Out<SidecarEffect>): void {
    const { entry, privates } = followed;
    const { effect } = entry;
    if (effect.case !== "revocation" && effect.case !== "lift") return;
    const verdict = checkVerdict(this.#o.crypto, this.mesh, entry, privates);
    const ledger = entry.ledger === Ledger.CONTROL ? Ledger.CONTROL : Ledger.SIGNALS;
    const at = `${ledgerLetter(ledger)}:${entry.index}`;
    if (verdict === undefined || isReject(verdict)) {
      const code = isReject(verdict) ? verdict.reject : "malformed";
      out.trace.push({ what: "unverified", at, effect: effect.case, code });
      this.#except(effect.value.id, `not verified: ${code}`);
      return;
    }
    this.#noteActive(ledger, verdict, Number(entry.index), Number(entry.machineTimeMs));
    if (verdict.kind === "lift") this.#lift(verdict, out);
    else this.#enforce(verdict, followed, ledger, out);
    this.#receiptDue = true;
  }

  #enforce(
    { revocation, subject }: CheckedVerdict & { kind: "revocation" },
    { entry, record }: FollowedEntry,
    ledger: LedgerId,
    out: Out<SidecarEffect>,
  ): void {
    const index = Number(entry.index);
    if (ledger === Ledger.SIGNALS) {
      const key = `active/s/${hex(revocation.id)}`;
      this.#storedActive.set(hex(revocation.id), key);
      out.persist.push({ key, value: encode(EntryRecordSchema, record) });
    }
    const held = this.denySet.add(revocation, subject, { ledger, index });
    if (held === undefined) return;
    if (!held.isDryRun && held.stage !== Stage.OBSERVE && !this.#o.stages.has(held.stage)) {
      this.#except(revocation.id, `stage ${held.stage} is more than this host's enforcers can do`);
    }
    out.enforce.push({ type: "enforced", held });
    out.trace.push({ what: "enforced", id: held.id, subject, stage: held.stage });
  }

  #lift(verdict: CheckedVerdict & { kind: "lift" }, out: Out<SidecarEffect>): void {
    const { lift, subject } = verdict;
    for (const held of this.denySet.lift(lift.revocationIds, Number(lift.expiresMs))) {
      out.enforce.push({ type: "ended", held, why: "lifted" });
      out.trace.push({ what: "lifted", id: held.id, subject: held.subject });
      this.#forgetStored(held.id, out);
    }
    this.denySet.endLease(subject);
    const beforeMs = Number(lift.pardonBeforeMs);
    if (beforeMs > 0) {
      this.scoring.scorer?.step(
        { type: "pardon", subject, beforeMs },
        { lease: () => undefined, signal: () => undefined },
      );
    }
  }

  /** Keeps the per-ledger set whose digest the heads name. */
  #noteActive(ledger: LedgerId, verdict: CheckedVerdict, index: number, atMs: number): void {
    const active = this.#activeOf(ledger);
    if (verdict.kind === "revocation") {
      const { id, expiresMs, supersedes } = verdict.revocation;
      active.add(id, Number(expiresMs), atMs);
      for (const superseded of supersedes) active.end(superseded, Number(expiresMs));
      return;
    }
    const { revocationIds, expiresMs } = verdict.lift;
    const untilMs = Number(expiresMs);
    for (const id of revocationIds) active.end(id, untilMs);
    this.#liftsAhead.push({ index, ids: revocationIds, untilMs });
  }

  #afterHead(follower: LedgerFollower, out: Out<SidecarEffect>): void {
    const head = follower.head?.head;
    if (head === undefined) return;
    const active = this.#activeOf(follower.ledger);
    if (follower.ledger === Ledger.SIGNALS) {
      const imported = this.#liftsAhead.filter((l) => l.index <= Number(head.controlIndex));
      for (const { ids, untilMs } of imported) for (const id of ids) active.end(id, untilMs);
      this.#liftsAhead = this.#liftsAhead.filter((l) => !imported.includes(l));
    }
    active.expire(Number(head.machineTimeMs));
    const isEqual = equalBytes(active.digest(), head.activeSetDigest);
    if (!isEqual) {
      const at = `${ledgerLetter(follower.ledger)}:${head.index}`;
      out.trace.push({ what: "digest-differs", at });
    }
    this.#isDigestEqual = isEqual;
  }

  #except(id: Bytes, reason: string): void {
    if (this.#exceptions.size < LIMITS.scopeItemsMax) this.#exceptions.set(hex(id), { id, reason });
    this.#receiptDue = true;
  }

  // --- asking ---

  #askForWhatIsMissing(out: Out<SidecarEffect>): void {
    if (this.#control.head === undefined || this.#control.isBehind) this.#ask(Ledger.CONTROL, out);
    else if (this.#signals.head === undefined || this.#signals.isBehind) {
      this.#ask(Ledger.SIGNALS, out);
    }
    const incarnation = this.courier.unknownIncarnation;
    if (incarnation !== undefined) {
      this.#request("ack", { case: "incarnation", value: incarnation }, Ledger.SIGNALS, out);
    }
  }

  #ask(ledger: LedgerId, out: Out<SidecarEffect>): void {
    const follower = this.#follower(ledger);
    const name = ledgerLetter(ledger);
    if (ledger === Ledger.SIGNALS && follower.head === undefined) {
      const from = BigInt(this.#adoption?.count ?? 0);
      this.#request(name, { case: "activeSetFrom", value: from }, ledger, out);
      return;
    }
    const above = BigInt(follower.heldThrough);
    this.#request(name, { case: "aboveIndex", value: above }, ledger, out);
  }

  #request(
    name: string,
    want: MessageInitShape<typeof ResyncRequestSchema>["want"] & object,
    ledger: LedgerId,
    out: Out<SidecarEffect>,
  ): void {
    const askedMs = this.#askedMs.get(name);
    if (askedMs !== undefined && this.clock.wallMs - askedMs < LIMITS.tickMs) return;
    this.#askedMs.set(name, this.clock.wallMs);
    const bytes = encodeNew(ResyncRequestSchema, {
      format: 1,
      ledger,
      want: want as ResyncRequest["want"],
      hostKey: this.#o.hostKey,
      headPosition: this.#adoption?.position ?? 0n,
    });
    const channel = this.channels.resync(this.#o.hostKey);
    out.publish.push({ channel, bytes, isRequest: true });
  }

  // --- time ---

  #onClock(now: EdgeReading, out: Out<SidecarEffect>): void {
    this.clock.set(now);
    for (const held of this.denySet.expire(this.clock.time())) {
      out.enforce.push({ type: "ended", held, why: "expired" });
      this.#forgetStored(held.id, out);
      this.#exceptions.delete(held.id);
    }
    this.#release(out);
    this.#askForWhatIsMissing(out);
    if (now.wallMs - this.#receiptMs >= LIMITS.heartbeatMs) this.#receiptDue = true;
    if (now.wallMs - this.#savedMs >= SAVE_MS) this.save(out);
  }

  /** Saves baselines and cursors together, so that a crash reads again exactly what was not saved. */
  save(out: Out<SidecarEffect>): void {
    this.#savedMs = this.clock.wallMs;
    const snapshot = this.scoring.scorer?.snapshot();
    if (this.#eventsSinceSave === 0 || snapshot === undefined) return;
    this.#eventsSinceSave = 0;
    const value = getTextEncoding().encodeUtf8(JSON.stringify(snapshot));
    out.persist.push({ key: "scorer", value });
    for (const [source, cursor] of this.#cursors) {
      out.persist.push({ key: `cursor/${source}`, value: cursor });
    }
  }

  #sendReceipt(out: Out<SidecarEffect>): void {
    this.#receiptDue = false;
    if (this.#control.head === undefined || this.#signals.head === undefined) return;
    this.#receiptMs = this.clock.wallMs;
    const { view } = this.mesh;
    const body = encodeNew(ReceiptSchema, {
      format: 1,
      hostKey: this.#o.hostKey,
      incarnation: this.#o.incarnation,
      number: BigInt(++this.#receiptNumber),
      controlIndex: BigInt(this.#control.index),
      signalsIndex: BigInt(this.#signals.index),
      denySetDigest: this.denySet.digest(),
      machineTimeMs: BigInt(this.clock.headMs),
      timeMs: BigInt(this.clock.wallMs),
      epoch: view.epoch,
      rosterVersion: view.rosterVersion,
      exceptions: [...this.#exceptions.values()].map((e) => ({
        revocationId: e.id,
        reason: e.reason,
      })),
      isFresh: this.isFresh(),
    });
    out.seal.push({ kind: "receipt", body, channel: this.channels.receipts(this.#o.hostKey) });
  }

  // --- store ---

  #persistControl(entries: readonly FollowedEntry[], out: Out<SidecarEffect>): void {
    for (const { entry, record } of entries) {
      const key = `control/${orderedKey(Number(entry.index))}`;
      out.persist.push({ key, value: encode(EntryRecordSchema, record) });
    }
    this.#persistHead(this.#control, out);
  }

  #persistSignals(out: Out<SidecarEffect>): void {
    out.persist.push({ key: "frontier/s", value: this.#signals.frontierState });
    this.#persistHead(this.#signals, out);
  }

  #persistHead(follower: LedgerFollower, out: Out<SidecarEffect>): void {
    const sealed = follower.head?.sealed;
    if (sealed === undefined) return;
    const key = `sealed/${ledgerLetter(follower.ledger)}`;
    out.persist.push({ key, value: encode(SealedHeadSchema, sealed) });
  }

  #forgetStored(id: string, out: Out<SidecarEffect>): void {
    const key = this.#storedActive.get(id);
    if (key === undefined) return;
    this.#storedActive.delete(id);
    out.persist.push({ key });
  }

  #storedHead(ledger: LedgerId): Sealed | undefined {
    const bytes = this.#o.store.get(`sealed/${ledgerLetter(ledger)}`);
    const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
    const head = sealed && openSealedHead(this.#o.crypto, this.mesh.view, sealed);
    return sealed === undefined || head === undefined || isReject(head)
      ? undefined
      : { head, sealed };
  }

  #openControl(out: Out<SidecarEffect>): void {
    const sealed = this.#storedHead(Ledger.CONTROL);
    if (sealed === undefined) return;
    for (const [, bytes] of this.#o.store.scan("control/")) this.#control.holdBytes(bytes);
    this.#control.sealer.adopt(sealed);
    this.clock.onHead(Number(sealed.head.machineTimeMs));
    const entries = this.#control.advance();
    if (!Array.isArray(entries)) return;
    for (const followed of entries) this.#applyControl(followed, out);
    this.#afterHead(this.#control, out);
    this.#usePolicy();
  }

  #openSignals(out: Out<SidecarEffect>): void {
    const sealed = this.#storedHead(Ledger.SIGNALS);
    const state = this.#o.store.get("frontier/s");
    const frontier = state && Frontier.ofState(this.#o.crypto, state);
    if (sealed === undefined || !this.#signals.adopt(sealed, frontier)) return;
    this.clock.onHead(Number(sealed.head.machineTimeMs));
    const entries: FollowedEntry[] = [];
    for (const [, bytes] of this.#o.store.scan("active/s/")) {
      const followed = followedOf(bytes);
      if (followed !== undefined) entries.push(followed);
    }
    entries.sort((a, b) => Number(a.entry.index - b.entry.index));
    for (const followed of entries) this.#applyVerdict(followed, out);
    this.#afterHead(this.#signals, out);
  }
}

const LEASE_STAGES = {
  "step-up": Stage.STEP_UP,
  throttle: Stage.THROTTLE,
  suspend: Stage.SUSPEND,
} as const;

function savedScorer(bytes: Bytes | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(getTextEncoding().decodeUtf8(bytes));
  } catch {
    // A snapshot that cannot be read costs baselines, not safety: score from nothing.
    return undefined;
  }
}

function followedOf(bytes: Bytes): FollowedEntry | undefined {
  const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
  const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
  if (record === undefined || entry === undefined) return undefined;
  return { entry, privates: record.privates, record };
}
