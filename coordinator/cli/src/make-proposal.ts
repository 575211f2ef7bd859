// Makes proposals: canonical subject, private part with its salt, the wish, the signature of
// whoever asks. Pure but for randomness, which is an argument.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  type Crypto,
  type Envelope,
  encodeNew,
  LIMITS,
  type MeshId,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ProposalSchema,
  type Scope,
  ScopeSchema,
  type SignalProof,
  type Signer,
  type Stage,
  type SubjectText,
  signEnvelope,
  wireSubjectKind,
} from "@ostraka/proto";
import { usage } from "./failure.ts";
import type { WideningStep } from "./widening.ts";

export interface ProposalWish {
  readonly subject: SubjectText;
  /** Why, in the proposer's words. */
  readonly statement: string;
  readonly epoch: number;
  readonly nowMs: number;
  /** How long it may be approved. */
  readonly validMs: number;
  /** Signals that it takes along, with their private parts in their order. */
  readonly evidence?: {
    readonly signals: readonly SignalProof[];
    readonly parts: readonly PrivatePart[];
  };
  readonly wish:
    | {
        readonly kind: "revoke";
        readonly stage: Stage;
        readonly scope?: Scope;
        readonly ttlMs: number;
        readonly isDryRun?: boolean;
        readonly widening?: readonly WideningStep[];
        readonly supersedes?: readonly Uint8Array[];
      }
    | {
        readonly kind: "lift";
        readonly revocationIds: readonly Uint8Array[];
        /** 0 = no pardon. */
        readonly pardonBeforeMs: number;
      };
}

export interface MadeProposal {
  /** SHA-256 of the signed bytes. */
  readonly id: Bytes;
  readonly envelope: Envelope;
  readonly part: PrivatePart;
  /** Its own private part, then those of its evidence. */
  readonly privates: readonly PrivatePart[];
}

export function makeProposal(
  ports: {
    readonly crypto: Pick<Crypto, "sha256">;
    readonly mesh: MeshId;
    readonly signer: Signer;
    readonly random: (count: number) => Uint8Array;
  },
  wished: ProposalWish,
): MadeProposal {
  const { crypto, mesh, signer, random } = ports;
  const { subject, statement, nowMs, wish } = wished;
  if (statement.length > LIMITS.statementTextMax) {
    throw usage(`--reason is longer than ${LIMITS.statementTextMax} characters: shorten it`);
  }
  const content = encodeNew(PrivateSubjectSchema, { subject, statement });
  const part = create(PrivatePartSchema, { salt: Uint8Array.from(random(16)), content });
  const body = encodeNew(ProposalSchema, {
    format: 1,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + wished.validMs),
    nonce: Uint8Array.from(random(16)),
    epoch: wished.epoch,
    commitment: crypto.sha256(part.salt, part.content),
    wish: wish.kind === "lift" ? liftWish(wish) : revokeWish(wish, subject),
    evidence: [...(wished.evidence?.signals ?? [])],
  });
  const envelope = signEnvelope(mesh, "proposal", body, signer);
  const privates = [part, ...(wished.evidence?.parts ?? [])];
  return { id: crypto.sha256(body), envelope, part, privates };
}

type RevokePart = Extract<ProposalWish["wish"], { kind: "revoke" }>;
type LiftPart = Extract<ProposalWish["wish"], { kind: "lift" }>;

function revokeWish(wish: RevokePart, subject: SubjectText) {
  const { stage, scope = create(ScopeSchema), ttlMs, isDryRun = false, supersedes = [] } = wish;
  const { widening = [] } = wish;
  const value = {
    subjectKind: wireSubjectKind(subject),
    stage,
    scope,
    ttlMs: BigInt(ttlMs),
    isDryRun,
    supersedes: supersedes.map((id) => Uint8Array.from(id)),
    widening: widening.map(({ afterMs, permille }) => ({ afterMs: BigInt(afterMs), permille })),
  };
  return { case: "revoke" as const, value };
}

function liftWish({ revocationIds, pardonBeforeMs }: LiftPart) {
  const value = {
    revocationIds: revocationIds.map((id) => Uint8Array.from(id)),
    pardonBeforeMs: BigInt(pardonBeforeMs),
  };
  return { case: "lift" as const, value };
}

/** Reads `--scope K=V` flags: sorted, without repeats. @throws OstrakaError OSTRAKA_USAGE. */
export function scopeOf(flags: readonly string[]): Scope {
  const lists = { host: new Set<string>(), resource: new Set<string>() };
  const more = { action: new Set<string>(), label: new Set<string>() };
  const all: Readonly<Record<string, Set<string>>> = { ...lists, ...more };
  for (const flag of flags) {
    const at = flag.indexOf("=");
    const list = Object.hasOwn(all, flag.slice(0, at)) ? all[flag.slice(0, at)] : undefined;
    const value = flag.slice(at + 1);
    if (at < 1 || list === undefined || value === "") {
      const known = Object.keys(all).join(", ");
      throw usage(`--scope ${flag.slice(0, 80)}: give KEY=VALUE, KEY one of ${known}`);
    }
    list.add(value);
  }
  const sorted = (list: Set<string>) => [...list].sort();
  return create(ScopeSchema, {
    hosts: sorted(lists.host),
    resources: sorted(lists.resource),
    actions: sorted(more.action),
    labels: sorted(more.label),
  });
}
