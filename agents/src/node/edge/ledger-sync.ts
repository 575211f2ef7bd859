// Keeps a sidecar's two ledgers at their sealed heads: follows what is published, asks for what is
// missing, adopts an active set as a newcomer, and comes back from the store. Control first,
// always: the signals ledger is judged by what control has made.

import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Bytes,
  type Crypto,
  decode,
  EntryRecordSchema,
  EntrySchema,
  EnvelopeSchema,
  encode,
  encodeNew,
  equalBytes,
  Frontier,
  type Head,
  isReject,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  type ResyncRequest,
  ResyncRequestSchema,
  type ResyncResponse,
  ResyncResponseSchema,
  SealedHeadSchema,
} from "@ostraka/proto";
import { type Out, orderedKey, type Store } from "../../kernel/index.ts";
import { openSealedHead, type Sealed } from "../../sealer/index.ts";
import type { Mesh } from "../mesh.ts";
import { ActiveAdoption } from "./active-adoption.ts";
import type { EdgeClock } from "./edge-clock.ts";
import { EdgeErasure } from "./edge-erasure.ts";
import type { EdgeVerdicts, SidecarEffect } from "./edge-verdicts.ts";
import { type FollowedEntry, LedgerFollower } from "./ledger-follower.ts";

type EdgeOut = Out<SidecarEffect>;

export interface LedgerSyncOptions {
  readonly crypto: Crypto;
  readonly mesh: Mesh;
  readonly verdicts: EdgeVerdicts;
  readonly clock: EdgeClock;
  readonly store: Store;
  readonly hostKey: Bytes;
  /** Channel of this host's requests. */
  readonly channel: string;
  /** Told of a policy activation. */
  readonly onPolicy: () => void;
  /** Told of an inquiry that stands under a sealed head. */
  readonly onInquiry: (followed: FollowedEntry, out: EdgeOut) => void;
}

/** An active set whose next page does not come for this long is begun again. */
const ADOPTION_MS = 5 * LIMITS.tickMs;

const UNHURRIED: ReadonlySet<string> = new Set(["coverage", "probe"]);

/** Entries that may bring another epoch in. */
const POLICY_EFFECTS: ReadonlySet<string> = new Set(["activation", "rolloutChange"]);

export class LedgerSync {
  readonly control: LedgerFollower;
  readonly signals: LedgerFollower;
  readonly #o: LedgerSyncOptions;
  readonly #erasure: EdgeErasure;
  /** When each thing was last asked for, so that one question is asked once a tick. */
  readonly #askedMs = new Map<string, number>();
  /** Heads that are in the store. */
  readonly #storedHeads = new Map<LedgerId, Head>();
  #adoption: ActiveAdoption | undefined;
  /** Control entries applied that nobody waits to see shown. */
  #unhurried = 0;
  /** When the last page of an active set came. */
  #pageMs = 0;

  constructor(options: LedgerSyncOptions) {
    this.#o = options;
    this.#erasure = new EdgeErasure(options.store);
    this.control = new LedgerFollower(options.crypto, Ledger.CONTROL);
    this.signals = new LedgerFollower(options.crypto, Ledger.SIGNALS);
  }

  of(ledger: LedgerId): LedgerFollower {
    return ledger === Ledger.CONTROL ? this.control : this.signals;
  }

  /**
   * What of control a receipt is owed for at once: certificates and probes ride with the heartbeat,
   * or each verdict would bring two receipts of every host.
   */
  get hurriedIndex(): number {
    return this.control.index - this.#unhurried;
  }

  /** Whether a sealed head is known above what has been applied. */
  get isBehind(): boolean {
    return this.control.isBehind || this.signals.isBehind;
  }

  /**
   * Comes back from the store. What the newer of both heads has ended is not enforced once more:
   * control is read under its own head, which may be the older one.
   */
  open(out: EdgeOut): void {
    const { verdicts, clock } = this.#o;
    this.#erasure.open();
    this.#openControl(out);
    this.#openSignals(out);
    verdicts.expire(clock.time(), out);
    verdicts.settle(out);
  }

  onConnected(out: EdgeOut): void {
    this.#askedMs.clear();
    this.#adoption = undefined;
    this.askForWhatIsMissing(out);
  }

  onVerdict(ledger: LedgerId, bytes: Bytes, out: EdgeOut): void {
    this.of(ledger).holdBytes(bytes);
    this.#advance(out);
  }

  onHead(bytes: Bytes, out: EdgeOut): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    for (const ledger of LEDGERS) {
      const sealed = this.of(ledger).sealer.take(this.#o.mesh.view, envelope);
      if (sealed === undefined) continue;
      if (!isReject(sealed)) {
        this.#o.clock.onHead(Number(sealed.head.machineTimeMs));
        this.#advance(out);
      } else if (sealed.reject !== "malformed") {
        out.trace.push({ what: "rejected", kind: "head", code: sealed.reject });
      }
    }
  }

  onAnswer(bytes: Bytes, out: EdgeOut): void {
    const response = decode(ResyncResponseSchema, bytes, LIMITS.messageBytesMax);
    if (response === undefined || response.format !== 1 || response.head === undefined) return;
    const head = openSealedHead(this.#o.crypto, this.#o.mesh.view, response.head);
    if (isReject(head)) {
      out.trace.push({ what: "rejected", kind: "resync", code: head.reject });
      return;
    }
    const sealed: Sealed = { head, sealed: response.head };
    const ledger = head.ledger === Ledger.CONTROL ? Ledger.CONTROL : Ledger.SIGNALS;
    this.#o.clock.onHead(Number(head.machineTimeMs));
    if (ledger === Ledger.SIGNALS && this.signals.head === undefined) {
      this.#askedMs.delete(ledgerLetter(ledger));
      this.#onActivePage(sealed, response, out);
      return;
    }
    const follower = this.of(ledger);
    const heldThrough = follower.heldThrough;
    follower.sealer.adopt(sealed);
    for (const record of response.records) follower.hold(record);
    this.#advancePage(follower, sealed, response, out);
    this.#advance(out);
    // Only an answer that brought something is followed by the next question at once: a coordinator
    // with entries of another history would be asked for them again and again, as fast as it
    // answers.
    if (follower.heldThrough === heldThrough) return;
    this.#askedMs.delete(ledgerLetter(ledger));
    this.askForWhatIsMissing(out);
  }

  askForWhatIsMissing(out: EdgeOut): void {
    const named = Number(this.signals.sealer.latest?.head.controlIndex ?? 0);
    const isControlBehind = this.control.isBehind || named > this.control.index;
    if (this.control.head === undefined || isControlBehind) this.#ask(Ledger.CONTROL, out);
    else if (this.signals.head === undefined || this.signals.isBehind) {
      this.#ask(Ledger.SIGNALS, out);
    }
  }

  /** Forgets a little of what is over, at a clock input. */
  forget(out: EdgeOut): void {
    const { head } = this.control;
    if (head === undefined) return;
    this.#erasure.work(this.#o.mesh.view, Number(head.head.machineTimeMs), out);
  }

  /** Asks what an earlier incarnation of this host got through. */
  askForIncarnation(incarnation: Bytes, out: EdgeOut): void {
    this.#request("ack", { case: "incarnation", value: incarnation }, Ledger.SIGNALS, out);
  }

  #onActivePage(sealed: Sealed, page: ResyncResponse, out: EdgeOut): void {
    if (page.frontier.length > 0 || sealed.head.index === 0n) {
      this.#adoption ??= new ActiveAdoption(this.#o.crypto, sealed, page.frontier);
    }
    this.#pageMs = this.#o.clock.monoMs;
    const adoption = this.#adoption;
    if (adoption === undefined || adoption.position !== sealed.head.position) return;
    if (!adoption.take(page)) {
      this.#adoption = undefined;
      out.trace.push({ what: "rejected", kind: "resync", code: "wrong-root" });
      return;
    }
    if (page.hasMore) {
      this.askForWhatIsMissing(out);
      return;
    }
    this.#adoption = undefined;
    // Its verdicts are judged by a control ledger that must be here first.
    if (Number(sealed.head.controlIndex) > this.control.index) return;
    const adopted = adoption.complete();
    if (adopted === undefined || !this.signals.adopt(adopted.sealed, adopted.frontier)) {
      out.trace.push({ what: "rejected", kind: "resync", code: "wrong-digest" });
      return;
    }
    this.#applyRun(this.signals, adopted.entries, out);
    this.#persistHead(this.signals, out);
    this.#o.verdicts.onHead(this.signals, out);
  }

  /**
   * Applies a page that ends below its head: what is long must not have to fit into memory whole.
   */
  #advancePage(
    follower: LedgerFollower,
    sealed: Sealed,
    { records, consistency }: ResyncResponse,
    out: EdgeOut,
  ): void {
    const last = records.at(-1);
    const entry = last && decode(EntrySchema, last.entry, LIMITS.entryBytesMax);
    if (entry === undefined || consistency.length === 0) return;
    if (Number(sealed.head.controlIndex) > this.control.index && follower === this.signals) return;
    const entries = follower.advancePage(sealed, Number(entry.index), consistency);
    if (entries === undefined) return;
    if (entries === "forged") {
      out.trace.push({ what: "rejected", kind: "entry", code: "wrong-root" });
      return;
    }
    this.#applyRun(follower, entries, out);
  }

  /** Moves both ledgers as far as sealed heads and entries allow. */
  #advance(out: EdgeOut): void {
    this.#advanceOne(this.control, out);
    if (this.signals.head === undefined) {
      this.askForWhatIsMissing(out);
      return;
    }
    const target = this.signals.sealer.latest;
    if (target !== undefined && Number(target.head.controlIndex) > this.control.index) return;
    this.#advanceOne(this.signals, out);
  }

  #advanceOne(follower: LedgerFollower, out: EdgeOut): void {
    const entries = follower.advance();
    // What is missing is mostly on its way, behind its head; the next clock input asks for the
    // rest.
    if (entries === undefined || entries === "missing") return;
    if (entries === "forged") {
      out.trace.push({ what: "rejected", kind: "entry", code: "wrong-root" });
      this.#ask(follower.ledger, out);
      return;
    }
    this.#applyRun(follower, entries, out);
    this.#persistHead(follower, out);
    this.#o.verdicts.onHead(follower, out);
  }

  #applyRun(follower: LedgerFollower, entries: readonly FollowedEntry[], out: EdgeOut): void {
    for (const followed of entries) {
      if (follower === this.control) this.#applyControl(followed, out);
      else if (followed.entry.effect.case === "inquiry") this.#o.onInquiry(followed, out);
      else this.#o.verdicts.apply(followed, out);
    }
    this.#o.verdicts.settle(out);
    if (follower === this.signals) return;
    for (const { entry, record } of entries) {
      const key = `control/${orderedKey(Number(entry.index))}`;
      out.persist.push({ key, value: encode(EntryRecordSchema, record) });
    }
    for (const { entry } of entries) {
      if (entry.effect.case !== "erasure") continue;
      this.#erasure.note(entry.effect.value.commitments, Number(entry.index), out);
    }
  }

  #applyControl(followed: FollowedEntry, out: EdgeOut): void {
    const { entry, privates } = followed;
    const { mesh, verdicts } = this.#o;
    const isVerdict = entry.effect.case === "revocation" || entry.effect.case === "lift";
    const isTaken = isVerdict || followed.isStripped === true;
    const fault = isTaken ? undefined : mesh.faultOf(entry, privates);
    if (fault === undefined) mesh.apply(entry);
    else {
      const at = `c:${entry.index}`;
      out.trace.push({ what: "unverified", at, effect: entry.effect.case, code: fault.reject });
    }
    if (UNHURRIED.has(entry.effect.case ?? "")) this.#unhurried++;
    const isHalt = entry.effect.case === "halt" && fault === undefined;
    if (isVerdict || isHalt) verdicts.apply(followed, out);
    // A host that has just become a member may be of a running canary.
    const { effect } = entry;
    const isOurs = effect.case === "member" && equalBytes(effect.value.hostKey, this.#o.hostKey);
    if (isOurs && fault === undefined) this.#o.onPolicy();
    if (POLICY_EFFECTS.has(entry.effect.case ?? "") && fault === undefined) {
      this.#o.onPolicy();
      out.trace.push({ what: "policy", epoch: mesh.epochOf(this.#o.hostKey) });
    }
  }

  #ask(ledger: LedgerId, out: EdgeOut): void {
    const follower = this.of(ledger);
    const name = ledgerLetter(ledger);
    if (ledger === Ledger.SIGNALS && follower.head === undefined) {
      // Who served the first pages may have forgotten them: begin again with a newer head.
      if (this.#o.clock.monoMs - this.#pageMs > ADOPTION_MS) this.#adoption = undefined;
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
    out: EdgeOut,
  ): void {
    const { monoMs } = this.#o.clock;
    const askedMs = this.#askedMs.get(name);
    if (askedMs !== undefined && monoMs - askedMs < LIMITS.tickMs) return;
    this.#askedMs.set(name, monoMs);
    const bytes = encodeNew(ResyncRequestSchema, {
      format: 1,
      ledger,
      want: want as ResyncRequest["want"],
      hostKey: this.#o.hostKey,
      headPosition: this.#adoption?.position ?? 0n,
    });
    out.publish.push({ channel: this.#o.channel, bytes, isRequest: true });
  }

  /**
   * Heads in whose time alone something is new wait for the next rows, or for `saveHeads`: a
   * restart takes them up from the mesh, and ten thousand hosts need not sync their disks each
   * second.
   */
  #persistHead(follower: LedgerFollower, out: EdgeOut): void {
    const head = follower.head?.head;
    if (head === undefined) return;
    const stored = this.#storedHeads.get(follower.ledger);
    if (stored === undefined || !isSameButTime(stored, head)) this.#saveHead(follower, out);
  }

  /** Writes heads newer than the stored ones. Called with whatever rows are written. */
  saveHeads(out: EdgeOut): void {
    for (const ledger of LEDGERS) {
      const follower = this.of(ledger);
      if (follower.head?.head !== this.#storedHeads.get(ledger)) this.#saveHead(follower, out);
    }
  }

  /** A head and the right edge of its tree are kept together: they come back together or not. */
  #saveHead(follower: LedgerFollower, out: EdgeOut): void {
    const { head, ledger, index } = follower;
    // Between the pages of what is long the edge is ahead of the head.
    if (head === undefined || index !== Number(head.head.index)) return;
    this.#storedHeads.set(ledger, head.head);
    if (follower === this.signals) {
      out.persist.push({ key: "frontier/s", value: this.signals.frontierState });
    }
    const key = `sealed/${ledgerLetter(ledger)}`;
    out.persist.push({ key, value: encode(SealedHeadSchema, head.sealed) });
  }

  #storedHead(ledger: LedgerId): Sealed | undefined {
    const { crypto, mesh, store } = this.#o;
    const bytes = store.get(`sealed/${ledgerLetter(ledger)}`);
    const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
    const head = sealed && openSealedHead(crypto, mesh.view, sealed);
    const isGood = sealed !== undefined && head !== undefined && !isReject(head);
    return isGood ? { head, sealed } : undefined;
  }

  #openControl(out: EdgeOut): void {
    const sealed = this.#storedHead(Ledger.CONTROL);
    if (sealed === undefined) return;
    for (const [key, bytes] of this.#o.store.scan("control/")) {
      // Above the head lies what a page brought before a crash: it is fetched again.
      if (Number(key.slice(-16)) <= Number(sealed.head.index)) this.control.holdStored(bytes);
    }
    this.control.sealer.adopt(sealed);
    this.#o.clock.onHead(Number(sealed.head.machineTimeMs));
    const entries = this.control.advance();
    if (!Array.isArray(entries)) return;
    for (const followed of entries) this.#applyControl(followed, out);
    this.#o.verdicts.settle(out);
    this.#o.verdicts.onHead(this.control, out);
  }

  #openSignals(out: EdgeOut): void {
    const { crypto, store, verdicts, clock } = this.#o;
    const sealed = this.#storedHead(Ledger.SIGNALS);
    const state = store.get("frontier/s");
    const frontier = state && Frontier.ofState(crypto, state);
    if (sealed === undefined || !this.signals.adopt(sealed, frontier)) return;
    clock.onHead(Number(sealed.head.machineTimeMs));
    for (const followed of verdicts.stored(store)) verdicts.apply(followed, out);
    verdicts.onHead(this.signals, out);
  }
}

/** Whether a restart from the one head would find all that the other names, but for its time. */
function isSameButTime(one: Head, other: Head): boolean {
  return (
    one.generation === other.generation &&
    one.index === other.index &&
    one.controlIndex === other.controlIndex &&
    equalBytes(one.activeSetDigest, other.activeSetDigest)
  );
}
