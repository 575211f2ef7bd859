// What every checker is: an outside observer of one invariant. Told what happens, asked now and
// then to look around; reports what must never be. Shares no code with the nodes it watches.

import type { SidecarEffect, SubmissionAnswer } from "@ostraka/agents/node";
import type { Envelope } from "@ostraka/proto";
import type { Truth } from "../truth.ts";
import type { SimSidecar } from "../world.ts";

/** Where a run stands; what may be demanded depends on it. */
export interface Stand {
  /** Journals and coordinators can still decide: a majority is whole. */
  readonly canDecide: boolean;
  /** The broker never told two coordinators different things. */
  readonly isOneJournal: boolean;
  /** Everybody is cut off from the middle, or the middle is gone. */
  readonly isOutage: boolean;
  /** `host/id` of revocations that a host took from what a hostile broker played back to it. */
  readonly playedBack: ReadonlySet<string>;
  /** Coordinators whose disk was lost or came back old. */
  readonly worn: number;
  /** Name of the coordinator that lies, if one does. */
  readonly liar: string | undefined;
  /** True time from which on nothing breaks any more; infinite before. */
  readonly restMs: number;
  /** Sidecars that have been started. */
  readonly started: readonly SimSidecar[];
}

export interface Watch {
  readonly truth: Truth;
  stand(): Stand;
  report(why: string): void;
}

export abstract class Checker {
  abstract readonly invariant: string;
  protected readonly watch: Watch;

  constructor(watch: Watch) {
    this.watch = watch;
  }

  onEffect(_sidecar: SimSidecar, _effect: SidecarEffect): void {}
  onAnswer(_answer: SubmissionAnswer, _command: Envelope): void {}
  onPublish(_from: string, _channel: string, _bytes: Uint8Array): void {}
  /** A broker lost messages that it had acknowledged. */
  onLoss(): void {}
  /** A coordinator or a sidecar was started again. */
  onStart(_name: string): void {}
  /** Between two events, every second. */
  sample(): void {}
  /** Faults have stopped and the mesh has had time. */
  atRest(): void {}
  /** Everything that could expire has expired. */
  atExpiry(): void {}
}
