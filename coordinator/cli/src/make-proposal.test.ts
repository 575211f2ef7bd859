// What flags say of a scope has one spelling in what is signed.

import { describe, expect, it } from "vitest";
import { scopeOf } from "./make-proposal.ts";

describe("scopeOf", () => {
  it("sorts and leaves repeats out, so that one wish has one spelling", () => {
    const scope = scopeOf(["host=b", "host=a", "host=b", "label=env=prod", "action=GET"]);
    expect(scope).toMatchObject({ hosts: ["a", "b"], labels: ["env=prod"], actions: ["GET"] });
  });

  it.each([["host"], ["host="], ["=a"], ["moon=a"], ["__proto__=a"], ["toString=a"]])(
    "refuses %s",
    (flag) => {
      expect(() => scopeOf([flag])).toThrow(/give KEY=VALUE/);
    },
  );
});
