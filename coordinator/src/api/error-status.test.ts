// Errors become statuses: the sentence and the code go out, the cause stays in.

import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ERROR_CODES, OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { CODE_KEY, errorOfStatus, NEXT_STEP_KEY, statusOfError } from "./error-status.ts";
import { NEXT_STEP } from "./next-step.ts";

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

  test("every code goes out with what to do next, also as google.rpc.ErrorInfo", () => {
    for (const code of ERROR_CODES) {
      const { metadata, code: number } = statusOfError(new OstrakaError(code, "why"));
      expect(metadata?.get(NEXT_STEP_KEY)).toEqual([NEXT_STEP[code]]);
      const [rich] = metadata?.get("grpc-status-details-bin") ?? [];
      const sentStatus = fields(rich as Buffer);
      expect([sentStatus.get(1), text(sentStatus.get(2))]).toEqual([number, "why"]);
      const any = fields(sentStatus.get(3) as Uint8Array);
      expect(text(any.get(1))).toBe("type.googleapis.com/google.rpc.ErrorInfo");
      const info = fields(any.get(2) as Uint8Array);
      expect([text(info.get(1)), text(info.get(2))]).toEqual([code, "ostraka"]);
    }
  });

  test("a long sentence is cut, not sent", () => {
    const { details } = statusOfError(new OstrakaError("OSTRAKA_USAGE", "x".repeat(100_000)));
    expect(details).toHaveLength(1_000);
  });
});

/** The fields of an encoded message, each as number or bytes. */
function fields(bytes: Uint8Array): Map<number, number | Uint8Array> {
  const reader = new BinaryReader(bytes);
  const found = new Map<number, number | Uint8Array>();
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    found.set(field, wire === 2 ? reader.bytes() : reader.int32());
  }
  return found;
}

function text(value: number | Uint8Array | undefined): string {
  return Buffer.from(value as Uint8Array).toString("utf8");
}
