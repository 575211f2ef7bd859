// Many hosts of a stand in few processes, as the benchmark sees them: when all are fresh, and when
// the last of them enforces a verdict.

import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import type { FleetOrder, FleetReport, FleetStart } from "./host-line.ts";
import { endChild, forkChild, genesisText, type MeshStand } from "./mesh-stand.ts";

const PROCESSES_MAX = 2;
/** Also where other work has half of the machine. */
const FRESH_MS_MAX = 600_000;
const LOOK_MS = 20;

export class Fleet {
  readonly #children: ChildProcess[] = [];
  readonly #enforcedMs = new Map<string, number[]>();
  #fresh = 0;
  #isBroken = false;

  private constructor() {}

  /**
   * Starts every host of the stand.
   * @returns `undefined` when they are not all fresh in time. @throws when a process ends.
   */
  static async start({ kit, url, floorCreds, places }: MeshStand): Promise<Fleet | undefined> {
    const fleet = new Fleet();
    const all = places();
    const processes = Math.min(PROCESSES_MAX, all.length);
    const start: FleetStart = { url, genesis: genesisText(kit), floorCreds };
    for (let i = 0; i < processes; i++) {
      const child = forkChild("sidecar-fleet.ts", start);
      const order: FleetOrder = {
        type: "places",
        places: all.filter((_, n) => n % processes === i),
      };
      child.on("message", (report: FleetReport) => {
        if (report.type === "listening") child.send(order);
        else fleet.#onReport(report);
      });
      child.on("exit", () => {
        fleet.#isBroken = true;
      });
      fleet.#children.push(child);
    }
    const deadline = performance.now() + FRESH_MS_MAX;
    while (fleet.#fresh < processes && !fleet.#isBroken && performance.now() < deadline) {
      await delay(LOOK_MS);
    }
    if (fleet.#fresh === processes) return fleet;
    const isBroken = fleet.#isBroken;
    await fleet[Symbol.asyncDispose]();
    if (isBroken) throw new Error("a fleet of hosts ended while it started");
    return undefined;
  }

  /** When the last host enforced a subject's verdict; `undefined` before. */
  enforcedMs(subject: string): number | undefined {
    if (this.#isBroken) throw new Error("a fleet of hosts has ended");
    const times = this.#enforcedMs.get(subject) ?? [];
    return times.length === this.#children.length ? Math.max(...times) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map(endChild));
  }

  #onReport(report: FleetReport): void {
    if (report.type === "fresh") this.#fresh++;
    if (report.type !== "enforced") return;
    const times = this.#enforcedMs.get(report.subject) ?? [];
    this.#enforcedMs.set(report.subject, [...times, report.atMs]);
  }
}
