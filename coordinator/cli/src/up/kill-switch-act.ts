// Act two: people decide. A kill switch proposed by an operator and approved by two responders of
// two groups, its coverage, and a lift that takes the same approvals.

import { equalBytes, hex, Ledger, Stage, type SubjectText } from "@ostraka/proto";
import { idOf, type WalkedEntry } from "../ledger/ledger-walk.ts";
import type { Taken } from "./people.ts";
import {
  ask,
  carryOut,
  pause,
  type StoryParts,
  showAnswer,
  type Told,
  untilVerdict,
  WAIT_MS,
} from "./story-parts.ts";
import { cutOffPerson, type Person } from "./traffic/people.ts";
import { isRefusal } from "./traffic/visitor.ts";

const OPERATOR = "olga";
/** One of each group that the default policy asks: responders and security. */
const APPROVERS = ["ada", "sam"] as const;
const TTL_MS = 30 * 60_000;

export interface KillSwitchTold {
  readonly revoked: Told;
  readonly lifted: Told;
  readonly approvals: number;
  /** The person was served before, refused while cut off, and served after the lift. */
  readonly isJust: boolean;
}

export async function killSwitchAct(parts: StoryParts): Promise<KillSwitchTold> {
  const { narrator, mesh, run } = parts;
  const { people } = mesh;
  const person = cutOffPerson(run);
  const subject = `user:${mesh.genesis.roster.meshName}/${person.user}` as SubjectText;
  const host = mesh.hosts.at(-1)?.name ?? "";
  narrator.title(`${person.user}'s laptop is reported stolen: people pull the kill switch`);
  const isServedBefore = await shows(parts, host, person, false);
  const proposed = await people.proposeRevocation(OPERATOR, {
    subject,
    stage: Stage.SUSPEND,
    ttlMs: TTL_MS,
    reason: `laptop of ${person.user} reported stolen`,
  });
  narrator.event(`${OPERATOR} (operator) proposes to suspend ${subject} for 30 min`);
  narrator.detail(`proposal ${hex(proposed.id).slice(0, 16)}…`);
  const revoked = await approved(parts, proposed);
  const isRefused = await shows(parts, host, person, true);
  await pause(parts, 2_500);
  narrator.title("The laptop is found: the same people lift it");
  const lift = await people.proposeLift(OPERATOR, {
    subject,
    revocationId: revokedId(revoked.entry),
    reason: "laptop found",
  });
  narrator.event(`${OPERATOR} proposes the lift`);
  const lifted = await approved(parts, lift);
  const isServedAfter = await shows(parts, host, person, false);
  const isJust = isServedBefore && isRefused && isServedAfter;
  return { revoked, lifted, approvals: APPROVERS.length, isJust };
}

/** Approvals until the verdict, then its proof. */
async function approved(parts: StoryParts, proposed: Taken): Promise<Told> {
  const { narrator, mesh } = parts;
  let verdictId: Uint8Array | undefined;
  let sentMs = Date.now();
  for (const approver of APPROVERS) {
    await pause(parts, 1_000);
    sentMs = Date.now();
    const taken = await mesh.people.approve(approver, proposed.id);
    verdictId = taken.verdictId;
    narrator.event(`${approver} approves (${groupsOf(parts, approver)})`);
  }
  const wanted = verdictId;
  const entry = await untilVerdict(
    parts,
    ({ verdict }) =>
      verdict !== undefined && wanted !== undefined && equalBytes(idOf(verdict), wanted),
    WAIT_MS,
  );
  narrator.event(`sealed: entry c:${entry.index}`, "green");
  return await carryOut(parts, entry, { sentMs, sealedMs: Date.now() });
}

function groupsOf({ mesh }: StoryParts, approver: string): string {
  return mesh.verified.walk.mesh.view.groupsOf(approver).join(", ");
}

function revokedId({ verdict, ledger }: WalkedEntry): Uint8Array {
  if (verdict?.kind === "revocation" && ledger === Ledger.CONTROL) return verdict.revocation.id;
  throw new TypeError("a kill switch makes a revocation of the control ledger");
}

/** Shows what a request of the person gets. @returns whether it is what was expected. */
async function shows(
  parts: StoryParts,
  host: string,
  person: Person,
  isRefusalWanted: boolean,
): Promise<boolean> {
  const answer = await ask(parts, host, "/account", person);
  const isRefused = isRefusal(answer);
  const how = isRefused ? "is refused" : "is served";
  parts.narrator.event(`${person.user} ${how} on ${host}`, isRefused ? "red" : "green");
  if (isRefused) showAnswer(parts.narrator, host, answer);
  return isRefused === isRefusalWanted;
}
