// I5: bounded and convergent. After faults have stopped, every host holds exactly what the ledgers
// say is in force for it; a lift is final wherever it was heard; everything expires; repeats
// change nothing.

import {
  decode,
  equalBytes,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  parseSubject,
  SignalSchema,
  type SubjectText,
} from "@ostraka/proto";
import { nameIn } from "../truth.ts";
import type { SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

/** Verdicts that expire this close to now may stand on either side. */
const EDGE_MS = 4_000;
/** How far a host's own clock may run ahead between two heads. */
const AHEAD_MS = 2_000;

interface InForce {
  readonly id: string;
  readonly expiresMs: number;
  readonly hosts: readonly string[];
}

export class ConvergenceChecker extends Checker {
  readonly invariant = "I5";
  #spentThrough = 1;
  readonly #spent = new Map<string, string>();
  readonly #ids = new Set<string>();

  override sample(): void {
    this.#checkSpent();
    const lifts = this.#lifts();
    for (const sidecar of this.watch.stand().started) {
      const { node, person } = sidecar;
      if (node === undefined) continue;
      const index = node.indexOf(Ledger.CONTROL);
      for (const held of node.denySet.all()) {
        const lift = lifts.get(`${held.id}/${held.subject}`);
        if (lift !== undefined && lift <= index) {
          this.watch.report(`${person.name} holds ${held.id}, which c:${lift} has lifted`);
        }
        this.#checkExpiry(sidecar, held.id, held.subject, held.expiresMs);
        this.#checkReach(sidecar, held.ledger, held.index);
      }
    }
  }

  /** A dry run denies nothing, and a verdict that widens nothing on a host before its step. */
  #checkReach({ node, person }: SimSidecar, ledger: LedgerId, index: number): void {
    const { truth } = this.watch;
    const found = truth.entries(ledger)[index];
    if (node === undefined || found?.entry.effect.case !== "revocation") return;
    const { value } = found.entry.effect;
    if (!value.isDryRun && value.widening.length === 0) return;
    const sidecar = truth.world.sidecars.find((s) => s.person === person) as SimSidecar;
    const subject = parseSubject(nameIn(found.record)) as SubjectText;
    const denial = node.decide({ subjects: [subject] }, truth.world.reading(sidecar));
    if (denial?.id !== hex(value.id)) return;
    if (value.isDryRun) this.watch.report(`${person.name} denies by ${denial.id}, a dry run`);
    const hash = truth.world.sim.crypto.sha256(value.id, person.signer.publicKey);
    const share = new DataView(hash.buffer, hash.byteOffset).getUint32(0) % 1_000;
    const step = value.widening.find(({ permille }) => share < permille);
    const fromMs = Number(found.entry.machineTimeMs) + Number(step?.afterMs ?? 0n);
    if (step !== undefined && fromMs > truth.machineMsMax() + AHEAD_MS) {
      this.watch.report(`${person.name} denies by ${denial.id} before its step`);
    }
  }

  /** Never a denial past its expiry by more than the slack of a wall clock. */
  #checkExpiry(
    { node, person }: SimSidecar,
    id: string,
    subject: Parameters<NonNullable<SimSidecar["node"]>["decide"]>[0]["subjects"][number],
    expiresMs: number,
  ): void {
    const { world } = this.watch.truth;
    const sidecar = world.sidecars.find((s) => s.person === person) as SimSidecar;
    const denial = node?.decide({ subjects: [subject] }, world.reading(sidecar));
    const isOver = expiresMs + LIMITS.expirySlackMs <= world.wallMs(sidecar);
    if (isOver && denial?.id === id)
      this.watch.report(`${person.name} denies by ${id}, long expired`);
  }

  /**
   * Index of the lift or the superseding entry of each id ended early, by id and subject, as the
   * control ledger says: in another subject's name nothing ends.
   */
  #lifts(): Map<string, number> {
    const lifts = new Map<string, number>();
    for (const { entry, record } of this.watch.truth.entries(Ledger.CONTROL).slice(1)) {
      const { effect } = entry;
      const ended =
        effect.case === "lift"
          ? effect.value.revocationIds
          : effect.case === "revocation"
            ? effect.value.supersedes
            : [];
      for (const id of ended) {
        const name = `${hex(id)}/${nameIn(record)}`;
        if (!lifts.has(name)) lifts.set(name, Number(entry.index));
      }
    }
    return lifts;
  }

  /** A signal is spent by the first revocation that uses it; one id stands once. */
  #checkSpent(): void {
    const entries = this.watch.truth.entries(Ledger.SIGNALS);
    for (const { entry } of entries.slice(this.#spentThrough)) {
      if (entry.effect.case !== "revocation") continue;
      const { id, warrant } = entry.effect.value;
      if (this.#ids.has(hex(id))) this.watch.report(`revocation ${hex(id)} was entered twice`);
      this.#ids.add(hex(id));
      for (const proof of warrant?.signals ?? []) {
        const signal = decode(SignalSchema, proof.signal, LIMITS.signalBytesMax);
        const name = `${hex(signal?.incarnation ?? id)}/${signal?.number}`;
        const by = this.#spent.get(name);
        if (by !== undefined) this.watch.report(`a signal of ${by} is spent again by ${hex(id)}`);
        this.#spent.set(name, hex(id));
      }
    }
    this.#spentThrough = Math.max(this.#spentThrough, entries.length);
  }

  override atRest(): void {
    if (!this.watch.stand().canDecide) return;
    const expected = this.#inForce();
    for (const sidecar of this.watch.stand().started) this.#checkHost(sidecar, expected);
  }

  #machineMs(): number {
    const { truth } = this.watch;
    return Math.max(...LEDGERS.map((l) => Number(truth.sealed(l).at(-1)?.head.machineTimeMs ?? 0)));
  }

  #inForce(): InForce[] {
    const lifts = this.#lifts();
    const found: InForce[] = [];
    for (const ledger of LEDGERS) {
      for (const { entry, record } of this.watch.truth.entries(ledger).slice(1)) {
        if (entry.effect.case !== "revocation") continue;
        const { id, expiresMs, scope } = entry.effect.value;
        if (lifts.has(`${hex(id)}/${nameIn(record)}`)) continue;
        found.push({ id: hex(id), expiresMs: Number(expiresMs), hosts: scope?.hosts ?? [] });
      }
    }
    return found;
  }

  #checkHost({ node, person }: SimSidecar, expected: readonly InForce[]): void {
    const { name } = person;
    if (node === undefined) {
      this.watch.report(`${name} does not run`);
      return;
    }
    const readiness = node.readiness();
    if (!readiness.ready) {
      this.watch.report(`${name} is not ready: ${readiness.why}`);
      return;
    }
    if (!node.isFresh()) this.watch.report(`${name} is stale, or its set is not the heads'`);
    const nowMs = this.#machineMs();
    const held = new Set([...node.denySet.all()].map((h) => h.id));
    for (const { id, expiresMs, hosts } of expected) {
      const isHere = hosts.length === 0 || hosts.includes(name);
      const isSure = Math.abs(expiresMs - nowMs) > EDGE_MS;
      const should = isHere && expiresMs > nowMs;
      if (isSure && should && !held.has(id)) this.watch.report(`${name} does not enforce ${id}`);
      if (isSure && !should && held.has(id)) this.watch.report(`${name} still enforces ${id}`);
      held.delete(id);
    }
    for (const id of held) this.watch.report(`${name} enforces ${id}, which is not in force`);
    const last = this.watch.truth.entries(Ledger.CONTROL).length - 1;
    // Nobody takes a receipt of one that is expelled.
    if (this.watch.truth.rosters.isExpelled(person, last)) return;
    this.#checkReceipt(name, node.denySet.digest());
  }

  /** The middle has a receipt of what the host holds. */
  #checkReceipt(name: string, digest: Uint8Array): void {
    const { world } = this.watch.truth;
    const host = world.sim.hosts.find((h) => h.name === name);
    const [coordinator] = this.watch.truth.wholeCoordinators();
    const receipt = host && coordinator?.node?.receipts.of(host.signer.publicKey)?.receipt;
    if (receipt === undefined) {
      this.watch.report(`${name} has proven nothing`);
      return;
    }
    const isEdge = this.#inForce().some(
      (v) => Math.abs(v.expiresMs - this.#machineMs()) <= EDGE_MS,
    );
    if (!isEdge && !equalBytes(receipt.denySetDigest, digest)) {
      this.watch.report(`${name} has proven another deny set than it holds`);
    }
  }

  override atExpiry(): void {
    if (!this.watch.stand().canDecide) return;
    for (const { node, person } of this.watch.stand().started) {
      if (node !== undefined && node.denySet.size > 0) {
        this.watch.report(
          `${person.name} holds ${node.denySet.size} revocations after their expiry`,
        );
      }
    }
    for (const { node, person } of this.watch.truth.wholeCoordinators()) {
      const active = LEDGERS.reduce((sum, ledger) => sum + (node?.status(ledger).active ?? 0), 0);
      if (active > 0)
        this.watch.report(`${person.name} keeps ${active} revocations in force for ever`);
    }
  }
}
