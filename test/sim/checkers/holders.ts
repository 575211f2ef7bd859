// I2: no single key. No verdict of fewer than two holders, nothing against honest subjects, no
// time but what a majority of clocks says, and nothing lifted without consent.

import type { SidecarEffect } from "@ostraka/agents/node";
import { hex, LEDGERS, Ledger } from "@ostraka/proto";
import { HONEST, HONEST_USERS } from "../attacks.ts";
import { BREAK_GLASS, EXEMPT_ADDRESS, EXEMPT_USER } from "../policies.ts";
import { nameIn, type TrueEntry } from "../truth.ts";
import { judge } from "../warrant.ts";
import type { SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

/** Widest that the clocks of a majority stand off the truth, and what a tick may be late. */
const CLOCK_MS = 1_500;

export class HolderChecker extends Checker {
  readonly invariant = "I2";
  readonly #judged = new Map<number, number>();
  readonly #glass = new Map<string, { readonly subject: string; readonly untilMs: number }>();
  /** Machine times of what machines revoked, by epoch. */
  readonly #byMachine = new Map<number, number[]>();

  override onEffect(sidecar: SimSidecar, effect: SidecarEffect): void {
    const name = sidecar.person.name;
    if (effect.type === "ended" && effect.why === "lifted")
      this.#checkLift(sidecar, effect.held.id);
    if (effect.type !== "enforced") return;
    const { held } = effect;
    const honest: readonly string[] = [...HONEST, ...HONEST_USERS, EXEMPT_ADDRESS, EXEMPT_USER];
    if (honest.includes(held.subject)) {
      this.watch.report(`${name} enforces ${held.id} against ${held.subject}, who did nothing`);
    }
  }

  #checkLift(sidecar: SimSidecar, id: string): void {
    const { truth, report } = this.watch;
    const applied = [...sidecar.store.scan("control/")].map(([, bytes]) =>
      truth.decodeRecord(bytes),
    );
    const lifts = applied.filter((found) => {
      const effect = found?.entry.effect;
      return effect?.case === "lift" && effect.value.revocationIds.some((i) => hex(i) === id);
    });
    const isLifted = lifts.some((found) => {
      return found !== undefined && "subject" in judge(truth, found.entry, found.record.privates);
    });
    if (!isLifted) report(`${sidecar.person.name} lifts ${id} without the consent of two`);
  }

  override sample(): void {
    const { truth } = this.watch;
    for (const ledger of LEDGERS) {
      const entries = truth.entries(ledger);
      const from = this.#judged.get(ledger) ?? 1;
      for (const found of entries.slice(from)) {
        this.#checkEntry(found);
        this.#checkGlass(found);
        if (ledger === Ledger.SIGNALS) this.#checkGovernor(found);
      }
      this.#judged.set(ledger, Math.max(1, entries.length));
      const latest = truth.sealed(ledger).at(-1);
      if (latest !== undefined && Number(latest.head.machineTimeMs) > latest.atMs + CLOCK_MS) {
        this.watch.report("one clock has moved the machine time of a sealed head");
      }
    }
    for (const sidecar of this.watch.stand().started) this.#checkHonest(sidecar);
  }

  #checkEntry({ entry, record }: TrueEntry): void {
    if (entry.effect.case !== "revocation" && entry.effect.case !== "lift") return;
    const judgement = judge(this.watch.truth, entry, record.privates);
    if ("fault" in judgement && judgement.isAlone) {
      const letter = entry.ledger === Ledger.CONTROL ? "c" : "s";
      this.watch.report(`${letter}:${entry.index} ${judgement.fault}`);
    }
  }

  /** Whoever gets people back in is never all cut off at once (DESIGN.md 6.5). */
  #checkGlass({ entry, record }: TrueEntry): void {
    const { effect, machineTimeMs } = entry;
    const nowMs = Number(machineTimeMs);
    if (effect.case === "lift") {
      for (const id of effect.value.revocationIds) this.#glass.delete(hex(id));
    }
    if (effect.case !== "revocation" || effect.value.isDryRun) return;
    for (const id of effect.value.supersedes) this.#glass.delete(hex(id));
    const subject = nameIn(record);
    if (!BREAK_GLASS.includes(subject)) return;
    const hasPolicy = this.watch.truth.epochs.policyOf(effect.value.epoch)?.more !== undefined;
    this.#glass.set(hex(effect.value.id), { subject, untilMs: Number(effect.value.expiresMs) });
    const cutOff = [...this.#glass.values()].filter((g) => g.untilMs > nowMs);
    if (hasPolicy && new Set(cutOff.map((g) => g.subject)).size === BREAK_GLASS.length) {
      this.watch.report(`c:${entry.index} cuts off the last who could get people back in`);
    }
  }

  /** Machines do no more than their policy's buckets give, whatever hosts say. */
  #checkGovernor({ entry }: TrueEntry): void {
    if (entry.effect.case !== "revocation" || entry.effect.value.isDryRun) return;
    const { epoch } = entry.effect.value;
    const more = this.watch.truth.epochs.policyOf(epoch)?.more;
    if (more === undefined) return;
    const times = this.#byMachine.get(epoch) ?? [];
    this.#byMachine.set(epoch, times);
    const nowMs = Number(entry.machineTimeMs);
    times.push(nowMs);
    const { burst, refillMs } = more.overall;
    for (const [i, fromMs] of times.entries()) {
      const most = burst + 1 + Math.floor((nowMs - fromMs) / refillMs);
      if (times.length - i > most) {
        this.watch.report(`s:${entry.index} is more than the governor gives to epoch ${epoch}`);
        return;
      }
    }
  }

  #checkHonest(sidecar: SimSidecar): void {
    const now = this.watch.truth.world.reading(sidecar);
    for (const subject of [...HONEST, ...HONEST_USERS]) {
      const denial = sidecar.node?.decide({ subjects: [subject] }, now);
      if (denial !== undefined) {
        this.watch.report(`${sidecar.person.name} denies ${subject}, who did nothing`);
      }
    }
  }
}
