// What a proposal would do, before anybody signs it: which hosts, what else stops, what is in force
// on the subject already, whom it would lock out. Computed here, from ledgers verified here. What
// it cannot know, it says: sessions are known to the hosts alone.

import { doesCutOff, lockoutOf, type MeshView, stoppedWith } from "@ostraka/agents/kernel";
import { stageName } from "@ostraka/agents/node";
import { hex, type RevokeWish, Stage, type SubjectText } from "@ostraka/proto";
import { isWithin } from "./coverage.ts";
import { refused } from "./failure.ts";
import { allVerdicts, standingOf } from "./ledger/find-verdict.ts";
import { idOf, type LedgerWalk } from "./ledger/ledger-walk.ts";
import { rejectWords } from "./reject-words.ts";
import { printable, spanText, timeText } from "./terminal.ts";

export interface Preview {
  /** Names of the hosts that would enforce it. */
  readonly hosts: readonly string[];
  /** What else stops with the subject, by the policy's list. */
  readonly dependants: readonly SubjectText[];
  /** Revocations of the subject that are in force. */
  readonly inForce: readonly { readonly id: string; readonly words: string }[];
  /** Whether any verdict, suggestion or list of the mesh has named the subject. */
  readonly isKnown: boolean;
  /** Subjects of the mesh that look like it. */
  readonly alike: readonly SubjectText[];
  /** Steps in which hosts begin. */
  readonly steps: readonly { readonly afterMs: number; readonly permille: number }[];
}

/**
 * @param known subjects that the ledgers or the policy name.
 * @throws OstrakaError OSTRAKA_REFUSED when it would lock out break-glass identities or the
 * approvers that could undo it.
 */
export function previewOf(
  walk: LedgerWalk,
  subject: SubjectText,
  wish: Pick<RevokeWish, "stage" | "scope" | "isDryRun" | "widening">,
  known: ReadonlySet<SubjectText>,
  nowMs: number,
): Preview {
  const { view, policy } = walk.mesh;
  const standing = allVerdicts(walk).filter((v) => standingOf(walk, v, nowMs).state === "in force");
  if (policy !== undefined && doesCutOff(wish)) {
    const cutOff = standing.flatMap(({ verdict }) =>
      verdict?.kind === "revocation" && doesCutOff(verdict.revocation) ? [verdict.subject] : [],
    );
    const lockout = lockoutOf(view, policy, cutOff, subject);
    if (lockout !== undefined) throw refused(`not proposed: ${rejectWords(lockout)}`);
  }
  const governor = policy?.governor;
  const stopped = governor === undefined ? [] : [...stoppedWith(governor, [subject])];
  return {
    hosts: [...view.hosts()].filter((host) => isWithin(wish.scope, host)).map((h) => h.name),
    dependants: stopped.filter((other) => other !== subject),
    inForce: standing.flatMap(({ verdict }) => {
      if (verdict?.kind !== "revocation" || verdict.subject !== subject) return [];
      const { stage, expiresMs } = verdict.revocation;
      const words = `${stageName(stage)} until ${timeText(expiresMs)}`;
      return [{ id: hex(idOf(verdict)), words }];
    }),
    isKnown: known.has(subject),
    alike: known.has(subject) ? [] : [...known].filter((other) => isAlike(subject, other)).sort(),
    steps: wish.widening.map(({ afterMs, permille }) => ({ afterMs: Number(afterMs), permille })),
  };
}

/** Subjects that verdicts and the policy of a mesh name. */
export function knownSubjects(walk: LedgerWalk): Set<SubjectText> {
  const governor = walk.mesh.policy?.governor;
  return new Set([
    ...allVerdicts(walk).flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict.subject])),
    ...(governor?.breakGlass ?? []),
    ...(governor?.holderSubjects.values() ?? []),
    ...(governor?.dependants.keys() ?? []),
    ...[...(governor?.dependants.values() ?? [])].flat(),
  ]);
}

/** One letter apart, or the same name of another kind or realm: a slip of the hand at night. */
function isAlike(a: SubjectText, b: SubjectText): boolean {
  const nameOf = (subject: SubjectText) => subject.slice(subject.search(/[^:/]*$/));
  const isSameName = nameOf(a).length > 2 && nameOf(a) === nameOf(b);
  return isSameName || isOneEditApart(a, b);
}

function isOneEditApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let from = 0;
  while (from < short.length && short[from] === long[from]) from++;
  const rest = long.slice(from + 1);
  return rest === short.slice(from) || rest === short.slice(from + 1);
}

/** A preview as facts, a name and a value each. */
export function previewLines(
  preview: Preview,
  view: MeshView,
  stage: Stage,
): (readonly [string, string])[] {
  const { hosts, dependants, inForce, alike, steps, isKnown } = preview;
  const all = [...view.hosts()].length;
  const some = hosts.slice(0, NAMED_MAX).join(", ");
  const more = hosts.length > NAMED_MAX ? ` and ${hosts.length - NAMED_MAX} more` : "";
  const sessions =
    stage === Stage.TERMINATE
      ? "every open one on these hosts ends"
      : "open ones stay; their next request is answered so";
  return [
    [
      "hosts",
      hosts.length === 0
        ? "none: it would reach nothing"
        : `${hosts.length} of ${all}: ${some}${more}`,
    ],
    ...steps.map((step) => ["then", stepWords(step)] as const),
    ["sessions", sessions],
    ...(dependants.length === 0
      ? []
      : [["stops too", printable(dependants.slice(0, NAMED_MAX).join(", "))] as const]),
    ...inForce.map(({ id, words }) => ["in force", `${id} (${words})`] as const),
    ...(isKnown
      ? []
      : [["unseen", "no verdict or policy of this mesh names it: check its spelling"] as const]),
    ...alike.map((other) => ["looks like", printable(other)] as const),
  ];
}

const NAMED_MAX = 6;

/** `at once on 10 % of them`, `after 5 m on all of them`. */
export function stepWords({ afterMs, permille }: { afterMs: number; permille: number }): string {
  const when = afterMs === 0 ? "at once" : `after ${spanText(afterMs)}`;
  const share = permille === 1_000 ? "all of them" : `${permille / 10} % of them`;
  return `${when} on ${share}`;
}
