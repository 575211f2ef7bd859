// The admin API of one coordinator over the wire: what lists, watches and proofs say of a mesh that
// decides meanwhile.

import { Mesh, openSealedHead } from "@ostraka/agents/node";
import type { AdminClient } from "@ostraka/coordinator";
import {
  addressSubject,
  type Bytes,
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  hex,
  isReject,
  JournalMessageSchema,
  Ledger,
  LIMITS,
  leafHash,
  PolicyDocumentSchema,
  type SubjectText,
  verifyConsistency,
  verifyInclusion,
} from "@ostraka/proto";
import { VerdictState, WaitingState } from "@ostraka/proto/gen/admin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const CONTROL = Ledger.CONTROL;
const NOTHING = new Uint8Array(0);

function entryOf(record: EntryRecord | undefined): Entry {
  return decode(EntrySchema, record?.entry ?? NOTHING, LIMITS.entryBytesMax) as Entry;
}

describe.skipIf(natsVersion() === undefined)("the admin API (needs nats-server)", () => {
  let mesh: MeshFixture;
  let one: TestCoordinator;
  let admin: AdminClient;

  beforeAll(async () => {
    mesh = await MeshFixture.make();
    one = await mesh.startCoordinator();
    ({ admin } = one);
    for (const command of mesh.commands.policy()) await submitOk(admin, command);
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  /** A kill switch on an address of its own. @returns its id and control index. */
  async function revoke(n: number): Promise<{ id: Bytes; index: bigint }> {
    const subject = addressSubject(`203.0.113.${n}`) as SubjectText;
    const asked = mesh.commands.revoke(subject);
    await submitOk(admin, asked.envelope, [asked.part]);
    await submitOk(admin, mesh.commands.approval(asked.id, "ada"));
    const done = await submitOk(admin, mesh.commands.approval(asked.id, "sam"));
    return { id: Uint8Array.from(done.verdictId), index: done.index + 1n };
  }

  async function lift(n: number, id: Bytes): Promise<bigint> {
    const asked = mesh.commands.lift(addressSubject(`203.0.113.${n}`) as SubjectText, [id]);
    await submitOk(admin, asked.envelope, [asked.part]);
    await submitOk(admin, mesh.commands.approval(asked.id, "ada"));
    const done = await submitOk(admin, mesh.commands.approval(asked.id, "sam"));
    expect(done.verdictId).toHaveLength(32);
    return done.index + 1n;
  }

  async function inForce(pageSize: number): Promise<string[]> {
    const ids: string[] = [];
    let pageToken = "";
    do {
      const page = await admin.verdict.list({ pageSize, pageToken });
      expect(page.verdicts.length).toBeLessThanOrEqual(pageSize);
      ids.push(...page.verdicts.map(({ id }) => hex(id)));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return ids;
  }

  test("verdicts in force are listed in pages, each ONCE, and a lifted one no more", async () => {
    const made = [await revoke(1), await revoke(2), await revoke(3)];
    const ids = made.map(({ id }) => hex(id));
    for (const size of [1, 2, 3, 100]) expect(await inForce(size)).toEqual(ids);
    await lift(2, (made[1] as { id: Bytes }).id);
    expect(await inForce(1)).toEqual([ids[0], ids[2]]);
    const gone = await admin.verdict.get({ id: (made[1] as { id: Bytes }).id });
    expect(gone.verdict?.state).toBe(VerdictState.OVER);
  });

  test("a verdict comes with the proof that a sealed head covers it", async () => {
    const { id, index } = await revoke(4);
    const { verdict, head, path } = await admin.verdict.get({ id });
    expect([verdict?.index, verdict?.state]).toEqual([index, VerdictState.IN_FORCE]);
    const opened = openSealedHead(mesh.crypto, new Mesh(mesh.crypto, mesh.genesis).view, head);
    if (isReject(opened)) throw new Error(opened.reject);
    const leaf = leafHash(mesh.crypto, verdict?.record?.entry ?? NOTHING);
    const [at, size] = [Number(index) - 1, Number(opened.index)];
    expect(verifyInclusion(mesh.crypto, at, size, leaf, path, opened.root)).toBe(true);
    expect(verifyInclusion(mesh.crypto, at - 1, size, leaf, path, opened.root)).toBe(false);
  });

  test("an entry is proven, and that an earlier head is a prefix of the newest", async () => {
    const view = new Mesh(mesh.crypto, mesh.genesis).view;
    const before = openSealedHead(
      mesh.crypto,
      view,
      (await admin.ledger.getSealedHead({ ledger: CONTROL })).head,
    );
    await revoke(5);
    if (isReject(before)) throw new Error(before.reject);
    const wanted = { ledger: CONTROL, index: before.index, fromIndex: before.index };
    const proof = await admin.ledger.prove(wanted);
    const after = openSealedHead(mesh.crypto, view, proof.head);
    if (isReject(after)) throw new Error(after.reject);
    const [old, size] = [Number(before.index), Number(after.index)];
    const { consistency, inclusion, record } = proof;
    const isPrefix = (root: Bytes) =>
      verifyConsistency(mesh.crypto, old, size, consistency, root, after.root);
    expect(isPrefix(before.root)).toBe(true);
    expect(isPrefix(after.root)).toBe(false);
    const leaf = leafHash(mesh.crypto, record?.entry ?? NOTHING);
    expect(verifyInclusion(mesh.crypto, old - 1, size, leaf, inclusion, after.root)).toBe(true);
  });

  test("an index range of a ledger is read in pages, to its end and no further", async () => {
    const seen: bigint[] = [];
    let pageToken = "";
    do {
      const range = { fromIndex: 2n, toIndex: 6n, pageSize: 2 };
      const page = await admin.ledger.listEntries({ ledger: CONTROL, ...range, pageToken });
      seen.push(...page.records.map((record) => entryOf(record).index));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual([2n, 3n, 4n, 5n, 6n]);
  });

  test("a watch of verdicts gives what there is, says so, then each as it is sealed", async () => {
    const known = await inForce(100);
    const watching = admin.verdict.watch({});
    const said: string[] = [];
    let made: { id: Bytes; index: bigint } | undefined;
    for await (const { item, at } of watching) {
      if (item.case === "synced") {
        said.push("synced");
        made ??= await revoke(6);
      } else if (item.case === "verdict") {
        said.push(hex(item.value.id));
        if (item.value.index === made?.index) {
          expect(at?.control).toBe(made.index);
          break;
        }
      }
    }
    const wanted = [...known, "synced", hex(made?.id ?? NOTHING)];
    expect(said.filter((word, i) => word !== "synced" || said.indexOf(word) === i)).toEqual(wanted);
  });

  test("a watch that is taken up behind a place gives what came after it only", async () => {
    const first = await revoke(7);
    const liftIndex = await lift(7, first.id);
    const resumeAfter = { control: first.index, signals: 0n };
    for await (const { item } of admin.verdict.watch({ resumeAfter })) {
      if (item.case !== "verdict") continue;
      expect(item.value.index).toBe(liftIndex);
      break;
    }
  });

  test("what waits for people is listed, shown, and told when it is decided", async () => {
    const asked = mesh.commands.revoke(addressSubject("203.0.113.8") as SubjectText);
    const changes = admin.proposal.watch({})[Symbol.asyncIterator]();
    const next = async () => {
      for (;;) {
        const { value } = await changes.next();
        const item = value?.item;
        if (item?.case === "waiting" && hex(item.value.id) === hex(asked.id)) return item.value;
      }
    };
    const entered = await submitOk(admin, asked.envelope, [asked.part]);
    const open = await next();
    expect([open.state, open.index]).toEqual([WaitingState.OPEN, entered.index]);
    const { waiting } = await admin.proposal.list({});
    expect(waiting.map(({ id }) => hex(id))).toContain(hex(asked.id));
    await submitOk(admin, mesh.commands.approval(asked.id, "ada"));
    const half = await next();
    expect(half.item.case === "proposal" && half.item.value.approvals).toHaveLength(1);
    await submitOk(admin, mesh.commands.approval(asked.id, "sam"));
    let state = WaitingState.UNSPECIFIED;
    while (state !== WaitingState.DECIDED) ({ state } = await next());
    await changes.return?.();
    const shown = await admin.proposal.get({ id: asked.id });
    expect(shown.waiting?.state).toBe(WaitingState.DECIDED);
    const left = await admin.proposal.list({});
    expect(left.waiting.map(({ id }) => hex(id))).not.toContain(hex(asked.id));
    await expect(admin.proposal.get({ id: new Uint8Array(32) })).rejects.toMatchObject({
      code: "OSTRAKA_NOT_FOUND",
    });
  });

  test("policy documents are listed as signed, with where they came into force", async () => {
    const { documents } = await admin.policy.listDocuments({});
    expect(documents.map(({ epoch, activeIndex }) => [epoch, activeIndex])).toEqual([[1, 3n]]);
    const body = documents[0]?.document?.body ?? NOTHING;
    expect(decode(PolicyDocumentSchema, body, LIMITS.envelopeBodyBytesMax)?.epoch).toBe(1);
    const rollout = await admin.policy.getRollout({});
    expect([rollout.activeEpoch, rollout.epoch, rollout.hosts]).toEqual([1, 0, 0]);
  });

  test("the own copy of a journal is paged through from its first message", async () => {
    const { journals } = await admin.journal.getStatus({});
    const control = journals.find(({ ledger }) => ledger === CONTROL);
    expect([control?.damage, control?.firstPosition]).toEqual(["", 1n]);
    const positions: bigint[] = [];
    let pageToken = "";
    do {
      const page = await admin.journal.listMessages({ ledger: CONTROL, pageSize: 7, pageToken });
      for (const { position, message } of page.messages) {
        positions.push(position);
        expect(decode(JournalMessageSchema, message, LIMITS.messageBytesMax)).toBeDefined();
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && positions.length < 50);
    expect(positions).toEqual(positions.map((_, i) => BigInt(i + 1)));
  });

  test("a read that names an index waits for it, or says in time that it is away", async () => {
    const { at } = await admin.verdict.list({});
    const control = (at?.control ?? 0n) + 4n;
    const reading = admin.verdict.list({ minIndex: { control, signals: 0n } });
    await revoke(9);
    expect((await reading).at?.control).toBeGreaterThanOrEqual(control);
    const far = { control: 2n ** 64n - 1n, signals: 0n };
    await expect(admin.verdict.list({ minIndex: far }, { timeoutMs: 1_500 })).rejects.toMatchObject(
      {
        code: "OSTRAKA_BEHIND",
        message: expect.stringMatching(
          /coordinator-1 has sealed c:\d+ s:\d+, you asked for c:1844/,
        ),
      },
    );
  });
});
