// The testbed as a set of the evaluation: attacks on a company that a seed makes, so that it runs
// whatever data is there. Owns how large it is. Its people and attackers were written by us, so its
// figures say what the mesh adds and what honest work costs, not what an unknown attacker meets.
// Run twice: as the default policy has it, and with a part of the budget given to learned evidence.

import { DEFAULT_SCORER_POLICY } from "@ostraka/agents/scorer";
import type { EvalRow, EvalSet } from "../eval-set.ts";
import { ATTACK_KINDS, type AttackKind } from "../testbed/attack.ts";
import type { TestbedShape } from "../testbed/event-stream.ts";
import {
  type AttackFigures,
  asFigures,
  figuresOf,
  NONE,
  type TestbedFigures,
} from "../testbed/figures.ts";
import { runTestbed } from "../testbed/run-testbed.ts";

const FULL: readonly TestbedShape[] = [11, 12, 13].map((seed) => ({
  seed,
  people: 300,
  quietDays: 28,
  each: 4,
}));
const SHORT: readonly TestbedShape[] = [{ seed: 1, people: 60, quietDays: 14, each: 1 }];

const NAMES: Readonly<Record<AttackKind, string>> = {
  passwordSpraying: "password spraying over all hosts",
  stolenSession: "stolen session",
  tokenReplay: "token replay from a new network",
  slowInsider: "insider collecting slowly",
  serviceAbuse: "service account abused",
  privilegeCreep: "privilege creep",
  lateralMovement: "lateral movement",
  lowAndSlow: "low and slow guessing",
};

/** Of the second run. The one configuration of all sets is the first. */
const LEARNED_SHARE = 0.2;

export const testbed: EvalSet = {
  name: "testbed",
  isGenerated: true,
  run: ({ isShort, say }) => {
    const figuresAt = (learnedShare: number): TestbedFigures => {
      const tallies = (isShort ? SHORT : FULL).map((shape) => {
        const tally = runTestbed(shape, { learnedShare });
        const days = `${tally.subjectDays} honest subject-days`;
        say(`learned share ${learnedShare}, seed ${shape.seed}: ${tally.events} events, ${days}`);
        return tally;
      });
      return figuresOf(tallies, budget());
    };
    const [figures, learned] = [figuresAt(0), figuresAt(LEARNED_SHARE)];
    const all = { ...asFigures(figures), withLearnedShare: asFigures(learned) };
    return Promise.resolve({ figures: all, rows: rowsOf(figures, learned), missing: [] });
  },
};

/** False signals per 10,000 honest subject-days that the signal line allows. */
function budget(): number {
  return 10_000 / 10 ** (DEFAULT_SCORER_POLICY.signalLineMdb / 10_000);
}

function rowsOf(figures: TestbedFigures, learned: TestbedFigures): EvalRow[] {
  const beside = (text: string) => `with a learned share of ${LEARNED_SHARE}: ${text}`;
  const attacks = ATTACK_KINDS.map((kind) => ({
    figure: NAMES[kind],
    ours: courseText(figures.attacks[kind]),
    beside: beside(courseText(learned.attacks[kind])),
  }));
  const { budget: allowed, subjectDays } = figures;
  return [
    ...attacks,
    {
      figure: "honest subjects ever leased, signalled, revoked, per 10,000 subject-days",
      ours: `${honestText(figures)}; budget ${10 * allowed}, ${allowed}, ${allowed} over ${subjectDays} subject-days`,
      beside: beside(honestText(learned)),
    },
    {
      figure: "attack events cut off by the mesh for one cut off by the best host alone",
      ours: String(figures.meshGain),
      beside: beside(String(learned.meshGain)),
    },
  ];
}

function honestText(figures: TestbedFigures): string {
  const { honestLeasedPer10000, honestSignalledPer10000, honestRevokedPer10000 } = figures;
  return `${honestLeasedPer10000}, ${honestSignalledPer10000}, ${honestRevokedPer10000}`;
}

function courseText({ signalled, quorum, ...f }: AttackFigures): string {
  const byLease = `leased ${percent(f.leased)}`;
  const bySignal = `signalled ${percent(signalled)}${after(f.minutesToSignal, f.eventsToSignal)}`;
  return `${byLease}; ${bySignal}; quorum ${percent(quorum)}${after(f.minutesToQuorum, f.eventsToQuorum)}`;
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function after(minutes: number, events: number): string {
  return minutes === NONE ? "" : ` (median ${Math.round(minutes)} min, ${events} events)`;
}
