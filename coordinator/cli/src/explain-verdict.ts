// A verdict walked back to what it rests on (I10): rule, signals host by host with their reasons,
// or proposal and approvals, its place in the ledger and the proof of it. Everything here has been
// verified by the walk.

import { evidenceOf, type MeshView, openApproval, openPrivate } from "@ostraka/agents/kernel";
import {
  type Crypto,
  decode,
  EvidenceKind,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  ProposalSchema,
  type Reason,
  type SignalProof,
  SignalSchema,
  type Warrant,
} from "@ostraka/proto";
import { type ExplainedStory, storyOf } from "./explain-story.ts";
import { standingOf } from "./ledger/find-verdict.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger/ledger-walk.ts";
import { ruleWords } from "./rule-words.ts";
import { iso, verdictJson } from "./verdict-json.ts";

export interface ExplainedReason {
  readonly detector: string;
  readonly seen: string;
  readonly against: string;
  readonly mdb: number;
  readonly kind: "declared" | "learned";
  readonly from: string | null;
  readonly to: string | null;
  /** Events behind it. */
  readonly count: number;
}

export interface ExplainedSignal {
  readonly host: string;
  readonly faultDomain: string;
  readonly time: string | null;
  readonly evidenceMdb: number;
  /** An answer to an inquiry. */
  readonly answersInquiry: boolean;
  readonly reasons: readonly ExplainedReason[];
}

export interface ExplainedVerdict {
  readonly verdict: object;
  readonly state: string;
  /** Where it was ended early: `c:17`. */
  readonly endedAt: string | null;
  readonly rule: { readonly name: string; readonly epoch: number; readonly asks: string };
  readonly signals: readonly ExplainedSignal[];
  readonly people: {
    readonly proposer: string;
    readonly proposed: string | null;
    readonly statement: string;
    readonly approvals: readonly {
      readonly approver: string;
      readonly groups: readonly string[];
      readonly time: string | null;
    }[];
  } | null;
  /** Its witnesses speak of one subject by the seals alone: their words were erased or pruned. */
  readonly bySealsOnly: boolean;
  /** The epoch was not the active one: its canary decided. */
  readonly ofCanary: boolean;
  readonly story: ExplainedStory;
  readonly proof: ExplainedProof;
}

export interface ExplainedProof {
  readonly ledgerIndex: number;
  readonly treeSize: number;
  readonly root: Uint8Array | null;
  readonly inclusionVerified: boolean;
  readonly inclusionPath: readonly Uint8Array[];
  readonly seals: number;
  readonly coordinators: number;
}

/** @param nowMs machine time at which its standing is judged. */
export function explainVerdict(
  crypto: Crypto,
  walk: LedgerWalk,
  walked: WalkedEntry,
  nowMs: number,
): ExplainedVerdict {
  const { verdict, record } = walked;
  const body = verdict?.kind === "lift" ? verdict.lift : verdict?.revocation;
  const view = walk.mesh.viewAt(Number(body?.controlIndex ?? 0n));
  const warrant = body?.warrant;
  const standing = standingOf(walk, walked, nowMs);
  const { rule: name = "", epoch = 0 } = body ?? {};
  const evidence = evidenceOf(warrant);
  const isOfPeople = warrant?.proposal !== undefined;
  const proofs = isOfPeople ? evidence : (warrant?.signals ?? []);
  return {
    verdict: verdictJson(walked),
    state: standing.state,
    endedAt: standing.by === undefined ? null : `c:${standing.by.index}`,
    rule: { name, epoch, asks: ruleWords(view, name, epoch) },
    signals: signalsIn(crypto, view, proofs, record.privates),
    people: peopleOf(crypto, walk, view, warrant),
    bySealsOnly: walked.bySealsOnly === true,
    ofCanary: epoch > view.epoch,
    story: storyOf(walk, walked, nowMs),
    proof: proofOf(walk, walked, view.coordinatorKeys().length),
  };
}

/** The place of an entry under its ledger's sealed head. */
export function proofOf(
  walk: LedgerWalk,
  walked: WalkedEntry,
  coordinators: number,
): ExplainedProof {
  const inclusion = walk.inclusionOf(walked);
  const head = walk.headOf(walked.ledger);
  return {
    ledgerIndex: walked.index,
    treeSize: inclusion.size,
    root: head?.head.root ?? null,
    inclusionVerified: inclusion.isVerified,
    inclusionPath: inclusion.path,
    seals: head?.sealed.seals.length ?? 0,
    coordinators,
  };
}

/** Signals with the reasons beside them; none where their words are gone. */
export function signalsIn(
  crypto: Crypto,
  view: MeshView,
  proofs: readonly SignalProof[],
  privates: readonly PrivatePart[],
): ExplainedSignal[] {
  return proofs.flatMap((proof) => {
    const signal = decode(SignalSchema, proof.signal, LIMITS.signalBytesMax);
    if (signal === undefined) return [];
    const host = view.hostOf(signal.hostKey);
    const part = privates.find((each) => openPrivate(crypto, signal.commitment, each));
    const content = openPrivate(crypto, signal.commitment, part)?.content;
    return {
      host: host?.name ?? hex(signal.hostKey).slice(0, 16),
      faultDomain: host?.faultDomain ?? "",
      time: iso(signal.timeMs),
      evidenceMdb: signal.evidenceMdb,
      answersInquiry: signal.inquiryId.length > 0,
      reasons: (content?.reasons ?? []).map(reasonOf),
    };
  });
}

function reasonOf(reason: Reason): ExplainedReason {
  return {
    detector: reason.detector,
    seen: reason.seen,
    against: reason.against,
    mdb: reason.betsMdb,
    kind: reason.kind === EvidenceKind.LEARNED ? "learned" : "declared",
    from: iso(reason.fromMs),
    to: iso(reason.toMs),
    count: reason.count,
  };
}

function peopleOf(
  crypto: Crypto,
  walk: LedgerWalk,
  view: MeshView,
  warrant: Warrant | undefined,
): ExplainedVerdict["people"] {
  const envelope = warrant?.proposal;
  const proposal = envelope && decode(ProposalSchema, envelope.body, LIMITS.commandBytesMax);
  if (warrant === undefined || envelope === undefined || proposal === undefined) return null;
  const id = Buffer.from(crypto.sha256(envelope.body)).toString("hex");
  const recorded = walk.people.find(id);
  const approvals = warrant.approvals.flatMap((approval) => {
    const opened = openApproval(crypto, view, approval);
    if (isReject(opened)) return [];
    const { approver } = opened;
    return { approver, groups: view.groupsOf(approver), time: iso(opened.approval.createdMs) };
  });
  return {
    proposer: recorded?.opened.proposer ?? "",
    proposed: iso(proposal.createdMs),
    statement: recorded?.opened.statement ?? "",
    approvals,
  };
}
