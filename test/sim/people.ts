// Operators, approvers and authors at work: kill switches, lifts, pardons, a second epoch; and
// what people may try that must lead nowhere: approving themselves, approving twice, lapsed
// consent, epochs that go back.

import { create } from "@bufbuild/protobuf";
import { commitmentOf } from "@ostraka/agents/kernel";
import {
  ApprovalSchema,
  compareBytes,
  type Envelope,
  encodeNew,
  PolicyRolloutSchema,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ProposalSchema,
  parseSubject,
  type SignalProof,
  Stage,
  SubjectKind,
  signEnvelope,
} from "@ostraka/proto";
import type { Client } from "./client.ts";
import {
  BENEATH_FLOOR,
  EXEMPT_USER,
  POLICIES,
  type SimPolicy,
  withMore,
  yamlOf,
} from "./policies.ts";
import type { Random } from "./random.ts";
import { type Person, policyCommands } from "./sim-mesh.ts";
import type { World } from "./world.ts";

export interface Wish {
  readonly subject: string;
  readonly by: Person;
  readonly stage?: Stage;
  readonly hosts?: readonly string[];
  readonly supersedes?: readonly Uint8Array[];
  /** Lifts these instead of revoking. */
  readonly lifts?: readonly Uint8Array[];
  readonly pardonBeforeMs?: number;
  readonly isDryRun?: boolean;
  /** Steps of a staged widening. */
  readonly widening?: readonly { readonly afterMs: bigint; readonly permille: number }[];
  readonly ttlMs?: number;
  /** Signals that the proposal takes along, with their private parts. */
  readonly evidence?: {
    readonly signals: readonly SignalProof[];
    readonly parts: readonly PrivatePart[];
  };
}

const WANTED_MS = 90_000;
/** Lapsed for certain, also where machine time lags behind a mesh that stood still. */
const LAPSED_MS = -60_000;

export class People {
  readonly #world: World;
  readonly #random: Random;
  readonly #client: Client;

  constructor(world: World, random: Random, client: Client) {
    this.#world = world;
    this.#random = random;
    this.#client = client;
  }

  get #now(): number {
    return this.#world.time.nowMs;
  }

  person(name: string): Person {
    const { approvers, operators } = this.#world.sim;
    const found = [...approvers, ...operators].find((p) => p.name === name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  /** A signed proposal with its private part. */
  proposal(wish: Wish): { envelope: Envelope; part: PrivatePart } {
    const { sim } = this.#world;
    const content = encodeNew(PrivateSubjectSchema, { subject: wish.subject, statement: "seen" });
    const part = create(PrivatePartSchema, { salt: this.#random.bytes(16), content });
    const isUser = parseSubject(wish.subject)?.startsWith("user:") === true;
    const revoke = {
      subjectKind: isUser ? SubjectKind.USER : SubjectKind.ADDRESS,
      stage: wish.stage ?? Stage.SUSPEND,
      ttlMs: BigInt(wish.ttlMs ?? this.#random.int(10_000, 50_000)),
      isDryRun: wish.isDryRun ?? false,
      widening: [...(wish.widening ?? [])],
      supersedes: [...(wish.supersedes ?? [])] as Uint8Array<ArrayBuffer>[],
      ...(wish.hosts && { scope: { hosts: [...wish.hosts] } }),
    };
    const lift = {
      revocationIds: [...(wish.lifts ?? [])].sort(compareBytes) as Uint8Array<ArrayBuffer>[],
      pardonBeforeMs: BigInt(wish.pardonBeforeMs ?? 0),
    };
    const body = encodeNew(ProposalSchema, {
      format: 1,
      createdMs: BigInt(this.#now),
      notAfterMs: BigInt(this.#now + WANTED_MS),
      nonce: this.#random.bytes(16),
      epoch: this.#epoch(),
      commitment: commitmentOf(sim.crypto, part),
      wish:
        wish.lifts === undefined
          ? { case: "revoke" as const, value: revoke }
          : { case: "lift" as const, value: lift },
      evidence: [...(wish.evidence?.signals ?? [])],
    });
    return { envelope: signEnvelope(sim.mesh, "proposal", body, wish.by.signer), part };
  }

  approval(proposal: Envelope, by: Person, forMs = WANTED_MS): Envelope {
    const { sim } = this.#world;
    const body = encodeNew(ApprovalSchema, {
      format: 1,
      proposalId: sim.crypto.sha256(proposal.body),
      createdMs: BigInt(this.#now),
      notAfterMs: BigInt(this.#now + forMs),
    });
    return signEnvelope(sim.mesh, "approval", body, by.signer);
  }

  /** Proposes and has approvers consent one after the other, once the proposal stands. */
  ask(wish: Wish, approvers: readonly Person[], forMs = WANTED_MS): void {
    const { envelope, part } = this.proposal(wish);
    this.#client.submit(envelope, [part, ...(wish.evidence?.parts ?? [])], ({ outcome }) => {
      if (outcome !== "ok") return;
      for (const approver of approvers) {
        this.#world.time.in(this.#random.int(0, 1_500), () =>
          this.#client.submit(this.approval(envelope, approver, forMs)),
        );
      }
    });
  }

  /** Publishes and activates a policy; what follows may be refused and is tried all the same. */
  activate(policy: SimPolicy, then?: () => void): void {
    const { sim } = this.#world;
    const commands = policyCommands(sim, policy.epoch, this.#now, yamlOf(policy));
    const [document, activation] = commands;
    this.#client.submit(document, [], () => this.#client.submit(activation, [], () => then?.()));
  }

  /**
   * The second epoch, after a document beneath the floor; then the first again, and another
   * second.
   * @param isRollout brings it in by steps instead of at once.
   */
  changeEpoch(isRollout: boolean): void {
    const [first, plain] = POLICIES as [SimPolicy, SimPolicy];
    const second = this.isVersion2 ? withMore(plain) : plain;
    const goBack = () => {
      const [, again] = policyCommands(this.#world.sim, 1, this.#now - 1, yamlOf(first));
      const { firstActivation } = this;
      if (firstActivation !== undefined) this.#client.submit(this.#resigned(firstActivation));
      this.#client.submit(again);
      this.activate({ ...second, ttlMs: second.ttlMs + 5_000 });
    };
    this.activate(BENEATH_FLOOR, () => {
      if (!isRollout || !this.isVersion2) this.activate(second, goBack);
      else this.#rollOut(second, goBack);
    });
  }

  /** Publishes a policy and has it prepared, tried by a share of the hosts, and activated. */
  #rollOut(policy: SimPolicy, then: () => void): void {
    const { sim } = this.#world;
    const [document] = policyCommands(sim, policy.epoch, this.#now, yamlOf(policy));
    const isCanary = this.#random.chance(0.7);
    const body = encodeNew(PolicyRolloutSchema, {
      format: 1,
      epoch: policy.epoch,
      policyHash: sim.crypto.sha256(document.body),
      createdMs: BigInt(this.#now),
      notAfterMs: BigInt(this.#now + WANTED_MS),
      readyPermille: this.#random.pick([400, 1_000]),
      ...(isCanary && {
        canaryPermille: 500,
        isDryRun: this.#random.chance(0.3),
        bakeMs: BigInt(this.#random.int(4_000, 7_000)),
      }),
      guardrails: { revocationsMax: this.#random.pick([0, 1]), liftsMax: 0, errorsMax: 0 },
      watchMs: BigInt(this.#random.int(2_000, 8_000)),
    });
    const signers = sim.authors.map((author) => author.signer);
    const order = signEnvelope(sim.mesh, "rollout", body, ...signers);
    const alone = signEnvelope(sim.mesh, "rollout", body, ...signers.slice(1));
    this.#client.submit(document, [], () => {
      // One author alone rolls out nothing.
      this.#client.submit(alone, [], () => this.#client.submit(order, [], () => then()));
    });
  }

  /** The activation of epoch 1, to be tried again later. */
  firstActivation: Envelope | undefined;

  /** The same body signed in another order: another command of the same content. */
  #resigned(envelope: Envelope): Envelope {
    return { ...envelope, signatures: [...envelope.signatures].reverse() };
  }

  /** Whether a coordinator says that the mesh knows the newer version. */
  get isVersion2(): boolean {
    return this.#world.coordinators.some(
      (c) => (c.node?.control.mesh.view.machineVersion ?? 1) > 1,
    );
  }

  #epoch(): number {
    const [coordinator] = this.#world.coordinators.filter((c) => c.node !== undefined);
    return coordinator?.node?.control.mesh.view.epoch ?? 1;
  }

  // --- what must lead nowhere ---

  tryAlone(subject: string, hostName: string): void {
    const { samOperating, adaAgain } = this.#world.sim;
    const [ada, sam, rui] = ["ada", "sam", "rui"].map((n) => this.person(n)) as [
      Person,
      Person,
      Person,
    ];
    // A proposer who is also the only one of a group, one person with two keys, and lapsed consent.
    this.ask({ subject, by: samOperating }, [ada, sam]);
    this.ask({ subject, by: this.person("olga"), stage: Stage.TERMINATE }, [ada, adaAgain]);
    this.ask({ subject, by: ada, stage: Stage.TERMINATE }, [ada, rui]);
    this.ask({ subject, by: this.person("olga"), hosts: [hostName] }, [ada, sam], LAPSED_MS);
    this.ask({ subject, by: this.person("omar") }, [rui]);
    this.ask({ subject: EXEMPT_USER, by: this.person("omar") }, [ada, sam]);
    this.ask({ subject, by: this.person("omar"), hosts: ["host-9"] }, [ada, sam]);
  }
}
