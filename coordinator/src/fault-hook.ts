// A crash or a failed assertion at a chosen moment, for the tests that prove what survives one.
// Does nothing unless NODE_ENV is `test`, so no configuration of a real coordinator can reach it.

import { PHASES, type Phase } from "@ostraka/agents/node";
import { type LedgerId, ledgerLetter } from "@ostraka/proto";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads OSTRAKA_CRASH_AT=`<phase>:<n>`: die BEFORE the phase begins, the first time that the
 * control ledger stands at index n or above.
 */
export function faultHook(env: Env): ((phase: Phase, controlIndex: number) => void) | undefined {
  const wanted = env["NODE_ENV"] === "test" ? env["OSTRAKA_CRASH_AT"] : undefined;
  const [name, at] = wanted?.split(":") ?? [];
  const phase = PHASES.find((known) => known === name);
  if (phase === undefined) return undefined;
  return (now, controlIndex) => {
    if (now === phase && controlIndex >= Number(at)) process.kill(process.pid, "SIGKILL");
  };
}

/** Reads OSTRAKA_ASSERT_AT=`c:12`: the machine fails whenever it is asked for that message. */
export function assertHook(env: Env): ((ledger: LedgerId, position: number) => void) | undefined {
  const wanted = env["NODE_ENV"] === "test" ? env["OSTRAKA_ASSERT_AT"] : undefined;
  if (wanted === undefined) return undefined;
  return (ledger, position) => {
    const at = `${ledgerLetter(ledger)}:${position}`;
    if (at === wanted) throw new Error(`invariant broken: OSTRAKA_ASSERT_AT=${at}`);
  };
}
