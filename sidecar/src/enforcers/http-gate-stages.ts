// What forward-auth can really do. The gate says "go on" or "no" before each request, so it cannot
// slow one down, and a stage it cannot do is named here rather than quietly done as another.

import { DENY_STAGES, type DenyStage } from "./decision.ts";

/**
 * Stages the gate does. `terminate` stops every next request; a stream that is already open (a
 * WebSocket) is past the gate and is the session enforcer's to end.
 */
export const HTTP_GATE_STAGES: readonly DenyStage[] = [
  "step-up",
  "restrict",
  "suspend",
  "terminate",
];

/** Of the stages asked for, those the gate cannot do: exceptions in the receipt, once each. */
export function unsupportedStages(asked: Iterable<string>): string[] {
  const missing = new Set<string>();
  for (const stage of asked) {
    if (stage !== "observe" && !(HTTP_GATE_STAGES as readonly string[]).includes(stage)) {
      missing.add(stage);
    }
  }
  return [...missing];
}

/**
 * The stage the gate answers with: the one asked for, or the strongest it can do that is not
 * stronger. Never stronger, or it would widen a verdict (I2); never a permit, or it would fail open
 * and hide a milder denial of another subject of the request. A stage of unknown name is `suspend`.
 */
export function stageAnswered(asked: DenyStage): DenyStage {
  for (let rank = DENY_STAGES.indexOf(asked); rank >= 0; rank--) {
    const stage = DENY_STAGES[rank] as DenyStage;
    if (HTTP_GATE_STAGES.includes(stage)) return stage;
  }
  return "suspend";
}
