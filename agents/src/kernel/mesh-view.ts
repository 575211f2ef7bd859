// What a machine may ask about the mesh: who may sign what, which policy an epoch names, as of a
// control index. Implemented by the node's wiring over the roster and policy agents.

import type { FindHolder, MeshId, Role } from "@ostraka/proto";
import type { Policy } from "./policy.ts";

export interface HostMember {
  readonly name: string;
  readonly key: Uint8Array;
  readonly faultDomain: string;
  readonly isWitness: boolean;
  /** Control index of the membership. */
  readonly index: number;
  readonly labels: readonly string[];
}

/** The mesh as of one control index. */
export interface MeshView {
  readonly mesh: MeshId;
  readonly meshName: string;
  readonly controlIndex: number;
  readonly rosterVersion: number;
  /** Rules that entries are computed by from here on (DESIGN.md 9). */
  readonly machineVersion: number;
  /** 0 before the first activation. */
  readonly epoch: number;
  readonly findHolder: FindHolder;
  hostOf(key: Uint8Array): HostMember | undefined;
  hostNamed(name: string): HostMember | undefined;
  /** Hosts that have not been expelled. */
  hosts(): Iterable<HostMember>;
  /** Whether the roster has expelled a host's key: it signs nothing that counts any more. */
  isExpelled(key: Uint8Array): boolean;
  /** Names of the roster's holders in a role, in its order. */
  holdersOf(role: Role): readonly string[];
  /**
   * Control index at which a member was proven to have said two things at one place; `undefined`
   * for who was not. From there on its seals and signals count no more.
   */
  convictedAt(key: Uint8Array): number | undefined;
  /** Groups of an approver, by holder name. */
  groupsOf(holder: string): readonly string[];
  /** The epoch that a host acts under: the active one, or a canary's that the host is of. */
  epochFor(host: HostMember): number;
  /**
   * Epochs whose signals count for a host at a machine time: the active one, a canary's that the
   * host is of, and the last one while a window that was opened under it may still be completed.
   */
  epochsOf(host: HostMember, machineTimeMs: number): readonly number[];
  /**
   * The policy of an epoch that has been active, or some hosts' canary, at or before this index.
   */
  policyOf(epoch: number): Policy | undefined;
  coordinatorKeys(): readonly Uint8Array[];
}

/** Seals that make a majority of n coordinators. */
export function majorityOf(coordinators: number): number {
  return Math.floor(coordinators / 2) + 1;
}
