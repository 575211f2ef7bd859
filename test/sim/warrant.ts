// An independent judge of verdicts: recomputes by hand, from the bytes of an entry, whether its
// warrant carries it. Deliberately simple, shares no code with the nodes but the wire formats and
// signatures.

import {
  type Approval,
  ApprovalSchema,
  BatchSchema,
  decode,
  type Entry,
  type Envelope,
  type EnvelopeKind,
  envelopeType,
  hex,
  Ledger,
  type Lift,
  type PrivatePart,
  PrivateSubjectSchema,
  type Proposal,
  ProposalSchema,
  pae,
  type Revocation,
  SignalSchema,
  Stage,
} from "@ostraka/proto";
import { PEOPLE_TTL_MS_MAX, type SimPolicy } from "./policies.ts";
import type { Truth } from "./truth.ts";

const BYTES_MAX = 1_000_000;

/** The people behind keys, by hand from the mesh. */
function holdersOf(truth: Truth, kind: "proposal" | "approval"): Map<string, string> {
  const { sim } = truth.world;
  const approvers = [...sim.approvers, sim.adaAgain];
  const people =
    kind === "approval" ? approvers : [...approvers, ...sim.operators, sim.samOperating];
  return new Map(people.map((p) => [hex(p.signer.publicKey), p.name]));
}

/** Who truly signed an envelope alone; a word on what is wrong otherwise. */
function signerOf(
  truth: Truth,
  kind: EnvelopeKind,
  envelope: Envelope | undefined,
): Uint8Array | undefined {
  const [signature, second] = envelope?.signatures ?? [];
  if (envelope === undefined || signature === undefined || second !== undefined) return undefined;
  const { crypto, mesh } = truth.world.sim;
  if (envelope.type !== envelopeType(mesh, kind)) return undefined;
  const message = pae(envelope.type, envelope.body);
  return crypto.verify(signature.key, message, signature.signature) ? signature.key : undefined;
}

/** Subject that a private part opens to, if it opens the commitment. */
function subjectOf(truth: Truth, commitment: Uint8Array, part: PrivatePart | undefined) {
  if (part === undefined) return undefined;
  const opens = truth.world.sim.crypto.sha256(part.salt, part.content);
  if (hex(opens) !== hex(commitment)) return undefined;
  return decode(PrivateSubjectSchema, part.content, BYTES_MAX)?.subject;
}

/**
 * A verdict that its warrant carries, with the subject; or what is wrong with it, and whether what
 * is missing is a second holder (I2).
 */
export type Judgement =
  | { readonly subject: string }
  | { readonly fault: string; readonly isAlone: boolean };

const fault = (why: string): Judgement => ({ fault: why, isAlone: false });
const alone = (why: string): Judgement => ({ fault: why, isAlone: true });

export function judge(truth: Truth, entry: Entry, privates: readonly PrivatePart[]): Judgement {
  const { effect } = entry;
  if (effect.case === "revocation") {
    return entry.ledger === Ledger.SIGNALS
      ? judgeSignals(truth, entry, effect.value, privates)
      : judgePeople(truth, effect.value, privates);
  }
  if (effect.case === "lift" && entry.ledger === Ledger.CONTROL) {
    return judgePeople(truth, effect.value, privates);
  }
  return fault("is no verdict of this ledger");
}

function judgeSignals(
  truth: Truth,
  entry: Entry,
  revocation: Revocation,
  privates: readonly PrivatePart[],
): Judgement {
  const { sim } = truth.world;
  const judgedAt = Number(revocation.controlIndex);
  const policy = truth.epochs.policyOf(revocation.epoch);
  if (policy === undefined) return fault("names an unknown epoch");
  const hosts = new Set<string>();
  const domains = new Set<string>();
  const subjects = new Set<string | undefined>();
  const times: number[] = [];
  const proofs = revocation.warrant?.signals ?? [];
  for (const [i, proof] of proofs.entries()) {
    const key = signerOf(truth, "batch", proof.batch);
    const host = sim.hosts.find((h) => key !== undefined && hex(h.signer.publicKey) === hex(key));
    const batch = proof.batch && decode(BatchSchema, proof.batch.body, BYTES_MAX);
    const signal = decode(SignalSchema, proof.signal, BYTES_MAX);
    if (host === undefined || batch === undefined || signal === undefined) {
      return fault("holds a signal that no member signed");
    }
    if (!host.isWitness) return alone("counts a host that is no witness");
    if (signal.epoch !== revocation.epoch) return fault("mixes epochs");
    if (!truth.epochs.mayCount(host, signal.epoch, judgedAt, Number(entry.machineTimeMs))) {
      return fault(`counts ${host.name} under epoch ${signal.epoch}, which was not its own`);
    }
    if (signal.isAgainst) return fault("counts an answer against");
    if (signal.evidenceMdb < policy.lineMdb) return fault("counts a signal below the line");
    if (hex(pathRoot(truth, proof.leafIndex, batch.count, proof)) !== hex(batch.root)) {
      return fault("holds a signal that is not of its batch");
    }
    hosts.add(host.name);
    domains.add(host.domain);
    subjects.add(subjectOf(truth, signal.commitment, privates[i]));
    times.push(Number(signal.timeMs));
  }
  return judgeCounts(policy, revocation, { hosts, domains, subjects, times });
}

interface Counted {
  readonly hosts: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string | undefined>;
  readonly times: readonly number[];
}

function judgeCounts(policy: SimPolicy, revocation: Revocation, counted: Counted): Judgement {
  const { hosts, domains, subjects, times } = counted;
  const [subject] = subjects;
  if (subjects.size !== 1 || subject === undefined) return fault("speaks of no one subject");
  if (policy.exempt.includes(subject)) return fault("is about an exempt subject");
  if (hosts.size < policy.hosts || hosts.size < 2) return alone(`has ${hosts.size} witness hosts`);
  if (domains.size < policy.faultDomains) return alone(`has ${domains.size} fault domains`);
  const fromMs = Math.min(...times);
  if (Math.max(...times) - fromMs > policy.windowMs) return fault("reaches over its window");
  if (Number(revocation.expiresMs) !== fromMs + policy.ttlMs) return fault("has another expiry");
  if (revocation.stage !== policy.stage) return fault("has another stage");
  if ((revocation.scope?.hosts.length ?? 0) > 0) return fault("has another scope");
  return { subject };
}

/** Root that a leaf and its path give, after RFC 9162 section 2.1.3.2. */
function pathRoot(
  truth: Truth,
  leafIndex: number,
  count: number,
  proof: { readonly signal: Uint8Array; readonly path: readonly Uint8Array[] },
): Uint8Array {
  const { crypto, mesh } = truth.world.sim;
  const hash = (a: Uint8Array, b: Uint8Array) => crypto.sha256(Uint8Array.of(1), a, b);
  let fn = leafIndex;
  let sn = count - 1;
  let root: Uint8Array = crypto.sha256(
    Uint8Array.of(0),
    pae(envelopeType(mesh, "signal"), proof.signal),
  );
  for (const step of proof.path) {
    if (fn % 2 === 1 || fn === sn) {
      root = hash(step, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else root = hash(root, step);
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return root;
}

function judgePeople(
  truth: Truth,
  verdict: Revocation | Lift,
  privates: readonly PrivatePart[],
): Judgement {
  const { warrant } = verdict;
  const key = signerOf(truth, "proposal", warrant?.proposal);
  const proposer = key && holdersOf(truth, "proposal").get(hex(key));
  const body = warrant?.proposal?.body;
  const proposal = body && decode(ProposalSchema, body, BYTES_MAX);
  if (body === undefined || proposal === undefined || proposer === undefined) {
    return fault("has no proposal that a person signed");
  }
  const subject = subjectOf(truth, proposal.commitment, privates[0]);
  if (subject === undefined) return fault("speaks of no one subject");
  const id = hex(truth.world.sim.crypto.sha256(body));
  const people = new Set<string>();
  const approvals: Approval[] = [];
  for (const envelope of warrant?.approvals ?? []) {
    const approverKey = signerOf(truth, "approval", envelope);
    const approver = approverKey && holdersOf(truth, "approval").get(hex(approverKey));
    const approval = decode(ApprovalSchema, envelope.body, BYTES_MAX);
    if (approver === undefined || approval === undefined) return fault("has a false approval");
    if (hex(approval.proposalId) !== id) return fault("has an approval of something else");
    if (approver === proposer) return alone("is approved by its proposer");
    if (people.has(approver)) return alone("counts a person twice");
    people.add(approver);
    approvals.push(approval);
  }
  if (!hasConsent(proposal, people)) return alone(`has only ${[...people].join(", ") || "nobody"}`);
  const why = bodyFault(proposal, approvals, verdict);
  return why === undefined ? { subject } : fault(why);
}

function hasConsent(proposal: Proposal, people: ReadonlySet<string>): boolean {
  const responders = ["ada", "rui"].filter((name) => people.has(name)).length;
  const isEnd = proposal.wish.case === "revoke" && proposal.wish.value.stage === Stage.TERMINATE;
  return isEnd ? responders >= 2 : responders >= 1 && people.has("sam");
}

function bodyFault(
  proposal: Proposal,
  approvals: readonly Approval[],
  verdict: Revocation | Lift,
): string | undefined {
  const { wish } = proposal;
  const texts = (ids: readonly Uint8Array[]) => ids.map((id) => hex(id)).join();
  if (wish.case === "lift") {
    const isSame = "revocationIds" in verdict;
    if (!isSame || texts(verdict.revocationIds) !== texts(wish.value.revocationIds)) {
      return "lifts something else";
    }
    return verdict.pardonBeforeMs === wish.value.pardonBeforeMs ? undefined : "pardons otherwise";
  }
  if (wish.case !== "revoke" || !("stage" in verdict)) return "does something else";
  if (wish.value.stage !== verdict.stage) return "has another stage";
  if (Number(wish.value.ttlMs) > PEOPLE_TTL_MS_MAX) return "lasts too long";
  const times = [proposal, ...approvals].map((p) => Number(p.createdMs));
  if (Number(verdict.expiresMs) !== Math.min(...times) + Number(wish.value.ttlMs)) {
    return "has another expiry";
  }
  const asked = wish.value.scope?.hosts ?? [];
  if (asked.join() !== (verdict.scope?.hosts ?? []).join()) return "has another scope";
  if (texts(wish.value.supersedes) !== texts(verdict.supersedes)) return "supersedes otherwise";
  return undefined;
}
