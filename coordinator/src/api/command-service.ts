// Takes signed commands: looks at their shape, hands them to the node, says what became of them.
// Holds no key and decides nothing; a refusal by the machine is an answer, not an error.

import { COMMAND_KINDS } from "@ostraka/agents/node";
import {
  type Envelope,
  isReject,
  kindOfType,
  LIMITS,
  type MeshId,
  OstrakaError,
  openEnvelope,
  type PrivatePart,
  type RejectCode,
} from "@ostraka/proto";
import { type CommandService, Outcome } from "@ostraka/proto/gen/admin";
import type { CoordinatorRuntime } from "../runtime.ts";
import type { CallContext, Handlers } from "./grpc-service.ts";

/** The longest that a call waits for its outcome. */
const WAIT_MS_MAX = 30_000;
const WAIT_MS_DEFAULT = 10_000;
/** What is left of the caller's deadline to carry the answer back. */
const ANSWER_MS = 100;

export function commandHandlers(runtime: CoordinatorRuntime): Handlers<typeof CommandService> {
  const { crypto, genesis } = runtime.parts;
  return {
    submit: async (request, context) => {
      const { command, privates } = request;
      if (command === undefined) {
        throw new OstrakaError("OSTRAKA_USAGE", "a submission carries a command: none came");
      }
      const id = crypto.sha256(command.body);
      const fault =
        faultOfShape(genesis.mesh, command, privates) ?? faultOfSigners(runtime, command);
      if (fault !== undefined) return { outcome: Outcome.REFUSED, id, code: fault };
      const answer = await runtime.submit(command, privates, waitMsOf(request.waitMs, context));
      switch (answer.outcome) {
        case "ok": {
          const { index, verdictId } = answer;
          return { outcome: Outcome.OK, id, index: BigInt(index), ...(verdictId && { verdictId }) };
        }
        case "refused":
          return { outcome: Outcome.REFUSED, id, code: answer.code };
        case "unknown":
          return { outcome: Outcome.UNKNOWN, id };
        case "busy":
          throw new OstrakaError(
            "OSTRAKA_RESOURCE_EXHAUSTED",
            "too many commands wait at this coordinator, yours was not published: send it again",
          );
      }
    },
  };
}

/** How long to wait: what was asked for, and never past the caller's own deadline. */
export function waitMsOf(wantedMs: number, context: CallContext): number {
  const wanted = wantedMs === 0 ? WAIT_MS_DEFAULT : Math.min(wantedMs, WAIT_MS_MAX);
  return Math.max(0, Math.min(wanted, context.remainingMs - ANSWER_MS));
}

/**
 * Whether members have signed it at all: what strangers send must not get into the journal, where
 * every replica would keep it.
 */
function faultOfSigners(runtime: CoordinatorRuntime, command: Envelope): RejectCode | undefined {
  const { crypto, genesis } = runtime.parts;
  const { view } = runtime.node.control.mesh;
  const kind = kindOfType(genesis.mesh, command.type);
  if (kind === undefined) return "wrong-type";
  // The genesis is signed by keys that it names itself; it is entered once, before all else.
  if (kind === "genesis") return view.controlIndex > 0 ? "duplicate" : undefined;
  const opened = openEnvelope(crypto, genesis.mesh, kind, command, view.findHolder);
  return isReject(opened) ? opened.reject : undefined;
}

/** A proposal's own private part, and one for each signal that it takes along. */
const PRIVATES_MAX = 1 + LIMITS.warrantSignalsMax;

/** What can be seen wrong without a look at keys or bodies. */
function faultOfShape(
  mesh: MeshId,
  envelope: Envelope,
  privates: readonly PrivatePart[],
): RejectCode | undefined {
  const kind = kindOfType(mesh, envelope.type);
  if (kind === undefined && !envelope.type.endsWith(`;mesh=${mesh}`)) return "wrong-mesh";
  if (!COMMAND_KINDS.some((known) => known === kind)) return "wrong-type";
  if (envelope.body.length === 0) return "malformed";
  if (envelope.body.length > LIMITS.commandBytesMax) return "too-large";
  if (envelope.signatures.length === 0) return "no-signature";
  if (envelope.signatures.length > LIMITS.signaturesMax) return "too-many-signatures";
  const isSized = envelope.signatures.every(
    ({ key, signature }) => key.length === 32 && signature.length === 64,
  );
  if (!isSized) return "bad-signature";
  if (privates.length > PRIVATES_MAX) return "malformed";
  const isSmall = privates.every(
    ({ salt, content }) => salt.length === 16 && content.length <= LIMITS.privateBytesMax,
  );
  return isSmall ? undefined : "too-large";
}
