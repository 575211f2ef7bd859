// The simulator over many more seeds than a push runs, from where the push's seeds end; every
// checker on, two processes at a time. Says how many seeds a second.

import { describe, expect, it } from "vitest";
import { complaint, seedsFlags, sim } from "../sim/run-sim.ts";

const FIRST = 1_001;
const SEEDS = Number(process.env["OSTRAKA_SIM_SEEDS"] ?? 120);
const PARTS = 4;

describe.concurrent("the simulator, for long", () => {
  const count = Math.ceil(SEEDS / PARTS);
  it.for(Array.from({ length: PARTS }, (_, part) => FIRST + part * count))(
    `finds no violation in ${count} seeds from %i on`,
    async (first) => {
      const ran = await sim(...seedsFlags(first, count));
      expect(complaint(ran)).toBe("");
      expect(ran.code).toBe(0);
      process.stdout.write(`${ran.stderr.trim().split("\n").at(-1)}\n`);
    },
  );
});
