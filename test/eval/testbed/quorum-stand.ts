// The mesh's own quorum over the hosts' signals, under the policy that `ostraka init` publishes:
// signals are really signed, opened and counted. Owns a roster of fifty witnesses in ten fault
// domains. The governor and people come after the quorum and are not here.

import type { Signal } from "@ostraka/agents/scorer";
import { EvidenceKind, isReject, utf8 } from "@ostraka/proto";
import {
  MACHINE_VERSION_MAX,
  type MeshView,
  openSignalProof,
  type Policy,
} from "../../../agents/src/kernel/index.ts";
import { DEFAULT_POLICY_YAML, parsePolicy, rosterFacts } from "../../../agents/src/policy/index.ts";
import { SignalQuorum } from "../../../agents/src/quorum/index.ts";
import { MachineRun } from "../../../agents/testkit/machine-run.ts";
import type { HostPerson, MeshKit } from "../../../agents/testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../../agents/testkit/node-crypto.ts";
import { DOMAINS, HOSTS } from "./company.ts";

const EPOCH = 1;
const EXPIRE_EVERY_MS = 60_000;

/** What the quorum made of one signal. */
export type QuorumWord = "revoked" | "for-people" | "waits" | "refused";

export class QuorumStand {
  readonly #kit: MeshKit;
  readonly #view: MeshView;
  readonly #quorum = new SignalQuorum(nodeCrypto);
  #expiredMs = 0;

  constructor() {
    this.#kit = testMesh("testbed", { hosts: HOSTS });
    const run = new MachineRun(this.#kit);
    run.tick();
    run.command(this.#kit.genesis.envelope);
    const { document, activation } = this.#kit.policy(EPOCH, run.nowMs);
    run.command(document);
    run.command(activation);
    for (const [i, host] of this.#kit.hosts.entries()) {
      const domain = (this.#kit.hosts[i % DOMAINS] as HostPerson).domain;
      const { grant, membership } = this.#kit.join({ ...host, domain }, run.nowMs);
      run.command(grant);
      run.command(membership);
    }
    run.upgrade();
    const facts = rosterFacts(this.#kit.genesis.roster);
    const yaml = utf8(DEFAULT_POLICY_YAML);
    const policy = parsePolicy(yaml, EPOCH, facts, MACHINE_VERSION_MAX);
    if ("fault" in policy) throw new Error(`the default policy is none: ${policy.fault}`);
    this.#view = { ...run.view, policyOf: () => policy as Policy };
  }

  /** Counts a host's signal at its own time. */
  count(host: number, signal: Signal): QuorumWord {
    const { timeMs } = signal;
    this.#expire(timeMs);
    const { proof, part } = this.#kit.signalProof(
      this.#kit.hosts[host] as HostPerson,
      signal.subject,
      timeMs,
      {
        epoch: EPOCH,
        day: signal.day,
        evidenceKind: EvidenceKind.DECLARED,
        evidenceMdb: signal.evidenceMdb,
        levelMdb: signal.levelMdb,
        evidenceFromMs: BigInt(signal.evidenceFromMs),
        sharedSubjects: signal.sharedSubjects,
      },
    );
    const opened = openSignalProof(nodeCrypto, this.#view, proof, part);
    if (isReject(opened)) throw new Error(`a signal does not open: ${opened.reject}`);
    const counted = { ...opened, part, proof: () => proof };
    const said = this.#quorum.count(this.#view, counted, timeMs);
    if (said === undefined) return "waits";
    if (isReject(said)) return "refused";
    return "held" in said ? "for-people" : "revoked";
  }

  #expire(nowMs: number): void {
    if (nowMs < this.#expiredMs + EXPIRE_EVERY_MS) return;
    this.#expiredMs = nowMs;
    this.#quorum.expire(this.#view, nowMs);
  }
}
