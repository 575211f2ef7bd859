// An export of a real machine's ledgers verifies; no changed, dropped, swapped, doubled or inserted byte
// or line does, wherever it lies.

import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { newOut, type Store, type Write } from "@ostraka/agents/kernel";
import { CoordinatorNode, DEFAULT_POLICY_YAML, type OpenedGenesis } from "@ostraka/agents/node";
import { openCrypto, openSigner } from "@ostraka/host";
import {
  ApprovalSchema,
  BatchSchema,
  type Bytes,
  ControlImportSchema,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  type Envelope,
  encode,
  encodeNew,
  envelopeType,
  GrantSchema,
  JoinSchema,
  JournalMessageSchema,
  Ledger,
  type LedgerId,
  leafHash,
  MembershipSchema,
  MerkleTree,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  type PrivatePart,
  PrivatePartSchema,
  PrivateSubjectSchema,
  ProposalSchema,
  pae,
  Role,
  type SealedHead,
  SealedHeadSchema,
  SignalSchema,
  type Signer,
  Stage,
  SubjectKind,
  signEnvelope,
  TickSchema,
  utf8,
} from "@ostraka/proto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { makeGenesis } from "../init/genesis.ts";
import { exportText, type SealedLedger } from "./export-source.ts";
import { verifyPieces } from "./read-export.ts";
import { ExportVerifier, isFault } from "./verify-export.ts";

const crypto = openCrypto();
const START_MS = 1_750_000_000_000;
const digest = (text: string) => new Uint8Array(createHash("sha256").update(text).digest());
const signerOf = (name: string): Signer => openSigner(digest(name));

const PEOPLE = {
  olga: Role.OPERATOR,
  omar: Role.OPERATOR,
  ada: Role.APPROVER,
  rui: Role.APPROVER,
  sam: Role.APPROVER,
  pia: Role.AUTHOR,
  paul: Role.AUTHOR,
  "root-1": Role.ROOT,
  "root-2": Role.ROOT,
  "coordinator-1": Role.COORDINATOR,
} as const;

function memoryStore(): Store {
  const map = new Map<string, Bytes>();
  return {
    get: (key) => map.get(key),
    scan: (prefix, from = prefix) =>
      [...map]
        .filter(([k]) => k.startsWith(prefix) && k >= from)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    write: (writes: readonly Write[]) => {
      for (const { key, value } of writes) if (value) map.set(key, Uint8Array.from(value));
    },
  };
}

/** One coordinator's machines, fed by hand; what it stores is what an export reads. */
class SampleMesh {
  readonly genesis: OpenedGenesis;
  readonly store = memoryStore();
  readonly #node: CoordinatorNode;
  readonly #positions = new Map<LedgerId, number>();
  nowMs = START_MS;

  constructor(name: string) {
    const holders = Object.entries(PEOPLE).map(([holder, role]) => {
      const signer = signerOf(`${name}/${holder}`);
      return { name: holder, role, signer, foreignKeys: [] };
    });
    this.genesis = makeGenesis(crypto, {
      meshName: name,
      holders,
      faultDomains: ["host-1", "host-2"],
      caFingerprint: digest("ca"),
    });
    const publicKey = signerOf(`${name}/coordinator-1`).publicKey;
    const { store, genesis } = this;
    this.#node = new CoordinatorNode({ crypto, genesis, publicKey, store });
  }

  signer(holder: string): Signer {
    return signerOf(`${this.genesis.roster.meshName}/${holder}`);
  }

  sign(kind: Parameters<typeof signEnvelope>[1], body: Bytes, ...holders: string[]): Envelope {
    const signers = holders.map((holder) => this.signer(holder));
    return signEnvelope(this.genesis.mesh, kind, body, ...signers);
  }

  push(
    ledger: LedgerId,
    envelope: Envelope,
    beside: { privates?: PrivatePart[]; signals?: Bytes[] } = {},
  ): void {
    const position = (this.#positions.get(ledger) ?? 0) + 1;
    this.#positions.set(ledger, position);
    const bytes = encodeNew(JournalMessageSchema, { format: 1, envelope, ...beside });
    const out = newOut<never>();
    this.#node.step({ type: "message", ledger, position, bytes }, out);
    const refusal = out.trace.find((t) => t.what === "rejected");
    if (refusal !== undefined) throw new Error(`refused: ${JSON.stringify(refusal)}`);
    this.store.write(out.persist);
    const head = out.seal.find((s) => s.kind === "head");
    if (head === undefined) return;
    const sealed = this.sign("head", head.body, "coordinator-1");
    const value = create(SealedHeadSchema, { head: head.body, seals: sealed.signatures });
    this.store.write([{ key: `sealed/${ledger}`, value: encode(SealedHeadSchema, value) }]);
  }

  tick(ledger: LedgerId): void {
    this.nowMs += 1_000;
    const coordinatorKey = this.signer("coordinator-1").publicKey;
    const fields = { format: 1, coordinatorKey, ledger, timeMs: BigInt(this.nowMs) };
    this.push(ledger, this.sign("tick", encodeNew(TickSchema, fields), "coordinator-1"));
  }

  read(ledger: LedgerId): SealedLedger {
    const sealed = this.store.get(`sealed/${ledger}`) as Bytes;
    const letter = ledger === Ledger.CONTROL ? "c" : "s";
    const records = [...this.store.scan(`record/${letter}/`)].map(([, bytes]) => {
      return decode(EntryRecordSchema, bytes, 1_000_000) as EntryRecord;
    });
    return { sealed: decode(SealedHeadSchema, sealed, 1_000_000) as SealedHead, records };
  }

  lines(): string[] {
    const ledgers = new Map<LedgerId, SealedLedger>([
      [Ledger.CONTROL, this.read(Ledger.CONTROL)],
      [Ledger.SIGNALS, this.read(Ledger.SIGNALS)],
    ]);
    return [...exportText(this.genesis.mesh, ledgers)];
  }

  get notAfterMs(): bigint {
    return BigInt(this.nowMs + 3_600_000);
  }

  start(): void {
    const { notAfterMs } = this;
    this.push(Ledger.CONTROL, this.genesis.envelope);
    this.tick(Ledger.CONTROL);
    this.tick(Ledger.SIGNALS);
    const yaml = utf8(DEFAULT_POLICY_YAML);
    const policy = encodeNew(PolicyDocumentSchema, { format: 1, epoch: 1, yaml, notAfterMs });
    this.push(Ledger.CONTROL, this.sign("policy", policy, "pia", "paul"));
    const policyHash = crypto.sha256(policy);
    const fields = { format: 1, epoch: 1, policyHash, notAfterMs };
    const activation = encodeNew(PolicyActivationSchema, fields);
    this.push(Ledger.CONTROL, this.sign("activation", activation, "pia", "paul"));
  }

  join(host: string): void {
    const { notAfterMs, genesis } = this;
    const joinKey = this.signer(`${host}/token`).publicKey;
    const grant = { format: 1, name: host, faultDomain: host, joinKey, usesMax: 1, notAfterMs };
    this.push(Ledger.CONTROL, this.sign("grant", encodeNew(GrantSchema, grant), "olga", "omar"));
    const hostKey = this.signer(host).publicKey;
    const [tlsKey, natsKey] = [digest(`${host}/tls`), digest(`${host}/nats`)];
    const body = { format: 1, joinKey, hostKey, tlsKey, natsKey, notAfterMs };
    const join = this.sign("join", encodeNew(JoinSchema, body), `${host}/token`, host);
    const membership = encodeNew(MembershipSchema, { format: 1, join, notAfterMs });
    const signed = signEnvelope(
      genesis.mesh,
      "membership",
      membership,
      this.signer("coordinator-1"),
    );
    this.push(Ledger.CONTROL, signed);
  }

  propose(wish: "revoke" | { lift: Bytes }, subject: string, proposer: string): Bytes {
    const content = encodeNew(PrivateSubjectSchema, { subject, statement: "seen twice" });
    const part = create(PrivatePartSchema, {
      salt: digest(`${subject}/salt`).slice(0, 16),
      content,
    });
    const body = encodeNew(ProposalSchema, {
      format: 1,
      createdMs: BigInt(this.nowMs),
      notAfterMs: this.notAfterMs,
      nonce: digest(`${subject}${this.nowMs}`).slice(0, 16),
      epoch: 1,
      commitment: crypto.sha256(part.salt, part.content),
      wish:
        wish === "revoke"
          ? {
              case: "revoke",
              value: { subjectKind: SubjectKind.USER, stage: Stage.SUSPEND, ttlMs: 3_600_000n },
            }
          : { case: "lift", value: { revocationIds: [wish.lift] } },
    });
    this.push(Ledger.CONTROL, this.sign("proposal", body, proposer), { privates: [part] });
    return crypto.sha256(body);
  }

  approve(proposalId: Bytes, ...approvers: string[]): void {
    for (const approver of approvers) {
      const fields = { format: 1, proposalId, createdMs: BigInt(this.nowMs) };
      const body = encodeNew(ApprovalSchema, { ...fields, notAfterMs: this.notAfterMs });
      this.push(Ledger.CONTROL, this.sign("approval", body, approver));
    }
  }

  importControl(): void {
    const { sealed, records } = this.read(Ledger.CONTROL);
    const coordinatorKey = this.signer("coordinator-1").publicKey;
    const fields = { format: 1, coordinatorKey, records: [...records], head: sealed };
    const body = encodeNew(ControlImportSchema, fields);
    this.push(Ledger.SIGNALS, this.sign("import", body, "coordinator-1"));
  }

  signal(host: string, number: number): void {
    const subject = "address:203.0.113.7";
    const content = encodeNew(PrivateSubjectSchema, { subject });
    const part = create(PrivatePartSchema, {
      salt: digest(`${host}${number}`).slice(0, 16),
      content,
    });
    const shared = { format: 1, hostKey: this.signer(host).publicKey };
    const incarnation = digest(`${host}/incarnation`).slice(0, 16);
    const signal = encodeNew(SignalSchema, {
      ...shared,
      incarnation,
      number: BigInt(number),
      epoch: 1,
      timeMs: BigInt(this.nowMs),
      subjectKind: SubjectKind.ADDRESS,
      commitment: crypto.sha256(part.salt, part.content),
      evidenceKind: 1,
      evidenceMdb: 52_000,
      levelMdb: 52_000,
      evidenceFromMs: BigInt(this.nowMs - 5_000),
      recommendedStage: Stage.SUSPEND,
    });
    const tree = new MerkleTree(crypto);
    tree.append(leafHash(crypto, pae(envelopeType(this.genesis.mesh, "signal"), signal)));
    const batch = encodeNew(BatchSchema, {
      ...shared,
      incarnation,
      firstNumber: BigInt(number),
      count: 1,
      root: tree.root(),
    });
    const beside = { signals: [signal], privates: [part] };
    this.push(Ledger.SIGNALS, this.sign("batch", batch, host), beside);
  }
}

function sample(name: string): SampleMesh {
  const mesh = new SampleMesh(name);
  mesh.start();
  mesh.join("host-1");
  mesh.join("host-2");
  mesh.importControl();
  for (const number of [0, 1]) {
    mesh.signal("host-1", number);
    mesh.signal("host-2", number);
  }
  mesh.approve(mesh.propose("revoke", "user:acme/mallory", "olga"), "ada", "sam");
  mesh.tick(Ledger.CONTROL);
  const revocation = mesh.read(Ledger.SIGNALS).records[0]?.entry as Bytes;
  const id = idOfRevocation(revocation);
  mesh.approve(mesh.propose({ lift: id }, "address:203.0.113.7", "rui"), "ada", "sam");
  mesh.importControl();
  mesh.propose("revoke", "user:acme/waiting", "omar");
  mesh.tick(Ledger.CONTROL);
  mesh.tick(Ledger.SIGNALS);
  return mesh;
}

function idOfRevocation(bytes: Bytes): Bytes {
  const entry = decode(EntrySchema, bytes, 1_000_000);
  if (entry?.effect.case !== "revocation") throw new Error("no revocation");
  return entry.effect.value.id;
}

let mesh: SampleMesh;
let lines: string[];
let foreign: string[];

beforeAll(() => {
  mesh = sample("acme");
  lines = mesh.lines();
  foreign = sample("other").lines();
});

function verify(text: string | Buffer) {
  return verifyPieces(new ExportVerifier(crypto, mesh.genesis), [Buffer.from(text)]);
}

function refusal(text: string | Buffer) {
  const result = verify(text);
  return isFault(result) ? result : undefined;
}

describe("an export of real ledgers", () => {
  it("verifies, and says how many entries under which heads", () => {
    const result = verify(lines.join(""));
    if (isFault(result)) throw new Error(JSON.stringify(result));
    expect(result.entries).toBe(lines.length - 3);
    expect(result.heads.map((h) => h.ledger)).toEqual([Ledger.CONTROL, Ledger.SIGNALS]);
    const kinds = (ledger: LedgerId) =>
      result.walk.verdictsOf(ledger).map(({ verdict }) => verdict?.kind);
    expect(kinds(Ledger.CONTROL)).toEqual(["revocation", "lift"]);
    expect(kinds(Ledger.SIGNALS)).toEqual(["revocation", "revocation"]);
  });

  it("verifies in pieces of any size", () => {
    const bytes = Buffer.from(lines.join(""));
    const pieces = Array.from({ length: Math.ceil(bytes.length / 977) }, (_, i) =>
      bytes.subarray(977 * i, 977 * (i + 1)),
    );
    const result = verifyPieces(new ExportVerifier(crypto, mesh.genesis), pieces);
    expect(isFault(result)).toBe(false);
  });

  it("is refused at the first byte of another mesh", () => {
    expect(refusal(foreign.join(""))).toEqual({ line: 1, at: "the header", code: "wrong-mesh" });
    expect(refusal([lines[0], ...foreign.slice(1)].join(""))?.at).toBe("c:1");
  });
});

describe("changed bytes", () => {
  it("are refused wherever they lie", () => {
    const whole = Buffer.from(lines.join(""));
    const flip = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flip, ([at, mask]) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ mask;
        return refusal(bytes) !== undefined;
      }),
      { numRuns: 150 },
    );
  });

  it("are refused in every field of every kind of line", () => {
    const kinds = new Map<string, number>();
    lines.forEach((line, i) => {
      kinds.set(JSON.parse(line).kind + Object.keys(JSON.parse(line)).length, i);
    });
    for (const i of kinds.values()) {
      const line = lines[i] as string;
      for (const match of line.matchAll(/"[^"]*"|[0-9]+/g)) {
        const at = match.index + Math.floor(match[0].length / 2);
        const other = line[at] === "A" ? "B" : "A";
        const changed = [...lines];
        changed[i] = line.slice(0, at) + other + line.slice(at + 1);
        expect(
          refusal(changed.join("")),
          `${match[0].slice(0, 20)} of line ${i + 1}`,
        ).toBeDefined();
      }
    }
  });

  it("are refused after the end, before the end and in place of the last line feed", () => {
    const text = lines.join("");
    for (const changed of [`${text}\n`, `${text} `, text.slice(0, -1), "", `\ufeff${text}`]) {
      expect(refusal(changed)).toBeDefined();
    }
  });
});

describe("lines", () => {
  const positions = () => lines.map((_, i) => i);

  it("that are missing are missed, the first one named", () => {
    for (const i of positions()) expect(refusal(lines.toSpliced(i, 1).join(""))).toBeDefined();
    expect(refusal(lines.toSpliced(4, 1).join(""))).toMatchObject({ line: 5, at: "c:4" });
  });

  it("that are doubled are refused", () => {
    for (const i of positions()) {
      expect(refusal(lines.toSpliced(i, 0, lines[i] as string).join(""))).toBeDefined();
    }
  });

  it("that are swapped are refused", () => {
    for (const i of positions().slice(1)) {
      const swapped = lines.toSpliced(i - 1, 2, lines[i] as string, lines[i - 1] as string);
      expect(refusal(swapped.join(""))).toBeDefined();
    }
  });

  it("of another mesh or of nonsense cannot be inserted", () => {
    for (const i of positions()) {
      for (const line of [foreign[i] ?? "{}\n", "{}\n", "\n", '{"kind":"note"}\n']) {
        expect(refusal(lines.toSpliced(i, 0, line).join(""))).toBeDefined();
      }
    }
  });

  it("with an older sealed head are refused", () => {
    const older = sample("acme");
    older.tick(Ledger.SIGNALS);
    const newer = older.lines();
    // Two heads of one ledger: only the latest may stand, and only one.
    const last = lines[lines.length - 1] as string;
    expect(refusal(newer.toSpliced(newer.length - 1, 0, last).join(""))).toBeDefined();
  });
});

describe("spellings", () => {
  it.each([
    ["a space", (line: string) => line.replace('":', '": ')],
    ["a key of its own", (line: string) => line.replace("{", '{"note":1,')],
    [
      "another order of keys",
      (line: string) =>
        `${JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse()))}\n`,
    ],
    [
      "a doubled key",
      (line: string) => line.replace('{"kind":"entry",', '{"kind":"entry","kind":"entry",'),
    ],
    ["a carriage return", (line: string) => line.replace("\n", "\r\n")],
    [
      "base64 without padding or with other last bits",
      (line: string) =>
        line.replace(
          /([A-Za-z0-9+/])(=+)"/,
          (_all, last: string, pad: string) => `${last === "A" ? "B" : "z"}${pad}"`,
        ),
    ],
    [
      "a number of another spelling",
      (line: string) => line.replace(/"index":(\d+)/, '"index":$1.0'),
    ],
    ["an escape", (line: string) => line.replace('"entry":"', '"entry":"\\u0041')],
  ])("%s is refused", (_name, respell) => {
    let tried = 0;
    lines.forEach((line, i) => {
      const other = respell(line);
      if (other === line) return;
      tried++;
      expect(refusal(lines.toSpliced(i, 1, other).join("")), line.slice(0, 60)).toBeDefined();
    });
    expect(tried).toBeGreaterThan(0);
  });
});

describe("private parts", () => {
  const withPrivates = () => lines.flatMap((line, i) => (/"salt"/.test(line) ? [i] : []));
  const altered = (i: number, alter: (parts: unknown[]) => unknown[]) => {
    const json = JSON.parse(lines[i] as string);
    json.privates = alter(json.privates);
    return lines.toSpliced(i, 1, `${JSON.stringify(json)}\n`).join("");
  };

  it("that do not open their commitment are refused, at their entry", () => {
    const others = withPrivates().map((i) => JSON.parse(lines[i] as string).privates[0]);
    const [first, second] = withPrivates() as [number, number];
    const stranger = others.find((o) => o.salt !== others[0].salt);
    const fault = refusal(altered(first, () => [stranger]));
    const { ledger, index } = JSON.parse(lines[first] as string);
    expect(fault).toMatchObject({ at: `${ledger}:${index}`, code: "commitment-mismatch" });
    expect(refusal(altered(second, () => [{ ...others[1], salt: stranger.salt }]))).toBeDefined();
  });

  it("that are missing, doubled or beside an entry that has none are refused", () => {
    for (const i of withPrivates()) {
      expect(refusal(altered(i, () => []))).toBeDefined();
      expect(refusal(altered(i, (parts) => [...parts, parts[0]]))).toBeDefined();
    }
    const part = JSON.parse(lines[withPrivates()[0] as number] as string).privates[0];
    lines.forEach((line, i) => {
      if (!line.includes('"privates":[]')) return;
      expect(refusal(altered(i, () => [part])), line.slice(0, 50)).toBeDefined();
    });
  });
});
