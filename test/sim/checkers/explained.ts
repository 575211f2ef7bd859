// I10: every effect is explained. From what each host denies one can walk back over what
// coordinators have stored: verdict, warrant, signals, the reasons with their counts, the policy of
// the epoch, the sealed index.

import {
  decode,
  EntryRecordSchema,
  equalBytes,
  hex,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  type PrivatePart,
  PrivateSubjectSchema,
  ProposalSchema,
  SignalSchema,
} from "@ostraka/proto";
import { judge } from "../warrant.ts";
import type { SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

export class ExplainedChecker extends Checker {
  readonly invariant = "I10";

  override atRest(): void {
    const { stand } = this.watch;
    if (!stand().canDecide) return;
    for (const sidecar of stand().started) {
      for (const held of sidecar.node?.denySet.all() ?? []) {
        const why = this.#gapOf(sidecar, held.ledger, held.index, held.id, held.subject);
        if (why !== undefined) {
          this.watch.report(`${sidecar.person.name} denies ${held.subject}: ${why}`);
        }
      }
    }
  }

  /** Where the walk back ends too early. */
  #gapOf(
    _: SimSidecar,
    ledger: Ledger.CONTROL | Ledger.SIGNALS,
    index: number,
    id: string,
    subject: string,
  ): string | undefined {
    const { truth } = this.watch;
    // Entries are read from stores and hashed to a root under a sealed head.
    const found = truth.entries(ledger)[index];
    if (found?.entry.effect.case !== "revocation") return `no verdict stands at ${index}`;
    const { value } = found.entry.effect;
    if (hex(value.id) !== id) return `another verdict stands at ${index}`;
    const judgement = judge(truth, found.entry, found.record.privates);
    if ("fault" in judgement) return `its warrant ${judgement.fault}`;
    if (judgement.subject !== subject) return "its verdict is about somebody else";
    if (truth.epochs.policyOf(value.epoch) === undefined) return `nobody has epoch ${value.epoch}`;
    if (!this.#isKept(ledger, index)) return "no coordinator keeps whom it names";
    const [first, ...others] = found.record.privates;
    if (ledger === Ledger.SIGNALS) {
      const signals = value.warrant?.signals ?? [];
      return this.#reasonsGap(signals, found.record.privates);
    }
    const said = first && decode(PrivateSubjectSchema, first.content, LIMITS.privateBytesMax);
    if (said === undefined || said.statement === "") return "nobody has said why";
    const body = value.warrant?.proposal?.body;
    const proposal = body && decode(ProposalSchema, body, LIMITS.commandBytesMax);
    return this.#reasonsGap(proposal?.evidence ?? [], others);
  }

  /** What a verdict in force needs is erased by nobody. */
  #isKept(ledger: LedgerId, index: number): boolean {
    const key = `record/${ledgerLetter(ledger)}/${index.toString().padStart(16, "0")}`;
    return this.watch.truth.wholeCoordinators().some(({ store }) => {
      const bytes = store.get(key);
      const record = bytes && decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      return (record?.privates.length ?? 0) > 0;
    });
  }

  #reasonsGap(
    signals: readonly { readonly signal: Uint8Array }[],
    parts: readonly PrivatePart[],
  ): string | undefined {
    if (signals.length !== parts.length) return "a signal has no private part";
    const { hosts } = this.watch.truth.world.sim;
    for (const [i, { signal: bytes }] of signals.entries()) {
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      const host = signal && hosts.find((h) => equalBytes(h.signer.publicKey, signal.hostKey));
      // A host that lies gives the reasons that it likes.
      if (!this.watch.stand().started.some((s) => s.person === host)) continue;
      const part = parts[i] as PrivatePart;
      const { reasons } = decode(PrivateSubjectSchema, part.content, LIMITS.privateBytesMax) ?? {};
      if (reasons === undefined || reasons.length === 0) return "a signal gives no reasons";
      const isTold = reasons.every((r) => r.seen !== "" && r.against !== "" && r.count > 0);
      if (!isTold) return "a reason does not say what was seen, against what, how often";
    }
    return undefined;
  }
}
