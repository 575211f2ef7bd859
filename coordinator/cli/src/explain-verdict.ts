// A verdict walked back to what it rests on (I10): rule, signals host by host with their reasons,
// or proposal and approvals, its place in the ledger and the proof of it. Everything here has been
// verified by the walk.

import { type MeshView, openApproval, openSignalProof } from "@ostraka/agents/kernel";
import {
  type Crypto,
  decode,
  EvidenceKind,
  isReject,
  LIMITS,
  type PrivatePart,
  ProposalSchema,
  type Reason,
  type SignalProof,
  type Warrant,
} from "@ostraka/proto";
import { standingOf } from "./ledger/find-verdict.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger/ledger-walk.ts";
import { iso, verdictJson } from "./verdict-json.ts";
import { treeWords } from "./verdict-words.ts";

export interface ExplainedReason {
  readonly detector: string;
  readonly seen: string;
  readonly against: string;
  readonly mdb: number;
  readonly kind: "declared" | "learned";
  readonly from: string | null;
  readonly to: string | null;
}

export interface ExplainedSignal {
  readonly host: string;
  readonly faultDomain: string;
  readonly time: string | null;
  readonly evidenceMdb: number;
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
  readonly proof: {
    readonly ledgerIndex: number;
    readonly treeSize: number;
    readonly root: Uint8Array | null;
    readonly inclusionVerified: boolean;
    readonly inclusionPath: readonly Uint8Array[];
    readonly seals: number;
    readonly coordinators: number;
  };
}

/** @param nowMs machine time at which its standing is judged. */
export function explainVerdict(
  crypto: Crypto,
  walk: LedgerWalk,
  walked: WalkedEntry,
  nowMs: number,
): ExplainedVerdict {
  const { verdict, record, ledger, index } = walked;
  const body = verdict?.kind === "lift" ? verdict.lift : verdict?.revocation;
  const view = walk.mesh.viewAt(Number(body?.controlIndex ?? 0n));
  const warrant = body?.warrant;
  const { privates } = record;
  const standing = standingOf(walk, walked, nowMs);
  const inclusion = walk.inclusionOf(walked);
  const head = walk.headOf(ledger);
  return {
    verdict: verdictJson(walked),
    state: standing.state,
    endedAt: standing.by === undefined ? null : `c:${standing.by.index}`,
    rule: ruleOf(view, body?.rule ?? "", body?.epoch ?? 0),
    signals: signalsOf(crypto, view, warrant?.signals ?? [], privates),
    people: peopleOf(crypto, walk, view, warrant),
    proof: {
      ledgerIndex: index,
      treeSize: inclusion.size,
      root: head?.head.root ?? null,
      inclusionVerified: inclusion.isVerified,
      inclusionPath: inclusion.path,
      seals: head?.sealed.seals.length ?? 0,
      coordinators: view.coordinatorKeys().length,
    },
  };
}

function ruleOf(view: MeshView, name: string, epoch: number): ExplainedVerdict["rule"] {
  const policy = view.policyOf(epoch);
  const bySignals = policy?.signalRules.find((rule) => rule.name === name);
  if (bySignals !== undefined) {
    const { hosts, faultDomains, lineMdb, windowMs } = bySignals;
    const asks =
      `signals from ${hosts} hosts of ${faultDomains} fault domains, each over ` +
      `${lineMdb / 1000} dB, within ${windowMs / 60_000} min`;
    return { name, epoch, asks };
  }
  const byPeople = policy?.approvalRules.find((rule) => rule.name === name);
  const asks =
    byPeople === undefined ? "not known" : `approval by ${treeWords(byPeople.approvals)}`;
  return { name, epoch, asks };
}

function signalsOf(
  crypto: Crypto,
  view: MeshView,
  proofs: readonly SignalProof[],
  privates: readonly PrivatePart[],
): ExplainedSignal[] {
  return proofs.flatMap((proof, i) => {
    const opened = openSignalProof(crypto, view, proof, privates[i]);
    if (isReject(opened)) return [];
    const { host, signal } = opened;
    return {
      host: host.name,
      faultDomain: host.faultDomain,
      time: iso(signal.timeMs),
      evidenceMdb: signal.evidenceMdb,
      reasons: opened.private.content.reasons.map(reasonOf),
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
