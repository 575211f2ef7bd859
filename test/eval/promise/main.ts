// `node test/eval/promise/main.ts --measure NAME [--mutant NAME]`: figures of the promise as JSON on
// the last line. A process of its own, because a mutant must be in place BEFORE the product loads.

import { parseArgs } from "node:util";
import { applyMutant } from "../../sim/mutant-hook.ts";
import { MONEY_MUTANTS } from "./mutants.ts";

const { values } = parseArgs({
  options: { measure: { type: "string" }, mutant: { type: "string" } },
});
const mutant = MONEY_MUTANTS.find(({ name }) => name === values.mutant);
if (values.mutant !== undefined && mutant === undefined) {
  throw new Error(`no mutant ${values.mutant}`);
}
const applied = mutant && applyMutant(mutant);
const { MEASURES, outside } = await import("./measures.ts");
const measure = values.measure === "outside" ? outside : MEASURES.get(values.measure ?? "");
if (measure === undefined) {
  throw new Error(`no measure ${values.measure}: ${[...MEASURES.keys()].join(", ")} or outside`);
}
const measured = measure();
applied?.assertApplied();
for (const { name, lineMdb, signals, inflation, bound } of measured) {
  const line = `${name} at ${lineMdb / 1_000} dB: ${signals} signals, inflation`;
  process.stderr.write(`${line} ${inflation.toFixed(4)}, at most ${bound.toFixed(4)}\n`);
}
process.stdout.write(`${JSON.stringify(measured)}\n`);
