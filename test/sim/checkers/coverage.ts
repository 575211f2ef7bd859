// I8 of certificates: an honest coordinator calls no host covered that has not shown a receipt past
// the verdict; and what every host has shown is certified soon after.

import {
  type Coverage,
  CoverageClaimSchema,
  decode,
  type Entry,
  EnvelopeSchema,
  hex,
  LEDGERS,
  Ledger,
  LIMITS,
  type Receipt,
  ReceiptSchema,
} from "@ostraka/proto";
import { signersOf } from "../signers.ts";
import type { HostPerson } from "../sim-mesh.ts";
import { Checker } from "./checker.ts";

/** A claim that is on its way does not know who joined meanwhile. */
const JOINED_MS = 3_000;
/** The turns of three coordinators and the way there, without faults. */
const CERTIFIED_MS = 10_000;

interface Verdict {
  readonly ledger: number;
  readonly index: number;
  readonly hosts: readonly string[];
}

export class CoverageChecker extends Checker {
  readonly invariant = "I8";
  /** Receipts as they were let out, by host, with the true time of it. */
  readonly #receipts = new Map<string, { receipt: Receipt; atMs: number }[]>();
  readonly #joinedMs = new Map<string, number>();
  readonly #certified = new Set<string>();
  #through = 1;

  override onPublish(from: string, channel: string, bytes: Uint8Array): void {
    const { world } = this.watch.truth;
    if (!channel.startsWith(world.channels.receiptsAll.slice(0, -1))) return;
    if (!world.sidecars.some((s) => s.person.name === from)) return;
    const envelope = decode(EnvelopeSchema, Uint8Array.from(bytes), LIMITS.messageBytesMax);
    const receipt = envelope && decode(ReceiptSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    if (receipt === undefined) return;
    const shown = this.#receipts.get(from) ?? [];
    shown.push({ receipt, atMs: world.time.nowMs });
    this.#receipts.set(from, shown);
  }

  override sample(): void {
    const entries = this.watch.truth.entries(Ledger.CONTROL);
    for (const { entry } of entries.slice(this.#through)) {
      const { effect } = entry;
      if (effect.case === "member") {
        this.#joinedMs.set(effect.value.name, Number(entry.machineTimeMs));
      }
      if (effect.case === "coverage") this.#check(entry, effect.value);
    }
    this.#through = Math.max(this.#through, entries.length);
  }

  #check(entry: Entry, { claim, verdictId, missingHostKeys }: Coverage): void {
    const { truth } = this.watch;
    const at = `c:${entry.index}`;
    const [signer] = signersOf(truth, "coverage", claim, truth.world.sim.coordinators);
    const said = claim && decode(CoverageClaimSchema, claim.body, LIMITS.envelopeBodyBytesMax);
    if (signer === undefined || said === undefined) {
      this.watch.report(`${at} certifies what no coordinator has claimed`);
      return;
    }
    this.#certified.add(hex(verdictId));
    // A coordinator that lies may say what it likes: it stands under its own signature.
    if (signer === this.watch.stand().liar) return;
    const verdict = this.#verdictAt(said.ledger, Number(said.index), verdictId);
    if (verdict === undefined) {
      this.watch.report(`${at} certifies a verdict that is none`);
      return;
    }
    const missing = new Set(missingHostKeys.map(hex));
    const asked = this.#asked(verdict, Number(entry.index)).filter(
      ({ name }) => (this.#joinedMs.get(name) ?? 0) + JOINED_MS < Number(entry.machineTimeMs),
    );
    const unproven = asked.filter(
      (host) =>
        !missing.has(hex(host.signer.publicKey)) && !this.#hasShown(host, verdict, verdictId),
    );
    // It may not know of all of them yet, and says so by their number.
    if (unproven.length > Math.max(0, asked.length - said.hosts)) {
      const names = unproven.map(({ name }) => name).join(", ");
      this.watch.report(`${at} calls ${names} covered, which has shown nothing`);
    }
  }

  #verdictAt(ledger: Ledger, index: number, id: Uint8Array): Verdict | undefined {
    const known = LEDGERS.find((l) => l === ledger);
    const effect = known && this.watch.truth.entries(known)[index]?.entry.effect;
    // One that no majority has sealed yet: the claim is early, not wrong.
    if (effect === undefined) return { ledger, index, hosts: [] };
    if (effect.case !== "revocation" && effect.case !== "lift") return undefined;
    if (hex(effect.value.id) !== hex(id)) return undefined;
    const hosts = effect.case === "revocation" ? (effect.value.scope?.hosts ?? []) : [];
    return { ledger, index, hosts };
  }

  /** Hosts that a verdict is for: members, not expelled. */
  #asked({ hosts }: Verdict, controlIndex: number): HostPerson[] {
    const { rosters, world } = this.watch.truth;
    return world.sim.hosts.filter(
      (host) =>
        this.#joinedMs.has(host.name) &&
        (hosts.length === 0 || hosts.includes(host.name)) &&
        !rosters.isExpelled(host, controlIndex),
    );
  }

  /** @param untilMs true time by which it has. */
  #hasShown(
    { name }: HostPerson,
    { ledger, index }: Verdict,
    id: Uint8Array,
    untilMs = Number.POSITIVE_INFINITY,
  ): boolean {
    return (this.#receipts.get(name) ?? []).some(({ receipt, atMs }) => {
      const at = ledger === Ledger.CONTROL ? receipt.controlIndex : receipt.signalsIndex;
      return atMs <= untilMs && Number(at) >= index && !doesExcept(receipt, id);
    });
  }

  /** Whether it has said since that it does not enforce it: its step may have come. */
  #excepts({ name }: HostPerson, id: Uint8Array): boolean {
    const last = this.#receipts.get(name)?.at(-1);
    return last !== undefined && doesExcept(last.receipt, id);
  }

  override atRest(): void {
    const { truth, stand } = this.watch;
    if (!stand().canDecide) return;
    const control = truth.entries(Ledger.CONTROL);
    if (!truth.epochs.isVersion2At(control.length - 1)) return;
    const untilMs = truth.world.time.nowMs - CERTIFIED_MS;
    for (const ledger of LEDGERS) {
      for (const { entry } of truth.entries(ledger).slice(1)) {
        const { effect } = entry;
        if (effect.case !== "revocation" && effect.case !== "lift") continue;
        const verdict = this.#verdictAt(ledger, Number(entry.index), effect.value.id) as Verdict;
        const asked = this.#asked(verdict, control.length - 1);
        const { id } = effect.value;
        if (this.#certified.has(hex(id))) continue;
        const isShown = (host: HostPerson) =>
          this.#hasShown(host, verdict, id, untilMs) && !this.#excepts(host, id);
        if (asked.every(isShown)) {
          this.watch.report(`nobody certifies ${hex(id)}, which all hosts have shown`);
        }
      }
    }
  }
}

function doesExcept({ exceptions }: Receipt, id: Uint8Array): boolean {
  return exceptions.some(
    ({ revocationId }) => revocationId.length === 0 || hex(revocationId) === hex(id),
  );
}
