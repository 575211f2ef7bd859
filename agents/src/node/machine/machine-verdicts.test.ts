// The governor inside the signals machine: what it holds becomes a suggestion, is counted against
// the host that completed it, and is the same after a restart.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../../testkit/machine-run.ts";
import type { HostPerson } from "../../../testkit/mesh-kit.ts";
import { testMesh } from "../../../testkit/node-crypto.ts";
import { PLAIN_POLICY_YAML } from "../../../testkit/plain-policy.ts";
import { SignalsMachine } from "./signals-machine.ts";

const YAML = `${PLAIN_POLICY_YAML}
governor:
  overall: { burst: 1, refill: 1h }
`;

class Governed {
  readonly run: MachineRun;
  readonly #numbers = new Map<string, number>();
  readonly #incarnation = new Uint8Array(16).fill(3);

  constructor(yaml = YAML) {
    const kit = testMesh("governed", { coordinators: 1, hosts: 3 });
    this.run = MachineRun.joined(kit);
    this.run.upgrade();
    const { document, activation } = kit.policy(2, this.run.nowMs, yaml);
    for (const command of [document, activation]) {
      const became = this.run.command(command);
      if (typeof became !== "number") throw new Error(`not entered: ${became}`);
    }
    this.run.import();
  }

  /** Two hosts name a subject. @returns effects entered and codes refused by the second one. */
  name(subject: string): readonly (string | undefined)[] {
    const [first, second] = this.run.kit.hosts as [HostPerson, HostPerson];
    this.#signal(first, subject);
    const step = this.#signal(second, subject);
    return [
      ...step.records.map(({ entry }) => entry.effect.case),
      ...step.rejects.map(({ code }) => code),
    ];
  }

  #signal(host: HostPerson, subject: string) {
    const number = this.#numbers.get(host.name) ?? 0;
    this.#numbers.set(host.name, number + 1);
    const timeMs = BigInt(this.run.nowMs);
    const fields = { timeMs, evidenceFromMs: timeMs - 1_000n, epoch: 2 };
    const asked = { subject: subject as SubjectText, fields };
    return this.run.batch(this.run.kit.batch(host, this.#incarnation, number, [asked]));
  }
}

describe("a warrant that the governor holds", () => {
  test("becomes a suggestion with its signals, and is counted against who completed it", () => {
    const mesh = new Governed();
    expect(mesh.name("address:203.0.113.1")).toEqual(["revocation"]);
    expect(mesh.name("address:203.0.113.2")).toEqual(["suggestion", "governor"]);
    const { run } = mesh;
    const suggestion = run.entries("signals").at(-1)?.effect;
    if (suggestion?.case !== "suggestion") throw new Error("no suggestion");
    expect(suggestion.value).toMatchObject({
      why: "governor",
      rule: "seen-on-two-hosts",
      epoch: 2,
      hostCount: 2,
      sumMdb: 80_000,
      ttlMs: 3_600_000n,
    });
    expect(suggestion.value.signals).toHaveLength(2);
    expect(run.records("signals").at(-1)?.privates).toHaveLength(2);
    // Asked once: what goes on until people answer is only counted.
    expect(mesh.name("address:203.0.113.2")).toEqual(["governor"]);
    run.tick(60_000);
    const refusals = run.entries("signals").findLast(({ effect }) => effect.case === "refusals");
    if (refusals?.effect.case !== "refusals") throw new Error("no refusals");
    const [, second] = run.kit.hosts as [HostPerson, HostPerson];
    expect(refusals.effect.value.counts).toMatchObject([
      { key: second.signer.publicKey, code: "governor", count: 2 },
    ]);
  });

  test("is let through once there is a token again", () => {
    const mesh = new Governed();
    mesh.name("address:203.0.113.1");
    mesh.name("address:203.0.113.2");
    mesh.run.tick(3_600_000);
    expect(mesh.name("address:203.0.113.3")).toEqual(["revocation"]);
  });

  test("is held by a machine that was restored as by one that never stopped", () => {
    const mesh = new Governed();
    mesh.name("address:203.0.113.1");
    const w = new BinaryWriter();
    mesh.run.signals.verdicts.save(w);
    const restored = new SignalsMachine(mesh.run.kit.crypto, mesh.run.kit.genesis);
    restored.verdicts.load(new BinaryReader(w.finish()));
    const again = new BinaryWriter();
    restored.verdicts.save(again);
    const whole = new BinaryWriter();
    mesh.run.signals.verdicts.save(whole);
    expect(again.finish()).toEqual(whole.finish());
  });
});
