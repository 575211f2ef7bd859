// A crash at a chosen moment, for the tests that prove what survives one. Does nothing unless
// NODE_ENV is `test`, so no configuration of a real coordinator can reach it.

import { PHASES, type Phase } from "@ostraka/agents/node";

/**
 * Reads OSTRAKA_CRASH_AT=`<phase>:<n>`: die BEFORE the phase begins, the first time that the
 * control ledger stands at index n or above.
 */
export function faultHook(
  env: Readonly<Record<string, string | undefined>>,
): ((phase: Phase, controlIndex: number) => void) | undefined {
  const wanted = env["NODE_ENV"] === "test" ? env["OSTRAKA_CRASH_AT"] : undefined;
  const [name, at] = wanted?.split(":") ?? [];
  const phase = PHASES.find((known) => known === name);
  if (phase === undefined) return undefined;
  return (now, controlIndex) => {
    if (now === phase && controlIndex >= Number(at)) process.kill(process.pid, "SIGKILL");
  };
}
