// The deciding side of every enforcer of this host: asks the node's deny set and puts its answer
// into words for the person denied. Synchronous and from memory. Never shows more of a person than
// the request itself said, and never turns what it does not know into a permit.

import type { Held, HeldLease, SidecarNode } from "@ostraka/agents/node";
import type { Clock } from "@ostraka/host";
import { Ledger, Stage, type SubjectText, subjectKind } from "@ostraka/proto";
import type {
  AccessRequest,
  Decision,
  DecisionPoint,
  Denial,
  DenyStage,
} from "./enforcers/decision.ts";

const PERMIT: Decision = Object.freeze({ effect: "permit" });

const STAGE_NAMES: ReadonlyMap<Stage, DenyStage> = new Map([
  [Stage.STEP_UP, "step-up"],
  [Stage.THROTTLE, "throttle"],
  [Stage.RESTRICT, "restrict"],
  [Stage.SUSPEND, "suspend"],
  [Stage.TERMINATE, "terminate"],
]);

/** What happened to the subject, by stage. */
const WHAT: Readonly<Record<DenyStage, string>> = {
  "step-up": "has to sign in again more strongly",
  throttle: "is slowed down",
  restrict: "may not do this for now",
  suspend: "was cut off",
  terminate: "was cut off",
};

export class GateDecisions implements DecisionPoint {
  readonly #node: Pick<SidecarNode, "decide" | "readiness">;
  readonly #clock: Clock;

  constructor(node: Pick<SidecarNode, "decide" | "readiness">, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  decide(request: AccessRequest): Decision {
    const now = { wallMs: this.#clock.wallMs(), monoMs: this.#clock.monotonicMs() };
    const held = this.#node.decide(request, now);
    return held === undefined ? PERMIT : denialOf(held);
  }

  isReady(): boolean {
    return this.#node.readiness().ready;
  }

  readiness(): { ready: boolean; why: string } {
    return this.#node.readiness();
  }
}

/** The stages of enforcers as the mesh numbers them. */
export function stagesOf(names: readonly DenyStage[]): Set<Stage> {
  const known = [...STAGE_NAMES].filter(([, name]) => names.includes(name));
  return new Set(known.map(([stage]) => stage));
}

/** A revocation or a local lease as an enforcer answers with it. */
export function denialOf(held: Held | HeldLease): Denial {
  // A stage of a later version is taken as the one that shuts out.
  const stage = STAGE_NAMES.get(held.stage) ?? "suspend";
  const untilMs = "expiresMs" in held ? held.expiresMs : held.untilMs;
  return { effect: "deny", stage, reason: reasonOf(held, stage), revocation: held.id, untilMs };
}

function reasonOf(held: Held | HeldLease, stage: DenyStage): string {
  const what = `${inWords(held.subject)} ${WHAT[stage]}`;
  if (!("expiresMs" in held)) return `${what} by this host alone, on what it saw itself`;
  if (held.ledger === Ledger.CONTROL) return `${what} with people's approval, rule ${held.rule}`;
  const hosts = held.hostCount === 1 ? "1 host" : `${held.hostCount} hosts`;
  return `${what} by quorum rule ${held.rule} (${hosts})`;
}

/** A session's or a token's value may be what a thief needs: it is not repeated. */
function inWords(subject: SubjectText): string {
  const kind = subjectKind(subject);
  if (kind === "session" || kind === "token") return `this ${kind}`;
  return `${kind} ${subject.slice(kind.length + 1)}`;
}
