// What dry runs would have denied on this host, counted by revocation: shown, never enforced. Must
// never change an answer.

import type { Access, DenySet, EdgeTime } from "../../enforcer/index.ts";
import type { Trace } from "../../kernel/index.ts";

export class WouldDeny {
  readonly #denySet: DenySet;
  /** Requests that each dry run would have denied, by hex id, and how many have been told. */
  readonly #counts = new Map<string, { count: number; told: number }>();

  constructor(denySet: DenySet) {
    this.#denySet = denySet;
  }

  /** How many requests a dry run would have denied since the process began. */
  of(id: string): number {
    return this.#counts.get(id)?.count ?? 0;
  }

  /** A request was permitted. */
  onPermit(access: Access, time: EdgeTime): void {
    if (this.#denySet.dryRuns === 0) return;
    const held = this.#denySet.wouldDeny(access, time);
    if (held === undefined) return;
    const known = this.#counts.get(held.id);
    if (known === undefined) this.#counts.set(held.id, { count: 1, told: 0 });
    else known.count++;
  }

  /** A line for each dry run that would have denied more since it was told last. */
  tell(): Trace[] {
    const lines: Trace[] = [];
    for (const [id, counts] of this.#counts) {
      const { count } = counts;
      if (count > counts.told) lines.push({ what: "would-deny", id, count });
      counts.told = count;
      if (this.#denySet.find(id) === undefined) this.#counts.delete(id);
    }
    return lines;
  }
}
