// Whether an entry stands where it says: ledger, index, root before it, position and time that
// never go back, generations without gaps, and the machine version of the mesh at that point.

import type { MeshView } from "@ostraka/agents/kernel";
import { MACHINE_VERSION_MAX } from "@ostraka/agents/node";
import {
  type Bytes,
  type Entry,
  equalBytes,
  type Head,
  type LedgerId,
  type Reject,
  reject,
} from "@ostraka/proto";

/** How far a ledger has been walked. */
export interface Place {
  readonly size: number;
  readonly root: Bytes;
  readonly position: bigint;
  readonly timeMs: bigint;
  readonly generation: number;
}

/** Machine versions that an entry here may have: one, or a few where the entry names no index. */
export interface VersionRange {
  readonly least: number;
  readonly most: number;
}

export function faultOfPlace(
  place: Place,
  ledger: LedgerId,
  entry: Entry,
  versions: VersionRange,
): Reject | undefined {
  const { machineVersion } = entry;
  if (entry.format !== 1 || machineVersion > MACHINE_VERSION_MAX) {
    return reject("unsupported-format");
  }
  if (machineVersion < versions.least || machineVersion > versions.most) {
    return reject("unsupported-format");
  }
  if (entry.ledger !== ledger) return reject("wrong-type");
  if (entry.index !== BigInt(place.size + 1)) return reject("wrong-index");
  if (!equalBytes(entry.previousRoot, place.root)) return reject("wrong-root");
  if (entry.machineTimeMs < place.timeMs) return reject("stale-tick");
  return faultOfGeneration(place, entry);
}

/** A generation begins with its opening; positions never go back, and time never does. */
function faultOfGeneration(place: Place, entry: Entry): Reject | undefined {
  const current = Math.max(1, place.generation);
  const { effect, generation } = entry;
  if (generation === current) {
    return entry.position < place.position ? reject("stale-tick") : undefined;
  }
  if (effect.case !== "opening") return reject("generation-not-next");
  const isNext = generation === current + 1 && effect.value.generation === generation;
  return isNext ? undefined : reject("generation-not-next");
}

/** Whether a head may follow what has been walked, by position, time and generation. */
export function isBehind(place: Place, head: Head): boolean {
  if (head.machineTimeMs < place.timeMs || head.generation < place.generation) return true;
  return head.generation === place.generation && head.position < place.position;
}

/**
 * Versions that an entry of the signals ledger may have: what was imported before it lies between
 * two control indices.
 */
export function versionsBetween(
  viewAt: (index: number) => Pick<MeshView, "machineVersion">,
  from: number,
  to: number,
  before: number,
): VersionRange {
  const least = Math.max(before, viewAt(from).machineVersion);
  return { least, most: viewAt(to).machineVersion };
}
