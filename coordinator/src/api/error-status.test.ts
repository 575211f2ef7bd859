// Errors become statuses: the sentence and the code go out, the cause stays in.

import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ERROR_CODES, OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { CODE_KEY, errorOfStatus, statusOfError } from "./error-status.ts";

function sent(code: status, details: string, known?: string): ServiceError {
  const metadata = new Metadata();
  if (known !== undefined) metadata.set(CODE_KEY, known);
  return Object.assign(new Error(details), { code, details, metadata });
}

describe("the status of an error", () => {
  test("every code comes back as itself on the other side", () => {
    for (const code of ERROR_CODES) {
      const out = statusOfError(new OstrakaError(code, "why")) as ServiceError;
      expect(out.code).not.toBe(status.OK);
      const back = errorOfStatus(out, "127.0.0.1:1");
      expect([back.code, back.message]).toEqual([code, "why"]);
    }
  });

  test("a cause never leaves, nor does the message of an error that is not ours", () => {
    const cause = new Error("secret path");
    const ours = statusOfError(new OstrakaError("OSTRAKA_STORE", "cannot write", { cause }));
    expect(JSON.stringify(ours)).not.toContain("secret path");
    const other = statusOfError(cause);
    expect(JSON.stringify(other)).not.toContain("secret path");
    expect(other.code).toBe(status.INTERNAL);
  });

  test("a status without our code is read for what it is", () => {
    const unreachable = errorOfStatus(sent(status.UNAVAILABLE, "no connection"), "a:1");
    expect([unreachable.code, unreachable.message]).toEqual([
      "OSTRAKA_UNREACHABLE",
      "a:1 answers nothing usable: no connection",
    ]);
    expect(errorOfStatus(sent(status.DEADLINE_EXCEEDED, ""), "a:1").code).toBe("OSTRAKA_DEADLINE");
    const invented = errorOfStatus(sent(status.UNAVAILABLE, "x", "toString"), "a:1");
    expect(invented.code).toBe("OSTRAKA_UNREACHABLE");
  });
});
