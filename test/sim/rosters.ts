// Which hosts the roster has expelled, by hand from the control ledger: a second opinion that
// shares no code with the nodes. Reads the versions one by one and says who signed each.

import { decode, hex, Ledger, RosterSchema } from "@ostraka/proto";
import { signersOf } from "./signers.ts";
import type { HostPerson } from "./sim-mesh.ts";
import type { Truth } from "./truth.ts";

const BYTES_MAX = 1_000_000;
/** Owners of three that sign a roster. */
const OWNERS = 2;

interface Version {
  readonly index: number;
  readonly expelled: ReadonlySet<string>;
}

export class Rosters {
  readonly #truth: Truth;
  readonly #versions: Version[] = [];
  #through = 1;
  /** Rosters that too few owners signed, or that let somebody in again. */
  readonly faults: string[] = [];

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** Whether a host is expelled at a control index. */
  isExpelled(host: HostPerson, index: number): boolean {
    this.#read();
    const version = this.#versions.findLast((v) => v.index <= index);
    return version?.expelled.has(hex(host.signer.publicKey)) === true;
  }

  #read(): void {
    const entries = this.#truth.entries(Ledger.CONTROL);
    for (const { entry } of entries.slice(this.#through)) {
      if (entry.effect.case !== "roster") continue;
      const { sim } = this.#truth.world;
      const owners = signersOf(this.#truth, "roster", entry.effect.value, sim.roots);
      const document = decode(RosterSchema, entry.effect.value.body, BYTES_MAX);
      const expelled = new Set((document?.expelledKeys ?? []).map(hex));
      if (owners.size < OWNERS) this.faults.push(`c:${entry.index} is a roster of ${owners.size}`);
      const before = this.#versions.at(-1)?.expelled ?? new Set();
      if ([...before].some((key) => !expelled.has(key))) {
        this.faults.push(`c:${entry.index} lets an expelled host in again`);
      }
      this.#versions.push({ index: Number(entry.index), expelled });
    }
    this.#through = Math.max(this.#through, entries.length);
  }
}
