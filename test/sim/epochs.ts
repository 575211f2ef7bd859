// Which policy an epoch names and which epochs may speak, by hand from the control ledger: a second
// opinion that shares no code with the nodes. Reads activations and steps of rollouts one by one.

import {
  decode,
  Ledger,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  PolicyRolloutSchema,
  RolloutStep,
} from "@ostraka/proto";
import { type SimPolicy, simPolicyOf } from "./policies.ts";
import type { HostPerson } from "./sim-mesh.ts";
import type { Truth } from "./truth.ts";

const BYTES_MAX = 1_000_000;

interface Active {
  readonly epoch: number;
  readonly index: number;
  readonly atMs: number;
  /** Brought back by a guardrail: what was taken back closes at once. */
  readonly isRestored: boolean;
}

interface Canary {
  readonly epoch: number;
  readonly policyHash: Uint8Array;
  readonly permille: number;
  readonly isDryRun: boolean;
  readonly from: number;
  until: number;
}

/** All that was ever said about epochs, in order. */
export class Epochs {
  readonly #truth: Truth;
  #through = 1;
  readonly #contents = new Map<number, SimPolicy>();
  readonly #active: Active[] = [];
  readonly #canaries: Canary[] = [];
  #running: { policyHash: Uint8Array; permille: number; isDryRun: boolean } | undefined;
  #version2From = Number.POSITIVE_INFINITY;
  /** Epochs that were named twice, or that follow a later one. */
  readonly faults: string[] = [];

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** The policy that an epoch names. */
  policyOf(epoch: number): SimPolicy | undefined {
    this.#read();
    return this.#contents.get(epoch);
  }

  /** The epoch that is active at a control index. */
  activeAt(index: number): number {
    this.#read();
    return this.#active.findLast((a) => a.index <= index)?.epoch ?? 0;
  }

  isVersion2At(index: number): boolean {
    this.#read();
    return index >= this.#version2From;
  }

  /** The canary that a host is of at a control index. */
  canaryOf(host: HostPerson, index: number): Canary | undefined {
    this.#read();
    const canary = this.#canaries.findLast((c) => c.from <= index && index < c.until);
    if (canary === undefined) return undefined;
    const bytes = this.#truth.world.sim.crypto.sha256(canary.policyHash, host.signer.publicKey);
    const share = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % 1_000;
    return share < canary.permille ? canary : undefined;
  }

  /** Epoch of the canary that runs. */
  runningCanary(): number | undefined {
    this.#read();
    const last = this.#canaries.at(-1);
    return last?.until === Number.POSITIVE_INFINITY ? last.epoch : undefined;
  }

  /** Whether what is decided under an epoch at an index is a dry run. */
  isDryRunAt(epoch: number, index: number): boolean {
    this.#read();
    const canary = this.#canaries.findLast((c) => c.from <= index && index < c.until);
    return canary?.epoch === epoch && canary.isDryRun;
  }

  /** Whether a host's signal of an epoch may count at an index and machine time. */
  mayCount(host: HostPerson, epoch: number, index: number, atMs: number): boolean {
    this.#read();
    const at = this.#active.findLastIndex((a) => a.index <= index);
    const [last, now] = [this.#active[at - 1], this.#active[at]];
    if (now?.epoch === epoch) return true;
    if (!this.isVersion2At(index)) return false;
    if (this.canaryOf(host, index)?.epoch === epoch) return true;
    if (now === undefined || last?.epoch !== epoch || now.isRestored) return false;
    return atMs <= now.atMs + (this.policyOf(epoch)?.windowMs ?? 0);
  }

  #read(): void {
    const entries = this.#truth.entries(Ledger.CONTROL);
    for (const { entry } of entries.slice(this.#through)) {
      const index = Number(entry.index);
      const { effect } = entry;
      if (effect.case === "version") this.#version2From = Math.min(this.#version2From, index);
      if (effect.case === "policy") {
        const document = decode(PolicyDocumentSchema, effect.value.body, BYTES_MAX);
        const policy = document && simPolicyOf(document.yaml);
        if (document !== undefined && policy !== undefined) this.#name(document.epoch, policy);
      }
      if (effect.case === "activation") {
        const epoch = decode(PolicyActivationSchema, effect.value.body, BYTES_MAX)?.epoch ?? 0;
        this.#activate({ epoch, index, atMs: Number(entry.machineTimeMs), isRestored: false });
        this.#endCanary(index);
      }
      if (effect.case === "rollout") {
        const order = decode(PolicyRolloutSchema, effect.value.body, BYTES_MAX);
        if (order === undefined) continue;
        const { policyHash, canaryPermille, isDryRun } = order;
        this.#running = { policyHash, permille: canaryPermille, isDryRun };
      }
      if (effect.case === "rolloutChange") {
        const { epoch, step, restoredEpoch } = effect.value;
        this.#step(epoch, step, restoredEpoch, index, Number(entry.machineTimeMs));
      }
    }
    this.#through = Math.max(this.#through, entries.length);
  }

  #step(epoch: number, step: RolloutStep, restored: number, index: number, atMs: number): void {
    const running = this.#running;
    if (step === RolloutStep.CANARY && running !== undefined) {
      this.#canaries.push({ epoch, ...running, from: index, until: Number.POSITIVE_INFINITY });
      return;
    }
    this.#endCanary(index);
    if (step === RolloutStep.ACTIVE) this.#activate({ epoch, index, atMs, isRestored: false });
    if (restored === 0) return;
    // Its content is what was active before the epoch that is taken back.
    const earlier = this.#active.findLast((a) => a.epoch !== epoch)?.epoch ?? 0;
    const content = this.#contents.get(earlier);
    if (content !== undefined) this.#name(restored, content);
    this.#activate({ epoch: restored, index, atMs, isRestored: true });
  }

  #name(epoch: number, policy: SimPolicy): void {
    const known = this.#contents.get(epoch);
    if (known !== undefined && known !== policy)
      this.faults.push(`epoch ${epoch} names two policies`);
    else if (known !== undefined) this.faults.push(`epoch ${epoch} is named twice`);
    this.#contents.set(epoch, policy);
  }

  #activate(active: Active): void {
    const before = this.#active.at(-1)?.epoch ?? 0;
    if (active.epoch <= before) this.faults.push(`epoch ${active.epoch} follows epoch ${before}`);
    this.#active.push(active);
  }

  #endCanary(index: number): void {
    const last = this.#canaries.at(-1);
    if (last !== undefined) last.until = Math.min(last.until, index);
  }
}
