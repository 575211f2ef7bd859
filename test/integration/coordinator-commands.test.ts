// A coordinator in its own process on a real nats-server: commands in, entries and sealed heads
// out.

import { Mesh, openSealedHead } from "@ostraka/agents/node";
import {
  addressSubject,
  decode,
  type Entry,
  EntrySchema,
  isReject,
  Ledger,
  LIMITS,
  OstrakaError,
  type SubjectText,
} from "@ostraka/proto";
import { Outcome } from "@ostraka/proto/gen/admin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, MeshFixture, submit, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const SUBJECT = addressSubject("203.0.113.7") as SubjectText;

describe.skipIf(natsVersion() === undefined)("a coordinator (needs nats-server)", () => {
  let mesh: MeshFixture;
  let one: TestCoordinator;

  beforeAll(async () => {
    mesh = await MeshFixture.make();
    one = await mesh.startCoordinator();
    for (const command of mesh.commands.policy()) await submitOk(one.admin, command);
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  async function entries(ledger = Ledger.CONTROL): Promise<Entry[]> {
    const { records } = await one.admin.ledger.listEntries({ ledger, pageSize: 500 });
    return records.map(({ entry }) => decode(EntrySchema, entry, LIMITS.entryBytesMax) as Entry);
  }

  test("enters the genesis first, then what authors sign", async () => {
    const effects = (await entries()).slice(0, 3).map(({ effect }) => effect.case);
    expect(effects).toEqual(["genesis", "policy", "activation"]);
    const status = await one.admin.mesh.getStatus({});
    expect(status.epoch).toBe(1);
    expect(status.isBusConnected).toBe(true);
    expect(status.notes).toContain("1 coordinator: survives a crash, not the loss of its disk");
  });

  test("the same bytes twice are one entry and one answer", async () => {
    const asked = mesh.commands.revoke(SUBJECT);
    const first = await submitOk(one.admin, asked.envelope, [asked.part]);
    const second = await submitOk(one.admin, asked.envelope, [asked.part]);
    expect(second.index).toBe(first.index);
    expect(first.id).toEqual(asked.id);
    const proposals = (await entries()).filter(
      ({ effect }) => effect.case === "proposal" && effect.value.body.length > 0,
    );
    expect(proposals.filter(({ index }) => index === first.index)).toHaveLength(1);
    expect(proposals).toHaveLength(1);
  });

  test("two approvals of two groups make a revocation under a sealed head", async () => {
    const asked = mesh.commands.revoke(SUBJECT);
    await submitOk(one.admin, asked.envelope, [asked.part]);
    const shown = await one.admin.ledger.getProposal({ id: asked.id });
    expect(shown.proposal?.body).toEqual(asked.envelope.body);
    const half = await submitOk(one.admin, mesh.commands.approval(asked.id, "ada"));
    expect(half.verdictId).toHaveLength(0);
    const whole = await submitOk(one.admin, mesh.commands.approval(asked.id, "sam"));
    expect(whole.verdictId).toHaveLength(32);
    const { records, head: sealed } = await one.admin.ledger.listEntries({
      ledger: Ledger.CONTROL,
      fromIndex: whole.index + 1n,
    });
    const entry = decode(EntrySchema, records[0]?.entry ?? new Uint8Array(), LIMITS.entryBytesMax);
    expect(entry?.effect.case).toBe("revocation");
    const head = openSealedHead(mesh.crypto, new Mesh(mesh.crypto, mesh.genesis).view, sealed);
    expect(!isReject(head) && head.index >= whole.index + 1n).toBe(true);
  });

  test("a refusal is an answer with its code", async () => {
    const asked = mesh.commands.revoke(SUBJECT, "ada");
    await submitOk(one.admin, asked.envelope, [asked.part]);
    const own = await submit(one.admin, mesh.commands.approval(asked.id, "ada"));
    expect([own.outcome, own.code]).toEqual([Outcome.REFUSED, "self-approval"]);
    const bare = await submit(one.admin, asked.envelope, []);
    expect([bare.outcome, bare.code]).toEqual([Outcome.OK, ""]);
    const other = mesh.commands.revoke(SUBJECT);
    const unopened = await submit(one.admin, other.envelope, [asked.part]);
    expect(unopened.code).toBe("commitment-mismatch");
  });

  test("what is no command of this mesh is refused at the door", async () => {
    const { envelope } = mesh.commands.revoke(SUBJECT);
    const code = async (change: object) =>
      (await submit(one.admin, { ...envelope, ...change })).code;
    const [signature] = envelope.signatures;
    expect(await code({ type: envelope.type.replace(/=.*/, `=${"0".repeat(64)}`) })).toBe(
      "wrong-mesh",
    );
    expect(await code({ type: envelope.type.replace("proposal", "tick") })).toBe("wrong-type");
    expect(await code({ signatures: [] })).toBe("no-signature");
    expect(await code({ signatures: Array(17).fill(signature) })).toBe("too-many-signatures");
    for (const length of [63, 65]) {
      const cut = { ...signature, signature: new Uint8Array(length) };
      expect(await code({ signatures: [cut] })).toBe("bad-signature");
    }
    expect(await code({ body: new Uint8Array(LIMITS.commandBytesMax + 1) })).toBe("too-large");
  });

  test("an unknown proposal is not found, with a stable code", async () => {
    const asking = one.admin.ledger.getProposal({ id: new Uint8Array(32) });
    await expect(asking).rejects.toMatchObject({ code: "OSTRAKA_NOT_FOUND" });
    const unnamed = one.admin.ledger.listEntries({});
    await expect(unnamed).rejects.toBeInstanceOf(OstrakaError);
    await expect(unnamed).rejects.toMatchObject({ code: "OSTRAKA_USAGE" });
  });

  test("the signals ledger imports what the control ledger has sealed", async () => {
    const control = await one.admin.ledger.getSealedHead({ ledger: Ledger.CONTROL });
    expect(control.head?.seals).toHaveLength(1);
    await eventually(async () => {
      const { ledgers } = await one.admin.mesh.getStatus({});
      return ledgers.every(({ sealedIndex, damage }) => damage === "" && sealedIndex >= 0n);
    }, "both ledgers are well");
  });

  test("SIGTERM ends it with 0, and it goes on where it was", async () => {
    const before = await entries();
    expect(await one.end("SIGTERM")).toBe(0);
    one = await mesh.startCoordinator();
    await eventually(async () => (await entries()).length >= before.length, "the ledger is back");
    expect((await entries()).slice(0, before.length)).toEqual(before);
  });
});
