import { expect, test } from "vitest";
import type { DenyStage } from "./decision.ts";
import { HTTP_GATE_STAGES, stageAnswered, unsupportedStages } from "./http-gate-stages.ts";

test("the gate names throttle, and only throttle, as a stage it cannot do", () => {
  const asked = ["observe", "step-up", "throttle", "restrict", "suspend", "terminate", "throttle"];
  expect(unsupportedStages(asked)).toEqual(["throttle"]);
  expect(unsupportedStages(HTTP_GATE_STAGES)).toEqual([]);
});

test("a stage it does not know is unsupported too", () => {
  expect(unsupportedStages(["banish"])).toEqual(["banish"]);
});

test("a throttle is answered with the next milder stage: not a stronger, not a permit", () => {
  expect(stageAnswered("throttle")).toBe("step-up");
});

test("a stage it can do is answered as itself, an unknown one as suspend", () => {
  for (const stage of HTTP_GATE_STAGES) expect(stageAnswered(stage)).toBe(stage);
  expect(stageAnswered("banish" as DenyStage)).toBe("suspend");
});
