// The one line of `up --once --json`, checked field by field: the shape that a user's script relies
// on.

import { expect } from "vitest";
import type { Ended } from "./up-run.ts";

export interface RunJson {
  readonly seed: number;
  readonly events: number;
  readonly signals: number;
  readonly verdicts: readonly {
    readonly id: string;
    readonly kind: "revocation" | "lift";
    readonly subject: string;
    readonly stage: string;
    readonly hosts: number;
    readonly evidenceMdb: number | null;
    readonly latencyMs: { readonly evidenceToSealed: number; readonly sealedToEnforced: number };
  }[];
  readonly coverage: { readonly expected: number; readonly got: number };
  readonly honestDenied: number;
  readonly killSwitch: { readonly approvals: number; readonly latencyMs: number };
  readonly ledger: { readonly entries: number; readonly verified: boolean };
}

const NATURAL = expect.toSatisfy((n: unknown) => Number.isInteger(n) && (n as number) > 0);
const MS = expect.toSatisfy((n: unknown) => typeof n === "number" && n >= 0 && n < 120_000);
const ID = expect.stringMatching(/^[0-9a-f]{64}$/);
const LATENCY = { evidenceToSealed: MS, sealedToEnforced: MS };

/** Takes the last line of a run that ended well, and wants every field of it. */
export function readRun({ code, stdout, stderr }: Ended, hosts: number): RunJson {
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  const run = JSON.parse(lines.at(-1) as string) as RunJson;
  const people = { hosts: 0, evidenceMdb: null, stage: "suspend", latencyMs: LATENCY, id: ID };
  expect(run).toEqual({
    seed: expect.any(Number),
    events: NATURAL,
    signals: NATURAL,
    verdicts: [
      {
        id: ID,
        kind: "revocation",
        subject: expect.stringMatching(/^address:(203\.0\.113|198\.51\.100)\.\d+$/),
        stage: "suspend",
        hosts: 2,
        evidenceMdb: NATURAL,
        latencyMs: LATENCY,
      },
      { ...people, kind: "revocation", subject: expect.stringMatching(/^user:local\/\w+$/) },
      { ...people, kind: "lift", subject: expect.stringMatching(/^user:local\/\w+$/) },
    ],
    coverage: { expected: 3 * hosts, got: 3 * hosts },
    honestDenied: 0,
    killSwitch: { approvals: 2, latencyMs: MS },
    ledger: { entries: NATURAL, verified: true },
  });
  return run;
}
