// I8: silence is visible. A host that is down, cut off, stale or holds another deny set is named by
// the status of every coordinator that could know, within seconds; and when all is well, nobody is
// named any more.

import { statusOf } from "../status.ts";
import type { SimCoordinator, SimSidecar } from "../world.ts";
import { Checker } from "./checker.ts";

/**
 * Seconds, one sample each, after which a host's trouble and who could know of it must have met.
 */
const NAMED_SAMPLES = 9;

export class SilenceChecker extends Checker {
  readonly invariant = "I8";
  /** For how many samples each has been as it is, without a break. */
  readonly #silent = new Map<string, number>();
  readonly #trouble = new Map<string, string | undefined>();
  readonly #listening = new Map<string, number>();

  /** One that was fresh between two samples, however briefly, was not stale all the while. */
  override onPublish(from: string): void {
    const sidecar = this.watch.stand().started.find((s) => s.person.name === from);
    if (sidecar?.node?.isFresh() === true) this.#trouble.delete(from);
  }

  override sample(): void {
    const { truth, stand } = this.watch;
    for (const coordinator of truth.world.coordinators) {
      this.#count(this.#listening, coordinator.person.name, this.#couldKnow(coordinator));
    }
    const named = new Map<SimCoordinator, readonly string[]>();
    for (const sidecar of stand().started) {
      const { name } = sidecar.person;
      const trouble = this.#troubleOf(sidecar);
      const isSame = trouble !== undefined && trouble === this.#trouble.get(name);
      this.#trouble.set(name, trouble);
      if (this.#count(this.#silent, name, isSame) < NAMED_SAMPLES) continue;
      for (const coordinator of truth.world.coordinators) {
        if ((this.#listening.get(coordinator.person.name) ?? 0) < NAMED_SAMPLES) continue;
        if (!this.#isMember(coordinator, name)) continue;
        const notes = named.get(coordinator) ?? statusOf(truth.world, coordinator);
        named.set(coordinator, notes);
        if (notes.some((note) => isAbout(note, name))) continue;
        this.watch.report(`${coordinator.person.name} does not name ${name}, which ${trouble}`);
      }
    }
  }

  #count(counts: Map<string, number>, name: string, isSo: boolean): number {
    const count = isSo ? (counts.get(name) ?? 0) + 1 : 0;
    counts.set(name, count);
    return count;
  }

  /** Runs, hears the broker and has a whole history: what it says is to be relied on. */
  #couldKnow({ node, person }: SimCoordinator): boolean {
    const { truth } = this.watch;
    return (
      node !== undefined &&
      !truth.world.bus.cut.has(`to:${person.name}`) &&
      truth.wholeCoordinators().some((c) => c.person === person)
    );
  }

  #isMember({ node }: SimCoordinator, name: string): boolean {
    return [...(node?.control.mesh.view.hosts() ?? [])].some((host) => host.name === name);
  }

  #troubleOf({ node, person }: SimSidecar): string | undefined {
    const { cut } = this.watch.truth.world.bus;
    if (node === undefined) return "is down";
    if (cut.has(`from:${person.name}`)) return "is cut off";
    return node.readiness().ready && !node.isFresh() ? "is stale" : undefined;
  }

  override atRest(): void {
    const { truth, stand } = this.watch;
    if (!stand().canDecide) return;
    for (const coordinator of truth.wholeCoordinators()) {
      const notes = statusOf(truth.world, coordinator);
      for (const { node, person } of stand().started) {
        if (node?.isFresh() !== true) continue;
        const note = notes.find((n) => isAbout(n, person.name) && !n.includes("does not enforce"));
        if (note !== undefined) {
          this.watch.report(`${coordinator.person.name} still names ${person.name}: ${note}`);
        }
      }
    }
  }
}

function isAbout(note: string, name: string): boolean {
  return note.startsWith(`${name}:`) || note.startsWith(`${name} `);
}
