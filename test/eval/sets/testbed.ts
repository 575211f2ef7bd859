// The testbed as a set of the evaluation: attacks on a company that a seed makes, so that it runs
// whatever data is there. Owns how large it is. Its people and attackers were written by us, so its
// figures say what the mesh adds and what honest work costs, not what an unknown attacker meets.

import { DEFAULT_SCORER_POLICY } from "@ostraka/agents/scorer";
import type { EvalRow, EvalSet } from "../eval-set.ts";
import { ATTACK_KINDS, type AttackKind } from "../testbed/attack.ts";
import type { TestbedShape } from "../testbed/event-stream.ts";
import { asFigures, figuresOf, NONE, type TestbedFigures } from "../testbed/figures.ts";
import { runTestbed } from "../testbed/run-testbed.ts";

const FULL: readonly TestbedShape[] = [1, 2, 3].map((seed) => ({
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

export const testbed: EvalSet = {
  name: "testbed",
  isGenerated: true,
  run: ({ isShort, say }) => {
    const tallies = (isShort ? SHORT : FULL).map((shape) => {
      const tally = runTestbed(shape);
      say(`seed ${shape.seed}: ${tally.events} events, ${tally.subjectDays} honest subject-days`);
      return tally;
    });
    const figures = figuresOf(tallies, budget());
    const rows = rowsOf(figures);
    return Promise.resolve({ figures: asFigures(figures), rows, missing: [] });
  },
};

/** False signals per 10,000 honest subject-days that the signal line allows. */
function budget(): number {
  return 10_000 / 10 ** (DEFAULT_SCORER_POLICY.signalLineMdb / 10_000);
}

function rowsOf(figures: TestbedFigures): EvalRow[] {
  const attacks = ATTACK_KINDS.map((kind) => {
    const { signalled, quorum, ...f } = figures.attacks[kind];
    const ours =
      `signalled ${percent(signalled)}${after(f.minutesToSignal, f.eventsToSignal)}; ` +
      `quorum ${percent(quorum)}${after(f.minutesToQuorum, f.eventsToQuorum)}`;
    return { figure: NAMES[kind], ours, beside: "" };
  });
  const honest = `${figures.honestSignalledPer10000} signalled, ${figures.honestRevokedPer10000}`;
  return [
    ...attacks,
    {
      figure: "honest subjects per 10,000 subject-days",
      ours: `${honest} revoked`,
      beside: `budget ${figures.budget}, over ${figures.subjectDays} subject-days`,
    },
    {
      figure: "attack events cut off by the mesh for one cut off by the best host alone",
      ours: String(figures.meshGain),
      beside: "",
    },
  ];
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function after(minutes: number, events: number): string {
  return minutes === NONE ? "" : ` (median ${minutes} min, ${events} events)`;
}
