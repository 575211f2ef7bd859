import {
  type Bytes,
  decode,
  EntryRecordSchema,
  type Envelope,
  EnvelopeSchema,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
  type PrivatePart,
  parseSubject,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../testkit/memory-store.ts";
import type { MeshKit, Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { type CoordinatorSeat, ScriptMesh } from "../../testkit/script-mesh.ts";
import { newOut, type Out } from "../kernel/index.ts";
import { type Node, PHASES, type Phase, Pump } from "./index.ts";

describe("the order of outputs", () => {
  const kit = testMesh("pump order");
  const [coordinator] = kit.coordinators as [Person];

  /** A node that puts out one thing of each phase, last phase first. */
  class Everything implements Node<string, string> {
    readonly said: string[];

    constructor(said: string[]) {
      this.said = said;
    }

    step(input: string, out: Out<string>): void {
      out.trace.push({ what: `traced ${input}` });
      out.reply.push({ to: 1 });
      out.enforce.push(input);
      out.publish.push({ channel: "plain", bytes: new Uint8Array() });
      out.seal.push({ kind: "head", body: Uint8Array.of(1), channel: "sealed" });
      out.persist.push({ key: input, value: new Uint8Array() });
    }

    onPublished(): void {
      this.said.push("all published");
    }
  }

  function run(inputs: readonly string[], sealedInput?: string) {
    const said: string[] = [];
    const store = new MemoryStore();
    const pump = new Pump<string, string>(new Everything(said), {
      mesh: kit.mesh,
      signer: coordinator.signer,
      store: {
        write: (writes) => {
          store.write(writes);
          said.push(`wrote ${writes.map(({ key }) => key).join(" ")}`);
        },
      },
      publish: ({ channel }) => said.push(`published ${channel}`),
      enforce: (effect) => said.push(`enforced ${effect}`),
      reply: () => said.push("replied"),
      trace: ({ what }) => said.push(what),
      onSealed: () => {
        const next = sealedInput;
        sealedInput = undefined;
        return next;
      },
      onPhase: (phase) => said.push(`-- ${phase}`),
    });
    pump.feed(inputs);
    return { said, store };
  }

  test("is that of the phases, and nothing leaves before it is durable", () => {
    expect(run(["a"]).said).toEqual([
      "-- persist",
      "wrote a",
      "-- seal",
      "-- publish",
      "published sealed",
      "published plain",
      "all published",
      "-- enforce",
      "enforced a",
      "-- reply",
      "replied",
      "-- trace",
      "traced a",
    ]);
    expect(PHASES).toEqual(["persist", "seal", "publish", "enforce", "reply", "trace"]);
  });

  test("serves many inputs with one transaction", () => {
    const { said, store } = run(["a", "b", "c"]);
    expect(store.transactions).toBe(1);
    expect(said.filter((line) => line.startsWith("enforced"))).toHaveLength(3);
  });

  test("feeds what our own seal brings about as a round of its own", () => {
    const { said } = run(["a"], "of our seal");
    expect(said.filter((line) => line.startsWith("wrote"))).toEqual([
      "wrote a",
      "wrote of our seal",
    ]);
    expect(said.lastIndexOf("-- persist")).toBeGreaterThan(said.indexOf("-- trace"));
  });

  test("writes no empty transaction", () => {
    const store = new MemoryStore();
    const silent = { step: () => undefined };
    const ports = { publish: () => 0, enforce: () => 0, reply: () => 0, trace: () => 0 };
    const pump = new Pump(silent, { mesh: kit.mesh, signer: coordinator.signer, store, ...ports });
    pump.feed(["x"]);
    expect(pump.perform(newOut())).toEqual([]);
    expect(store.transactions).toBe(0);
  });
});

describe("a coordinator that dies", () => {
  type Command = readonly [Envelope, PrivatePart[]?];

  function commands(kit: MeshKit, nowMs: number): Command[] {
    const [host] = kit.hosts;
    const { document, activation } = kit.policy(1, nowMs);
    const { grant, membership } = kit.join(host as (typeof kit.hosts)[0], nowMs);
    const mallory = parseSubject("user:test/mallory") as SubjectText;
    const { id, envelope, part } = kit.propose(kit.operators[0] as Person, mallory, nowMs);
    const [ada, , sam] = kit.approvers as [Person, Person, Person];
    return [
      [kit.genesis.envelope],
      [document],
      [activation],
      [grant],
      [membership],
      [envelope, [part]],
      [kit.approve(ada, id, nowMs)],
      [kit.approve(sam, id, nowMs)],
    ];
  }

  /** Every command, each followed by a tick; dies before a phase of a round, once a command. */
  function run(dying?: { phase: Phase; round: number }) {
    const mesh = new ScriptMesh(testMesh("pump crash", { hosts: 1 }));
    const [seat] = mesh.coordinators as readonly CoordinatorSeat[] as [CoordinatorSeat];
    const alive = () => {
      if (seat.node === undefined) mesh.startCoordinator(seat);
    };
    alive();
    mesh.tick(1_000);
    for (const [envelope, privates] of commands(mesh.kit, mesh.nowMs)) {
      if (dying !== undefined) seat.dieBefore = { ...dying };
      mesh.submit(envelope, privates);
      seat.dieBefore = undefined;
      alive();
      // The caller does not know what became of it and asks again, with the same bytes.
      mesh.submit(envelope, privates);
    }
    mesh.tick(1_000);
    alive();
    return { mesh, seat };
  }

  /** Every entry that was ever published: two of one index would be two histories. */
  function publishedEntries({ mesh }: ReturnType<typeof run>): Set<string> {
    const spellings = new Set<string>();
    for (const { channel, bytes } of mesh.published) {
      if (!channel.includes(".verdicts.control")) continue;
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      spellings.add(hex(record?.entry ?? new Uint8Array()));
    }
    return spellings;
  }

  const calm = run();
  const EFFECTS = [
    "genesis",
    "version",
    "policy",
    "activation",
    "grant",
    "member",
    "proposal",
    "approval",
    "approval",
    "revocation",
  ];

  test("not at all enters one entry a command, the version and the verdict", () => {
    expect(calm.seat.node?.status(Ledger.CONTROL).index).toBe(EFFECTS.length);
    expect(publishedEntries(calm).size).toBe(EFFECTS.length);
  });

  const places = PHASES.flatMap((phase) => [1, 2, 3].map((round) => [phase, round] as const));

  test.each(places)(
    "before %s of round %i loses nothing and enters nothing twice",
    (phase, round) => {
      const { mesh, seat } = run({ phase, round });
      const status = seat.node?.status(Ledger.CONTROL);
      expect(status).toMatchObject({ index: EFFECTS.length, damage: undefined, missingSeals: [] });
      expect(Number(status?.sealed?.head.index)).toBe(EFFECTS.length);
      // Published whole, each entry in one spelling only.
      expect(publishedEntries({ mesh, seat }).size).toBe(EFFECTS.length);
      const answers = mesh.lines.filter((line) => line.startsWith("answer"));
      expect(answers.filter((line) => line.includes("refused"))).toEqual([]);
      expect(answers.filter((line) => line.includes("verdict")).length).toBeGreaterThan(0);
      expect(new Set(answers.filter((line) => line.includes("verdict"))).size).toBe(1);
      // One head a position, ever (I3): what was signed before the crash is signed again or not at
      // all.
      expect(headsByPosition(mesh.published).every((heads) => heads.size === 1)).toBe(true);
    },
  );

  function headsByPosition(published: readonly { channel: string; bytes: Bytes }[]): Set<string>[] {
    const heads = new Map<string, Set<string>>();
    for (const { channel, bytes } of published) {
      if (!channel.includes(".heads.")) continue;
      const body = bodyOf(bytes);
      const head = body && decode(HeadSchema, body, LIMITS.entryBytesMax);
      if (head === undefined) continue;
      const at = `${head.ledger}/${head.position}`;
      heads.set(at, (heads.get(at) ?? new Set()).add(hex(body as Bytes)));
    }
    return [...heads.values()];
  }
});

function bodyOf(bytes: Bytes): Bytes | undefined {
  return decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax)?.body;
}

test("a store that was damaged makes no other head: the coordinator stops instead", () => {
  const mesh = new ScriptMesh(testMesh("pump damage", { hosts: 1 }));
  const [seat] = mesh.coordinators as readonly CoordinatorSeat[] as [CoordinatorSeat];
  mesh.startCoordinator(seat);
  mesh.tick(1_000);
  mesh.submit(mesh.kit.genesis.envelope);
  mesh.tick(1_000);
  mesh.crash(seat);
  const [[key]] = [...seat.store.scan("journal/c/")] as unknown as [[string]];
  seat.store.write([{ key, value: Uint8Array.of(1, 2, 3) }]);
  const before = mesh.published.length;
  mesh.startCoordinator(seat);
  expect(seat.node?.status(Ledger.CONTROL).damage).toContain("own copy makes another head at c:1");
  mesh.tick(1_000);
  const heads = mesh.published.slice(before).filter(({ channel }) => {
    return channel.includes(".heads.control.");
  });
  expect(heads).toEqual([]);
});
