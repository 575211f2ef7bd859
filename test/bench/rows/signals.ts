// Signals verified, decoded and stored a second: the real intake taking full batches out of their
// journal messages, stored in groups that are fsynced, beside one signature verified for each
// signal.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type MeshView, orderedKey } from "@ostraka/agents/kernel";
import { openCrypto, openSigner, openSqliteStore, type SqliteStore } from "@ostraka/host";
import {
  type Bytes,
  type Crypto,
  decode,
  encode,
  isReject,
  JournalMessageSchema,
  LIMITS,
  pae,
  type SubjectText,
} from "@ostraka/proto";
import { Intake } from "../../../agents/src/intake/index.ts";
import { MachineRun } from "../../../agents/testkit/machine-run.ts";
import { MeshKit } from "../../../agents/testkit/mesh-kit.ts";
import { type Bench, interleave, newRow, only } from "../row.ts";

const BATCHES = 48;
/** Messages of one fsynced write, as a round of a coordinator collects them. */
const GROUP = 16;
const SIGNALS = BATCHES * LIMITS.batchSignalsMax;
const ROUNDS = 7;

export const signals: Bench = {
  name: "signals",
  run: async () => {
    const crypto = openCrypto();
    const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
    const kit = new MeshKit({ crypto, openSigner, random, hosts: 1 });
    const messages = messagesOf(kit, random(16));
    const mesh = MachineRun.joined(kit);
    mesh.upgrade();
    const { view } = mesh;
    const single = oneByOne(kit);
    const dir = mkdtempSync(join(tmpdir(), "ostraka-bench-"));
    const store = openSqliteStore(join(dir, "state.sqlite"));
    try {
      const [ours = 0, floor = 1] = await interleave(
        ROUNDS,
        // A port remembers what it verified: each round has one of its own.
        () => takenPerSecond(openCrypto(), view, store, messages),
        () => verifiedPerSecond(openCrypto(), single),
      );
      return only(
        newRow({
          name: "signals taken",
          ours,
          floor,
          // 100,000 a second where verifying one by one was measured at 8,700.
          goal: 11.5,
          direction: "at-least",
          unit: "signals/s, decoded and stored",
          beside: "one signature each, verified only",
        }),
      );
    } finally {
      store.close();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

function messagesOf(kit: MeshKit, incarnation: Bytes): readonly Bytes[] {
  const [host] = kit.hosts;
  if (host === undefined) throw new Error("a mesh of no host");
  return Array.from({ length: BATCHES }, (_, i) => {
    const first = i * LIMITS.batchSignalsMax;
    const statements = Array.from({ length: LIMITS.batchSignalsMax }, (_, j) => ({
      subject: `address:10.7.${i}.${j}` as SubjectText,
    }));
    const { envelope, signals, privates } = kit.batch(host, incarnation, first, statements);
    const fields = { format: 1, envelope, signals: [...signals], privates: [...privates] };
    return encode(JournalMessageSchema, create(JournalMessageSchema, fields));
  });
}

function takenPerSecond(
  crypto: Crypto,
  view: MeshView,
  store: SqliteStore,
  messages: readonly Bytes[],
): number {
  const intake = new Intake(crypto);
  const startMs = performance.now();
  for (let at = 0; at < messages.length; at += GROUP) {
    const group = messages.slice(at, at + GROUP);
    for (const bytes of group) {
      const message = decode(JournalMessageSchema, bytes, LIMITS.messageBytesMax);
      if (message?.envelope === undefined) throw new Error("a message does not decode");
      const taken = intake.take(view, message.envelope, message.signals, message.privates);
      if (isReject(taken)) throw new Error(`a batch was refused: ${taken.reject}`);
    }
    store.write(group.map((value, i) => ({ key: `journal/s/${orderedKey(at + i + 1)}`, value })));
  }
  return (SIGNALS / (performance.now() - startMs)) * 1000;
}

interface Signed {
  readonly key: Bytes;
  readonly message: Bytes;
  readonly signature: Bytes;
}

function oneByOne(kit: MeshKit): readonly Signed[] {
  const [host] = kit.hosts;
  if (host === undefined) throw new Error("a mesh of no host");
  return Array.from({ length: 500 }, (_, i) => {
    const message = pae("application/vnd.ostraka.signal", new Uint8Array(200).fill(i, i >> 8));
    return { key: host.signer.publicKey, message, signature: host.signer.sign(message) };
  });
}

function verifiedPerSecond(crypto: Crypto, signed: readonly Signed[]): number {
  const startMs = performance.now();
  for (const { key, message, signature } of signed) {
    if (!crypto.verify(key, message, signature)) throw new Error("a good signature was refused");
  }
  return (signed.length / (performance.now() - startMs)) * 1000;
}
