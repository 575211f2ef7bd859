// Golden journals give golden heads (DESIGN.md 9, machine version): one fixed journal of each
// ledger, and the heads it must give for ever. A difference here is a new machine version, never a
// new golden file alone.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Bytes,
  ErasureOrderSchema,
  encodeNew,
  hex,
  isReject,
  parseSubject,
  type SealedHead,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { beforeAll, describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { DEFAULT_POLICY_YAML, openSealedHead } from "./index.ts";
import { ControlMachine } from "./machine/control-machine.ts";
import type { JournalMachine } from "./machine/journal-machine.ts";
import { SignalsMachine } from "./machine/signals-machine.ts";

const testdata = (name: string) =>
  fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));
const GOLDEN = testdata("golden-heads.txt");
const GOLDEN_2 = testdata("golden-heads-2.txt");
const NAMES = ["control", "signals"] as const;

/** The same journals in every run: keys, salts and nonces are counted, signatures deterministic. */
function journals(): MachineRun {
  const kit = testMesh("golden heads", { coordinators: 3, hosts: 3 });
  const run = MachineRun.joined(kit);
  const [olga, omar] = kit.operators as [Person, Person];
  const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
  const [h1, h2, h3] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson, HostPerson];
  const mallory = parseSubject("user:test/mallory") as SubjectText;
  const address = parseSubject("address:203.0.113.7") as SubjectText;
  const decide = (by: Person, fields: object, approvers: readonly Person[]) => {
    const { id, envelope, part } = kit.propose(by, mallory, run.nowMs, fields);
    run.command(envelope, [part]);
    for (const approver of approvers) run.command(kit.approve(approver, id, run.nowMs));
  };
  run.tick();
  decide(olga, {}, [ada, rui, sam]);
  decide(ada, {}, [ada, sam]);
  run.tick();
  const [revocation] = [...run.control.book.active.ids()];
  const revocationIds = [Uint8Array.from(Buffer.from(revocation as string, "hex"))];
  const pardonBeforeMs = BigInt(run.nowMs);
  decide(omar, { wish: { case: "lift", value: { revocationIds, pardonBeforeMs } } }, [rui, sam]);
  run.step("control", Uint8Array.of(1, 2, 3));
  run.import();
  for (const [host, number] of [
    [h1, 0],
    [h2, 0],
    [h2, 0],
    [h3, 1],
    [h3, 0],
  ] as const) {
    const fields = { timeMs: BigInt(run.nowMs), evidenceMdb: 41_234 };
    const life = nodeCrypto.sha256(host.signer.publicKey).subarray(0, 16);
    run.batch(kit.batch(host, life, number, [{ subject: address, fields }]));
  }
  run.tick(60_000);
  const { document, activation } = kit.policy(2, run.nowMs);
  run.command(document);
  run.command(activation);
  run.import();
  run.tick(3_600_000);
  return run;
}

/** The same people and hosts under machine version 2: snapshots in heads, an erasure. */
function journals2(): MachineRun {
  const kit = testMesh("golden heads 2", { coordinators: 3, hosts: 3 });
  const run = MachineRun.joined(kit);
  run.upgrade();
  const yaml = DEFAULT_POLICY_YAML.replace("snapshotEvery: 5000", "snapshotEvery: 10");
  const { document, activation } = kit.policy(2, run.nowMs, yaml);
  run.command(document);
  run.command(activation);
  run.import();
  const [olga] = kit.operators as [Person];
  const mallory = parseSubject("user:test/mallory") as SubjectText;
  const { id, envelope, part } = kit.propose(olga, mallory, run.nowMs, { epoch: 2 });
  run.command(envelope, [part]);
  for (const approver of kit.approvers) run.command(kit.approve(approver, id, run.nowMs));
  const address = parseSubject("address:203.0.113.7") as SubjectText;
  for (const host of kit.hosts) {
    const fields = { timeMs: BigInt(run.nowMs), evidenceMdb: 41_234, epoch: 2 };
    const life = nodeCrypto.sha256(host.signer.publicKey).subarray(0, 16);
    run.batch(kit.batch(host, life, 0, [{ subject: address, fields }]));
  }
  for (let i = 0; i < 4; i++) run.tick();
  run.tick(3_700_000);
  const body = encodeNew(ErasureOrderSchema, {
    format: 1,
    nonce: kit.random(16),
    createdMs: BigInt(run.nowMs),
    notAfterMs: BigInt(run.nowMs + 3_600_000),
    commitments: [nodeCrypto.sha256(part.salt, part.content)],
  });
  const signers = kit.operators.map((operator) => operator.signer);
  run.command(signEnvelope(kit.mesh, "erasure", body, ...signers));
  run.import();
  run.tick();
  return run;
}

/** Every head of a journal, as one line: position, index, SHA-256 of its bytes. */
function headLines(name: string, machine: JournalMachine, journal: readonly Bytes[]): string[] {
  const lines: string[] = [];
  let last: Bytes | undefined;
  for (const [i, bytes] of journal.entries()) {
    const { head } = machine.step(i + 1, bytes);
    if (head === undefined) continue;
    last = head;
    lines.push(`${name} ${i + 1} ${machine.book.index} ${hex(nodeCrypto.sha256(head))}`);
  }
  return [...lines, `${name} final ${hex(last ?? new Uint8Array())}`];
}

describe("golden journals", () => {
  let run: MachineRun;
  beforeAll(() => {
    run = journals();
  });

  const goldenOf = (made: MachineRun, file: string) => {
    const { genesis } = made.kit;
    const lines = [
      ...headLines("control", new ControlMachine(nodeCrypto, genesis), made.journals.control),
      ...headLines("signals", new SignalsMachine(nodeCrypto, genesis), made.journals.signals),
    ];
    const text = `${lines.join("\n")}\n`;
    if (process.env["UPDATE"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  };

  test("give golden heads", () => goldenOf(run, GOLDEN));

  test("give golden heads under machine version 2, snapshots named in them", () => {
    const made = journals2();
    for (const name of NAMES) {
      const named = made.steps[name].filter((step) => step.snapshot !== undefined);
      expect(named.length).toBeGreaterThan(1);
      expect(named.some((step) => step.isForgetting === true)).toBe(true);
    }
    const effects = NAMES.flatMap((name) => made.entries(name).map((e) => e.effect.case));
    expect(effects).toEqual(expect.arrayContaining(["version", "erasure", "revocation"]));
    goldenOf(made, GOLDEN_2);
  });

  test("hold every effect that a machine of this version makes", () => {
    const made = NAMES.flatMap((name) => run.entries(name).map((e) => `${name} ${e.effect.case}`));
    expect([...new Set(made)].sort()).toEqual([
      "control activation",
      "control approval",
      "control genesis",
      "control grant",
      "control lift",
      "control member",
      "control policy",
      "control proposal",
      "control refusals",
      "control revocation",
      "signals refusals",
      "signals revocation",
    ]);
  });

  test("in another order, or with one byte changed, give other heads", () => {
    const swapped = [...run.journals.signals];
    const at = swapped.findLastIndex((bytes) => bytes.length > 900);
    const { length } = swapped;
    expect(at).toBeGreaterThan(1);
    [swapped[at - 1], swapped[at]] = [swapped[at] as Bytes, swapped[at - 1] as Bytes];
    const final = (journal: readonly Bytes[]) =>
      headLines("s", new SignalsMachine(nodeCrypto, run.kit.genesis), journal).at(-1);
    expect(final(swapped)).not.toBe(final(run.journals.signals));
    const changed = run.journals.signals.map((bytes, i) =>
      i === length - 2 ? Uint8Array.of(...bytes, 0) : bytes,
    );
    expect(final(changed)).not.toBe(final(run.journals.signals));
  });

  test("give heads that a majority of seals opens, and a minority does not", () => {
    const opened = (sealed: SealedHead | undefined) => {
      const head = openSealedHead(nodeCrypto, run.view, sealed);
      return isReject(head) ? head.reject : head.index;
    };
    const [a, b, c] = run.kit.coordinators as [Person, Person, Person];
    for (const name of NAMES) {
      const index = run.head(name)?.index;
      expect(opened(run.sealed(name))).toBe(index);
      expect(opened(run.sealed(name, [a, c]))).toBe(index);
      expect(opened(run.sealed(name, [b]))).toBe("not-sealed");
      expect(opened(run.sealed(name, [b, b]))).toBe("duplicate");
      expect(opened(run.sealed(name, [b, run.kit.operators[0] as Person]))).toBe("unknown-key");
      const sealed = run.sealed(name, [a, b]);
      expect(opened({ ...sealed, head: Uint8Array.of(...sealed.head, 0) })).toBe("malformed");
    }
    expect(opened(undefined)).toBe("malformed");
  });
});
