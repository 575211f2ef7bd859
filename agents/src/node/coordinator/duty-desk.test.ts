// A whole mesh around a verdict: it widens by steps and halts, its coverage is claimed and can be
// shown, the mesh is probed in turn, and nobody is locked out of the undo.

import {
  type Bytes,
  compareBytes,
  decode,
  type Entry,
  EntryRecordSchema,
  EntrySchema,
  EnvelopeSchema,
  encode,
  equalBytes,
  hex,
  LIMITS,
  leafHash,
  MerkleTree,
  parseSubject,
  Stage,
  type SubjectText,
  wireSubjectKind,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { Person } from "../../../testkit/mesh-kit.ts";
import { testMesh } from "../../../testkit/node-crypto.ts";
import {
  type CoordinatorSeat,
  ScriptMesh,
  type SidecarSeat,
} from "../../../testkit/script-mesh.ts";
import { shareOf } from "../../kernel/index.ts";
import { DEFAULT_POLICY_YAML } from "../index.ts";
import { claimedReceipts, pruneClaims } from "./coverage-rows.ts";

const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const HOUR_MS = 3_600_000;

function ticks(mesh: ScriptMesh, count: number, ms = 1_000): void {
  for (let i = 0; i < count; i++) mesh.tick(ms);
}

/** A mesh of machine version 2 with everybody in it. */
function meshOf(label: string, shape: { coordinators: number; hosts: number }, yaml?: string) {
  return ScriptMesh.joined(testMesh(label, shape), yaml ?? DEFAULT_POLICY_YAML);
}

function entriesOf(seat: CoordinatorSeat, letter: "c" | "s" = "c"): Entry[] {
  return [...seat.store.scan(`record/${letter}/`)].map(([, bytes]) => {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    return decode(EntrySchema, record?.entry as Bytes, LIMITS.entryBytesMax) as Entry;
  });
}

function effectsOf<C extends NonNullable<Entry["effect"]["case"]>>(seat: CoordinatorSeat, kind: C) {
  return entriesOf(seat).flatMap(({ effect, index, machineTimeMs }) =>
    effect.case === kind
      ? [
          {
            value: effect.value as Extract<Entry["effect"], { case: C }>["value"],
            index,
            machineTimeMs,
          },
        ]
      : [],
  );
}

interface Wish {
  readonly steps?: readonly (readonly [afterMs: number, permille: number])[];
  readonly stage?: Stage;
  readonly fields?: object;
  readonly epoch?: number;
}

/** Cuts a subject off by people. @returns the codes or indices that became of the commands. */
function cutOff(mesh: ScriptMesh, subject: SubjectText, { steps = [], ...wish }: Wish = {}) {
  const value = {
    subjectKind: wireSubjectKind(subject),
    stage: wish.stage ?? Stage.SUSPEND,
    ttlMs: BigInt(HOUR_MS),
    widening: steps.map(([afterMs, permille]) => ({ afterMs: BigInt(afterMs), permille })),
    ...wish.fields,
  };
  return ask(mesh, subject, { wish: { case: "revoke", value }, epoch: wish.epoch ?? 1 });
}

/** What an operator proposes, with the consent of everybody. */
function ask(mesh: ScriptMesh, subject: SubjectText, fields: object) {
  const { kit, nowMs } = mesh;
  const [olga] = kit.operators as [Person];
  const asked = kit.propose(olga, subject, nowMs, fields);
  return sent(mesh, () => {
    mesh.submit(asked.envelope, [asked.part]);
    for (const approver of kit.approvers) mesh.submit(kit.approve(approver, asked.id, nowMs));
  });
}

/** What was answered while something was sent. */
function sent(mesh: ScriptMesh, send: () => void): string[] {
  mesh.isQuiet = false;
  const from = mesh.lines.length;
  send();
  ticks(mesh, 2);
  mesh.isQuiet = true;
  return mesh.lines.slice(from).filter((line) => line.startsWith("answer"));
}

function isDenied(mesh: ScriptMesh, seat: SidecarSeat, subject = MALLORY): boolean {
  return seat.node?.decide({ subjects: [subject] }, mesh.reading) !== undefined;
}

function verdictOf(seat: CoordinatorSeat) {
  const verdict = effectsOf(seat, "revocation").at(-1);
  if (verdict === undefined) throw new Error("no revocation was entered");
  return verdict;
}

function hostsBelow(mesh: ScriptMesh, id: Uint8Array, permille: number): string[] {
  return mesh.kit.hosts
    .filter((h) => shareOf(mesh.kit.crypto, id, h.signer.publicKey) < permille)
    .map((h) => h.name);
}

function deniedAt(mesh: ScriptMesh): string[] {
  return mesh.sidecars.filter((seat) => isDenied(mesh, seat)).map((seat) => seat.person.name);
}

describe("a staged widening", () => {
  const steps = [
    [0, 400],
    [20_000, 700],
    [40_000, 1_000],
  ] as const;

  test("reaches each host at its own step, by the host's own count", () => {
    const mesh = meshOf("widening", { coordinators: 3, hosts: 6 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    cutOff(mesh, MALLORY, { steps });
    const { value } = verdictOf(seat);
    const first = hostsBelow(mesh, value.id, 400);
    const second = hostsBelow(mesh, value.id, 700);
    expect(first.length).toBeGreaterThan(0);
    expect(second.length).toBeGreaterThan(first.length);
    expect(second.length).toBeLessThan(6);
    expect(deniedAt(mesh)).toEqual(first);
    ticks(mesh, 7, 3_000);
    expect(deniedAt(mesh)).toEqual(second);
    ticks(mesh, 7, 3_000);
    expect(deniedAt(mesh)).toHaveLength(6);
    expect(effectsOf(seat, "halt")).toEqual([]);
    // Enforcers hear of it when the step comes, and each once.
    const heard = mesh.effects.filter(({ effect }) => effect.type === "enforced");
    expect(heard.map(({ by }) => by).sort()).toEqual(mesh.kit.hosts.map((h) => h.name).sort());
    // A host that waits for its step has shown that it holds the verdict.
    expect(effectsOf(seat, "coverage").at(-1)?.value.missingHostKeys).toEqual([]);
  });

  test("stays where it is while no coordinator is left, and goes on with the next head", () => {
    const mesh = meshOf("widening", { coordinators: 3, hosts: 6 });
    cutOff(mesh, MALLORY, { steps });
    const first = deniedAt(mesh);
    for (const seat of mesh.coordinators) mesh.crash(seat);
    ticks(mesh, 15, 3_000);
    // I7: nobody is newly denied, and nobody is let in again.
    expect(deniedAt(mesh)).toEqual(first);
    for (const seat of mesh.coordinators) mesh.startCoordinator(seat);
    ticks(mesh, 5);
    expect(deniedAt(mesh)).toHaveLength(6);
  });

  test("halts where hosts of its step fail, on a majority's reports, and stays there", () => {
    const mesh = meshOf("widening", { coordinators: 3, hosts: 6 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    // These hosts cannot throttle: their receipts say so.
    cutOff(mesh, MALLORY, { steps, stage: Stage.THROTTLE });
    const { value } = verdictOf(seat);
    const first = hostsBelow(mesh, value.id, 400);
    ticks(mesh, 20, 3_000);
    const [halt, another] = effectsOf(seat, "halt");
    expect(another).toBeUndefined();
    expect(halt?.value.permille).toBe(400);
    expect(halt?.value.why).toBe(
      `${first.length} of ${first.length} hosts of this step fail to enforce it`,
    );
    expect(halt?.value.reports.length).toBeGreaterThanOrEqual(2);
    expect(deniedAt(mesh)).toEqual(first);
    // What was halted is so after a restart, too.
    const waiting = mesh.sidecars.find((s) => !first.includes(s.person.name)) as SidecarSeat;
    mesh.crash(waiting);
    mesh.startSidecar(waiting);
    ticks(mesh, 3);
    expect(isDenied(mesh, waiting)).toBe(false);
  });

  test("halts before its next step where hosts of this one have not applied it", () => {
    const mesh = meshOf("widening", { coordinators: 3, hosts: 6 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    // Nobody hears of the verdict: their receipts stay where they are.
    for (const sidecar of mesh.sidecars) sidecar.isCut = true;
    cutOff(mesh, MALLORY, { steps });
    ticks(mesh, 12);
    expect(effectsOf(seat, "halt")).toEqual([]);
    ticks(mesh, 6);
    const [halt] = effectsOf(seat, "halt");
    expect(halt?.value.why).toMatch(/hosts of this step have not applied it$/);
    expect(Number(halt?.machineTimeMs)).toBeLessThan(
      Number(verdictOf(seat).machineTimeMs) + 20_000,
    );
  });

  test.each<readonly [string, Wish, string]>([
    [
      "with steps that rise",
      {
        steps: [
          [0, 10],
          [1, 11],
        ],
      },
      "answer ok",
    ],
    [
      "with steps at one time",
      {
        steps: [
          [0, 10],
          [0, 20],
        ],
      },
      "answer refused malformed",
    ],
    [
      "with a step that reaches no further",
      {
        steps: [
          [0, 10],
          [1, 10],
        ],
      },
      "answer refused malformed",
    ],
    ["past everybody", { steps: [[0, 1_001]] }, "answer refused malformed"],
    ["with a step to nobody", { steps: [[0, 0]] }, "answer refused malformed"],
    ["with a step after its end", { steps: [[HOUR_MS, 10]] }, "answer refused malformed"],
    [
      "that supersedes everywhere what it replaces on a few",
      { steps: [[0, 10]], fields: { supersedes: [new Uint8Array(32)] } },
      "answer refused malformed",
    ],
  ])("a proposal %s", (_, wish, expected) => {
    const mesh = meshOf("steps", { coordinators: 1, hosts: 2 });
    expect(cutOff(mesh, MALLORY, wish)[0]).toMatch(new RegExp(`^${expected}`));
  });
});

describe("coverage", () => {
  test("is certified once every host has shown the verdict, and a receipt can be shown under it", () => {
    const mesh = meshOf("coverage", { coordinators: 3, hosts: 5 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    cutOff(mesh, MALLORY);
    ticks(mesh, 12);
    const certificates = effectsOf(seat, "coverage");
    expect(certificates).toHaveLength(1);
    const { verdictId, receiptsRoot, missingHostKeys } = certificates[0]?.value ?? {};
    expect(verdictId).toEqual(verdictOf(seat).value.id);
    expect(missingHostKeys).toEqual([]);
    const { crypto } = mesh.kit;
    const sorted = mesh.kit.hosts.map((h) => h.signer.publicKey).sort(compareBytes);
    const claimed = mesh.coordinators.filter((s) => [...s.store.scan("claimed/")].length > 0);
    expect(claimed).toHaveLength(1);
    const { store } = claimed[0] as CoordinatorSeat;
    const { receipts, count } = claimedReceipts(store, receiptsRoot as Bytes, 0, 100);
    expect(count).toBe(5);
    const keys = receipts.map(({ signatures }) => hex(signatures[0]?.key as Bytes));
    expect(keys).toEqual(sorted.map(hex));
    const tree = new MerkleTree(crypto);
    for (const receipt of receipts) tree.append(leafHash(crypto, encode(EnvelopeSchema, receipt)));
    expect(tree.root()).toEqual(receiptsRoot);
    expect(claimedReceipts(store, receiptsRoot as Bytes, 3, 1).receipts).toEqual([receipts[3]]);
    expect(claimedReceipts(store, mesh.kit.random(32), 0, 100).count).toBe(0);
    // Kept for their time, and no longer.
    expect(pruneClaims(store, mesh.nowMs - HOUR_MS)).toEqual([]);
    expect(pruneClaims(store, mesh.nowMs + 1)).toHaveLength(6);
  });

  test("names its laggards after a while, and is completed when they come", () => {
    const mesh = meshOf("coverage", { coordinators: 3, hosts: 5 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    const [laggard] = mesh.sidecars as [SidecarSeat];
    laggard.isCut = true;
    cutOff(mesh, MALLORY);
    ticks(mesh, 11, 5_000);
    expect(effectsOf(seat, "coverage")).toEqual([]);
    ticks(mesh, 6, 4_000);
    const [short] = effectsOf(seat, "coverage");
    expect(short?.value.missingHostKeys.map(hex)).toEqual([hex(laggard.person.signer.publicKey)]);
    laggard.isCut = false;
    mesh.crash(laggard);
    mesh.startSidecar(laggard);
    ticks(mesh, 15);
    const all = effectsOf(seat, "coverage");
    expect(all.map((c) => c.value.missingHostKeys.length)).toEqual([1, 0]);
  });

  test("is still claimed by a coordinator that has restarted in between", () => {
    const mesh = meshOf("coverage", { coordinators: 1, hosts: 3 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    const [laggard] = mesh.sidecars as [SidecarSeat];
    laggard.isCut = true;
    cutOff(mesh, MALLORY);
    mesh.crash(seat);
    mesh.startCoordinator(seat);
    ticks(mesh, 15, 5_000);
    expect(effectsOf(seat, "coverage")).toHaveLength(1);
    expect([...seat.store.scan("uncovered/")]).toHaveLength(1);
  });
});

describe("probes", () => {
  test("come in turn, are entered and passed by every host's receipt", () => {
    const mesh = meshOf("probes", { coordinators: 3, hosts: 2 });
    const [seat] = mesh.coordinators as [CoordinatorSeat];
    ticks(mesh, 50, 20_000);
    const probes = effectsOf(seat, "probe");
    expect(probes.length).toBeGreaterThanOrEqual(3);
    const gaps = probes
      .slice(1)
      .map((p, i) => Number(p.machineTimeMs - (probes[i]?.machineTimeMs ?? 0n)));
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(LIMITS.probeMs);
      expect(gap).toBeLessThanOrEqual(LIMITS.probeMs + 60_000);
    }
    expect(new Set(probes.map((p) => hex(p.value.coordinatorKey))).size).toBeGreaterThan(1);
    const last = Number(probes.at(-1)?.index);
    expect(seat.node?.duties.lastProbe).toMatchObject({ index: last });
    for (const { person } of mesh.sidecars) {
      const receipt = seat.node?.receipts.of(person.signer.publicKey)?.receipt;
      expect(Number(receipt?.controlIndex)).toBeGreaterThanOrEqual(last);
    }
  });

  test("go on where a coordinator does not take its turn", () => {
    const mesh = meshOf("probes", { coordinators: 3, hosts: 2 });
    const [seat, , dead] = mesh.coordinators as [CoordinatorSeat, CoordinatorSeat, CoordinatorSeat];
    mesh.crash(dead);
    ticks(mesh, 55, 20_000);
    expect(effectsOf(seat, "probe").length).toBeGreaterThanOrEqual(3);
    const by = effectsOf(seat, "probe").map((p) => p.value.coordinatorKey);
    expect(by.some((key) => equalBytes(key, dead.person.signer.publicKey))).toBe(false);
  });
});

describe("nobody is locked out of the undo", () => {
  const GLASS = ["user:test/glass-1", "user:test/glass-2"].map(
    (s) => parseSubject(s) as SubjectText,
  );
  const [RUI, ADA, SAM] = ["rui", "ada", "sam"].map(
    (n) => parseSubject(`user:test/${n}`) as SubjectText,
  );
  const yaml = `${DEFAULT_POLICY_YAML.replace(/\ngovernor:[\s\S]*?\n(?=\S)/, "\n")}
governor:
  breakGlass: [${GLASS.join(", ")}]
  holders:
    - { holder: rui, subject: ${RUI} }
    - { holder: ada, subject: ${ADA} }
    - { holder: sam, subject: ${SAM} }
`;

  test("the last break-glass identity stays, however often it is asked for", () => {
    const mesh = meshOf("glass", { coordinators: 1, hosts: 2 }, yaml);
    const [first, second] = GLASS as [SubjectText, SubjectText];
    expect(cutOff(mesh, first).slice(0, 3).join()).not.toContain("refused break-glass");
    expect(cutOff(mesh, second)[0]).toBe("answer refused break-glass");
    expect(cutOff(mesh, second, { stage: Stage.STEP_UP })[0]).toMatch(/^answer ok/);
    expect(cutOff(mesh, second, { fields: { isDryRun: true } })[0]).toMatch(/^answer ok/);
  });

  test("one that an earlier policy let be cut off with the last is not kept out for longer", () => {
    const mesh = meshOf("renewal", { coordinators: 1, hosts: 2 });
    const [first, second] = GLASS as [SubjectText, SubjectText];
    for (const subject of [first, second]) cutOff(mesh, subject);
    const [olderId, newerId] = effectsOf(mesh.coordinators[0] as CoordinatorSeat, "revocation").map(
      ({ value }) => value.id,
    ) as [Uint8Array, Uint8Array];
    const { document, activation } = mesh.kit.policy(2, mesh.nowMs, yaml);
    for (const command of [document, activation]) {
      expect(sent(mesh, () => mesh.submit(command))[0]).toMatch(/^answer ok/);
    }
    const renewed = { fields: { supersedes: [olderId] }, epoch: 2 };
    expect(cutOff(mesh, first, renewed)[0]).toBe("answer refused break-glass");
    expect(cutOff(mesh, first, { epoch: 2 })[0]).toBe("answer refused break-glass");
    // Once the other is back, the same renewal locks nobody out.
    const value = { revocationIds: [newerId] };
    ask(mesh, second, { wish: { case: "lift", value }, epoch: 2 });
    expect(cutOff(mesh, first, renewed).some((line) => line.includes("verdict"))).toBe(true);
  });

  test("so do the approvers that a lift needs: one of each group", () => {
    const mesh = meshOf("undo", { coordinators: 1, hosts: 2 }, yaml);
    expect(cutOff(mesh, SAM as SubjectText)[0]).toBe("answer refused undo-locked-out");
    expect(cutOff(mesh, RUI as SubjectText)[0]).toMatch(/^answer ok/);
    expect(cutOff(mesh, ADA as SubjectText)[0]).toBe("answer refused undo-locked-out");
    expect(cutOff(mesh, MALLORY)[0]).toMatch(/^answer ok/);
  });

  test("also where two proposals were made before either was approved", () => {
    const mesh = meshOf("both", { coordinators: 1, hosts: 2 }, yaml);
    const { kit, nowMs } = mesh;
    const [olga, omar] = kit.operators as [Person, Person];
    const [ada, rui, sam] = kit.approvers as [Person, Person, Person];
    const first = kit.propose(olga, RUI as SubjectText, nowMs);
    const second = kit.propose(omar, ADA as SubjectText, nowMs);
    const answers = sent(mesh, () => {
      mesh.submit(first.envelope, [first.part]);
      mesh.submit(second.envelope, [second.part]);
      for (const by of [ada, sam]) mesh.submit(kit.approve(by, first.id, nowMs));
      for (const by of [rui, sam]) mesh.submit(kit.approve(by, second.id, nowMs));
    });
    expect(answers.filter((line) => line.includes("verdict"))).toHaveLength(1);
    expect(answers.slice(-2)).toEqual([
      "answer refused undo-locked-out",
      "answer refused undo-locked-out",
    ]);
    expect(effectsOf(mesh.coordinators[0] as CoordinatorSeat, "revocation")).toHaveLength(1);
  });
});
