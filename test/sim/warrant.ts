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
import type { HostPerson } from "./sim-mesh.ts";
import { nameIn, type Truth } from "./truth.ts";

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
      : judgePeople(truth, effect.value, privates, Number(entry.index));
  }
  if (effect.case === "lift" && entry.ledger === Ledger.CONTROL) {
    return judgePeople(truth, effect.value, privates, Number(entry.index));
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
  let shared = 0;
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
    if (truth.rosters.isExpelled(host, judgedAt)) return alone("counts a host that is expelled");
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
    shared = Math.max(shared, signal.sharedSubjects);
  }
  const counted = { hosts, domains, subjects, times, shared };
  return judgeCounts(truth, policy, entry, revocation, counted);
}

interface Counted {
  readonly hosts: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string | undefined>;
  readonly times: readonly number[];
  readonly shared: number;
}

function judgeCounts(
  truth: Truth,
  policy: SimPolicy,
  entry: Entry,
  revocation: Revocation,
  counted: Counted,
): Judgement {
  const { hosts, domains, subjects, times, shared } = counted;
  const { more } = policy;
  const [subject] = subjects;
  if (subjects.size !== 1 || subject === undefined) return fault("speaks of no one subject");
  if (policy.exempt.includes(subject)) return fault("is about an exempt subject");
  if (hosts.size < policy.hosts || hosts.size < 2) return alone(`has ${hosts.size} witness hosts`);
  if (more !== undefined && shared > more.sharedMax) return fault("is about a shared address");
  if (more !== undefined && shared >= more.escalatesAt && hosts.size < more.escalatedHosts) {
    return fault(`has ${hosts.size} hosts though the address is shared`);
  }
  if (domains.size < policy.faultDomains) return alone(`has ${domains.size} fault domains`);
  const fromMs = Math.min(...times);
  if (Math.max(...times) - fromMs > policy.windowMs) return fault("reaches over its window");
  const isRepeat = (revocation.warrant?.earlier.length ?? 0) > 0;
  const why = isRepeat
    ? earlierFault(truth, policy, entry, revocation, subject, fromMs)
    : undefined;
  if (why !== undefined) return fault(why);
  const { stage, ttlMs } = isRepeat && more !== undefined ? more.repeat : policy;
  if (Number(revocation.expiresMs) !== fromMs + ttlMs) return fault("has another expiry");
  if (revocation.stage !== stage) return fault("has another stage");
  const isDry = truth.epochs.isDryRunAt(revocation.epoch, Number(revocation.controlIndex));
  if (revocation.isDryRun !== isDry) return fault("is a dry run or none against its policy");
  if ((revocation.scope?.hosts.length ?? 0) > 0) return fault("has another scope");
  return { subject };
}

/** What is wrong with the earlier verdict that a warrant shows, read from the ledger itself. */
function earlierFault(
  truth: Truth,
  { more }: SimPolicy,
  entry: Entry,
  { warrant }: Revocation,
  subject: string,
  fromMs: number,
): string | undefined {
  const [earlier, another] = warrant?.earlier ?? [];
  if (more === undefined || earlier === undefined || another !== undefined) {
    return "shows earlier verdicts that its rule does not ask for";
  }
  const found = truth.entries(Ledger.SIGNALS)[Number(earlier.index)];
  const effect = found?.entry.effect;
  if (found === undefined || earlier.index >= entry.index || effect?.case !== "revocation") {
    return "shows an earlier verdict that is none";
  }
  if (hex(found.record.entry) !== hex(earlier.entry)) return "shows another earlier verdict";
  if (nameIn(found.record) !== subject) return "shows an earlier verdict about somebody else";
  if (effect.value.isDryRun) return "shows a dry run as an earlier verdict";
  const isRecent = Number(effect.value.fromMs) + more.repeat.withinMs >= fromMs;
  return isRecent ? undefined : "shows an earlier verdict of long ago";
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
  index: number,
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
  const policy = truth.epochs.policyOf(proposal.epoch);
  if (policy === undefined || truth.epochs.activeAt(index - 1) !== proposal.epoch) {
    return fault("is judged by an epoch that is not active");
  }
  const taken = takenAlong(truth, policy, proposal, subject, privates.slice(1), index - 1);
  if (typeof taken === "string") return fault(taken);
  if (people.size === 0) return alone("has nobody's consent");
  if (!hasConsent(policy, proposal, people, taken)) {
    return alone(`has only ${[...people].join(", ")}`);
  }
  const why = bodyFault(proposal, [...approvals.map((a) => a.createdMs), ...taken.times], verdict);
  return why === undefined ? { subject } : fault(why);
}

/** Signals inside a proposal: their times, and whether they earn its lighter consent. */
interface TakenAlong {
  readonly times: readonly bigint[];
  readonly isEvidence: boolean;
}

function takenAlong(
  truth: Truth,
  policy: SimPolicy,
  proposal: Proposal,
  subject: string,
  privates: readonly PrivatePart[],
  judgedAt: number,
): TakenAlong | string {
  const { sim } = truth.world;
  const over: { host: HostPerson; ms: number }[] = [];
  const times: bigint[] = [];
  for (const [i, proof] of proposal.evidence.entries()) {
    const key = signerOf(truth, "batch", proof.batch);
    const host = sim.hosts.find((h) => key !== undefined && hex(h.signer.publicKey) === hex(key));
    const batch = proof.batch && decode(BatchSchema, proof.batch.body, BYTES_MAX);
    const signal = decode(SignalSchema, proof.signal, BYTES_MAX);
    if (host === undefined || batch === undefined || signal === undefined) {
      return "takes along a signal that no member signed";
    }
    if (!host.isWitness) return "takes along a signal of no witness";
    if (truth.rosters.isExpelled(host, judgedAt)) return "takes along a signal of an expelled host";
    if (signal.epoch !== proposal.epoch) return "takes along a signal of another epoch";
    if (signal.isAgainst) return "takes along an answer against";
    if (hex(pathRoot(truth, proof.leafIndex, batch.count, proof)) !== hex(batch.root)) {
      return "takes along a signal that is not of its batch";
    }
    if (subjectOf(truth, signal.commitment, privates[i]) !== subject) {
      return "takes along a signal about another subject";
    }
    times.push(signal.timeMs);
    const isOver = signal.evidenceMdb >= (policy.more?.evidence.lineMdb ?? Infinity);
    if (isOver) over.push({ host, ms: Number(signal.timeMs) });
  }
  const { hosts = 2, faultDomains = 2 } = policy.more?.evidence ?? {};
  const isEvidence = over.some(({ ms }) => {
    const inWindow = over.filter((o) => o.ms >= ms && o.ms - ms <= policy.windowMs);
    const names = new Set(inWindow.map((o) => o.host.name));
    const domains = new Set(inWindow.map((o) => o.host.domain));
    return names.size >= hosts && domains.size >= faultDomains;
  });
  return { times, isEvidence };
}

function hasConsent(
  policy: SimPolicy,
  { wish }: Proposal,
  people: ReadonlySet<string>,
  { isEvidence }: TakenAlong,
): boolean {
  const responders = ["ada", "rui"].filter((name) => people.has(name)).length;
  const ofBoth = responders >= 1 && people.has("sam");
  if (wish.case !== "revoke") return ofBoth;
  const { stage, scope, ttlMs, supersedes } = wish.value;
  // To supersede is to lift as well.
  if (supersedes.length > 0 && !ofBoth) return false;
  if (stage === Stage.TERMINATE) return responders >= 2;
  const { more } = policy;
  const isLong =
    more !== undefined && (scope?.hosts.length ?? 0) === 0 && Number(ttlMs) > more.longMs;
  if (isLong && responders < 2) return false;
  return ofBoth || (more !== undefined && isEvidence && responders >= 1);
}

function bodyFault(
  proposal: Proposal,
  others: readonly bigint[],
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
  const times = [proposal.createdMs, ...others].map(Number);
  if (Number(verdict.expiresMs) !== Math.min(...times) + Number(wish.value.ttlMs)) {
    return "has another expiry";
  }
  const asked = wish.value.scope?.hosts ?? [];
  if (asked.join() !== (verdict.scope?.hosts ?? []).join()) return "has another scope";
  if (wish.value.isDryRun !== verdict.isDryRun) return "is a dry run or none against its wish";
  const steps = (list: typeof verdict.widening) => list.map((w) => `${w.afterMs}/${w.permille}`);
  if (steps(wish.value.widening).join() !== steps(verdict.widening).join())
    return "widens otherwise";
  if (texts(wish.value.supersedes) !== texts(verdict.supersedes)) return "supersedes otherwise";
  return undefined;
}
