// A mesh in which a rollout runs: the control machine, and a second reader of its entries that
// re-derives each as a sidecar does. Orders and reports are really signed. Knows no test.

import {
  type Bytes,
  encodeNew,
  PolicyRolloutSchema,
  ReportSchema,
  type RolloutStep,
  signEnvelope,
} from "@ostraka/proto";
import { Mesh } from "../src/node/mesh.ts";
import { MachineRun } from "./machine-run.ts";
import type { MeshKit, Person } from "./mesh-kit.ts";
import { PLAIN_POLICY_YAML } from "./plain-policy.ts";

export interface ReportInit {
  readonly hosts?: number;
  readonly ready?: number;
  readonly errors?: number;
  readonly revocations?: number;
  readonly lifts?: number;
}

/** A policy of another name. */
export function policyNamed(name: string): string {
  return PLAIN_POLICY_YAML.replace("name: default", `name: ${name}`);
}

export class RolloutRun {
  readonly run: MachineRun;
  readonly kit: MeshKit;
  /** Another reader of the ledger: takes nothing on trust. */
  readonly edge: Mesh;
  /** Entries that the other reader refused, as `index code`. */
  readonly refused: string[] = [];
  /** Epochs that each host has acted under, in order, without repeats. */
  readonly acted = new Map<string, number[]>();
  #followed = 0;

  constructor(kit: MeshKit) {
    this.kit = kit;
    this.run = MachineRun.joined(kit);
    this.run.upgrade();
    this.edge = new Mesh(kit.crypto, kit.genesis);
    this.follow();
  }

  get mesh(): Mesh {
    return this.run.control.mesh;
  }

  /** Step of the running rollout; `undefined` when none runs. */
  get step(): RolloutStep | undefined {
    return this.mesh.rollouts.running?.step;
  }

  publish(name: string) {
    const epoch = this.mesh.policies.nextEpoch;
    const { document } = this.kit.policy(epoch, this.run.nowMs, policyNamed(name));
    return this.run.command(document);
  }

  order(fields: object = {}, authors: readonly Person[] = this.kit.authors) {
    const { newestEpoch: epoch } = this.mesh.policies;
    const hash = this.mesh.policies.hashOf(epoch) ?? "";
    const body = encodeNew(PolicyRolloutSchema, {
      format: 1,
      epoch,
      policyHash: new Uint8Array(Buffer.from(hash, "hex")),
      createdMs: BigInt(this.run.nowMs),
      notAfterMs: BigInt(this.run.nowMs + 60_000),
      readyPermille: 900,
      canaryPermille: 500,
      bakeMs: 10_000n,
      watchMs: 10_000n,
      guardrails: { revocationsMax: 5, liftsMax: 2, errorsMax: 10 },
      ...fields,
    });
    const signers = authors.map((author) => author.signer);
    return signEnvelope(this.kit.mesh, "rollout", body, ...signers);
  }

  rollOut(fields: object = {}) {
    const taken = this.run.command(this.order(fields));
    this.follow();
    return taken;
  }

  /** These coordinators report the same about an epoch. */
  report(fields: ReportInit, by: readonly Person[] = this.kit.coordinators, epoch?: number): void {
    const value = epoch ?? this.mesh.rollouts.running?.order.epoch ?? 0;
    for (const coordinator of by) {
      const body = encodeNew(ReportSchema, {
        format: 1,
        coordinatorKey: coordinator.signer.publicKey,
        timeMs: BigInt(++this.#reportMs),
        notAfterMs: BigInt(this.run.nowMs + 30_000),
        about: { case: "epoch", value },
        hosts: 10,
        receiptsRoot: new Uint8Array(32),
        ...fields,
      });
      this.run.command(signEnvelope(this.kit.mesh, "report", body, coordinator.signer));
    }
  }

  #reportMs = 1_767_225_600_000;

  tick(ms = 1_000): void {
    this.run.tick(ms);
    this.follow();
  }

  /** The other reader takes every new entry, and every host acts. */
  follow(): void {
    const records = this.run.records("control");
    const entries = this.run.entries("control");
    for (; this.#followed < entries.length; this.#followed++) {
      const entry = entries[this.#followed] as (typeof entries)[number];
      const { effect } = entry;
      const fault = this.edge.faultOf(entry, records[this.#followed]?.privates ?? []);
      const isVerdict = effect.case === "revocation" || effect.case === "lift";
      if (fault !== undefined && !isVerdict) this.refused.push(`${entry.index} ${fault.reject}`);
      else this.edge.apply(entry);
      for (const host of this.kit.hosts) this.#act(host.name, host.signer.publicKey);
    }
  }

  #act(host: string, key: Bytes): void {
    const epoch = this.edge.epochOf(key);
    const acted = this.acted.get(host) ?? [];
    if (acted.at(-1) !== epoch) acted.push(epoch);
    this.acted.set(host, acted);
  }
}
