// The fault hook is asleep outside tests, whatever the environment says.

import { Ledger } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { assertHook, faultHook } from "./fault-hook.ts";

describe("the fault hook", () => {
  test("does nothing unless NODE_ENV is test", () => {
    expect(faultHook({ OSTRAKA_CRASH_AT: "publish:4" })).toBeUndefined();
    const production = { NODE_ENV: "production", OSTRAKA_CRASH_AT: "publish:4" };
    expect(faultHook(production)).toBeUndefined();
    expect(faultHook({ NODE_ENV: "test" })).toBeUndefined();
    expect(faultHook({ NODE_ENV: "test", OSTRAKA_CRASH_AT: "lunch:4" })).toBeUndefined();
  });

  test("lets every phase pass that is not the one, or comes too early", () => {
    const hook = faultHook({ NODE_ENV: "test", OSTRAKA_CRASH_AT: "publish:4" });
    hook?.("persist", 4);
    hook?.("publish", 3);
    expect(hook).toBeTypeOf("function");
  });
});

describe("the hook that fails an assertion", () => {
  test("does nothing unless NODE_ENV is test, and then at its message alone", () => {
    expect(assertHook({ OSTRAKA_ASSERT_AT: "c:4" })).toBeUndefined();
    expect(assertHook({ NODE_ENV: "test" })).toBeUndefined();
    const hook = assertHook({ NODE_ENV: "test", OSTRAKA_ASSERT_AT: "c:4" });
    hook?.(Ledger.CONTROL, 3);
    hook?.(Ledger.SIGNALS, 4);
    expect(() => hook?.(Ledger.CONTROL, 4)).toThrow("OSTRAKA_ASSERT_AT");
  });
});
