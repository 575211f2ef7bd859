// The one place where an error becomes a gRPC status. A caller gets the sentence, the stable code
// and a next step, in trailing metadata and as google.rpc.ErrorInfo; the cause goes to the log and
// nowhere else.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type ErrorCode, OstrakaError } from "@ostraka/proto";
import { NEXT_STEP } from "./next-step.ts";

const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  OSTRAKA_USAGE: status.INVALID_ARGUMENT,
  OSTRAKA_CONFIG_INVALID: status.FAILED_PRECONDITION,
  OSTRAKA_DATA_INVALID: status.INVALID_ARGUMENT,
  OSTRAKA_DATA_MISMATCH: status.FAILED_PRECONDITION,
  OSTRAKA_DATA_LOCKED: status.FAILED_PRECONDITION,
  OSTRAKA_KEY_INVALID: status.INVALID_ARGUMENT,
  OSTRAKA_KEY_IN_OTHER_USE: status.INVALID_ARGUMENT,
  OSTRAKA_NATS_NOT_FOUND: status.UNAVAILABLE,
  OSTRAKA_UNREACHABLE: status.UNAVAILABLE,
  OSTRAKA_REFUSED: status.PERMISSION_DENIED,
  OSTRAKA_NOT_ALLOWED: status.PERMISSION_DENIED,
  OSTRAKA_BEHIND: status.UNAVAILABLE,
  OSTRAKA_DEADLINE: status.DEADLINE_EXCEEDED,
  OSTRAKA_NOT_VERIFIED: status.DATA_LOSS,
  OSTRAKA_NOT_FOUND: status.NOT_FOUND,
  OSTRAKA_ENVELOPE_BAD_SIGNATURE: status.INVALID_ARGUMENT,
  OSTRAKA_CRYPTO_SELF_TEST: status.INTERNAL,
  OSTRAKA_STORE: status.INTERNAL,
  OSTRAKA_JOURNAL_DAMAGED: status.FAILED_PRECONDITION,
  OSTRAKA_RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  OSTRAKA_INTERNAL: status.INTERNAL,
};

/** Name of the trailing metadata that carries the stable code. */
export const CODE_KEY = "ostraka-code";
/** And of the one that carries what to do next. */
export const NEXT_STEP_KEY = "ostraka-next-step";
/** An encoded google.rpc.Status, as the gRPC libraries of other languages read it. */
const DETAILS_KEY = "grpc-status-details-bin";
const DETAILS_CHARS_MAX = 1_000;

/** What grpc-js sends for an error. */
export function statusOfError(error: unknown): Partial<ServiceError> {
  const known = error instanceof OstrakaError ? error : undefined;
  const code = known?.code ?? "OSTRAKA_INTERNAL";
  const metadata = new Metadata();
  const details = (known?.message ?? INTERNAL_TEXT).slice(0, DETAILS_CHARS_MAX);
  metadata.set(CODE_KEY, code);
  metadata.set(NEXT_STEP_KEY, NEXT_STEP[code]);
  metadata.set(DETAILS_KEY, Buffer.from(richStatus(STATUS_OF[code], details, code)));
  return { code: STATUS_OF[code], details, metadata };
}

const INTERNAL_TEXT = "this coordinator failed: its log says why";
const ERROR_INFO_URL = "type.googleapis.com/google.rpc.ErrorInfo";

/** google.rpc.Status with one ErrorInfo: reason = our code, domain `ostraka` (AIP-193). */
function richStatus(code: status, message: string, reason: ErrorCode): Uint8Array {
  const entry = new BinaryWriter().tag(1, 2).string("next_step");
  entry.tag(2, 2).string(NEXT_STEP[reason]);
  const info = new BinaryWriter().tag(1, 2).string(reason).tag(2, 2).string("ostraka");
  info.tag(3, 2).bytes(entry.finish());
  const any = new BinaryWriter().tag(1, 2).string(ERROR_INFO_URL).tag(2, 2).bytes(info.finish());
  const rich = new BinaryWriter().tag(1, 0).int32(code).tag(2, 2).string(message);
  return rich.tag(3, 2).bytes(any.finish()).finish();
}

/** What a client makes of a status: the code that came with it, or the one that fits best. */
export function errorOfStatus(error: ServiceError, address: string): OstrakaError {
  const [sent] = error.metadata?.get(CODE_KEY) ?? [];
  const code = Object.hasOwn(STATUS_OF, String(sent)) ? (sent as ErrorCode) : codeOf(error.code);
  const details = error.details.slice(0, 500);
  const why = sent === undefined ? `${address} answers nothing usable: ${details}` : details;
  return new OstrakaError(code, why, { cause: error });
}

function codeOf(code: status): ErrorCode {
  if (code === status.UNAVAILABLE) return "OSTRAKA_UNREACHABLE";
  if (code === status.DEADLINE_EXCEEDED) return "OSTRAKA_DEADLINE";
  if (code === status.RESOURCE_EXHAUSTED) return "OSTRAKA_RESOURCE_EXHAUSTED";
  if (code === status.UNIMPLEMENTED) return "OSTRAKA_USAGE";
  if (code === status.INVALID_ARGUMENT) return "OSTRAKA_USAGE";
  if (code === status.PERMISSION_DENIED) return "OSTRAKA_NOT_ALLOWED";
  return code === status.UNAUTHENTICATED ? "OSTRAKA_REFUSED" : "OSTRAKA_INTERNAL";
}
