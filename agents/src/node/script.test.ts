// Scripts of the whole mesh: inputs, then `----`, then the exact trace that they give, in
// agents/testdata. UPDATE=1 writes the traces anew; read the difference before it is committed.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  decode,
  EntryRecordSchema,
  EntrySchema,
  type Envelope,
  encode,
  JournalMessageSchema,
  Ledger,
  LIMITS,
  type PrivatePart,
  parseSubject,
  type SignalSchema,
  type SubjectText,
  unhex,
  wireSubjectKind,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { PLAIN_POLICY_YAML } from "../../testkit/plain-policy.ts";
import { type CoordinatorSeat, ScriptMesh, type SidecarSeat } from "../../testkit/script-mesh.ts";
import { commitmentOf, openPrivate } from "../kernel/index.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";
import { type Phase, parseDuration, parseStage } from "./index.ts";

const TESTDATA = fileURLToPath(new URL("../../testdata/", import.meta.url));
const RULER = "----";

type Fields = ReadonlyMap<string, string>;

class Script {
  readonly mesh: ScriptMesh;
  /** Proposals by the name that the script gives them. */
  readonly #proposals = new Map<string, Bytes>();
  /** Next number of each host that the script itself speaks for, with its incarnation. */
  readonly #numbers = new Map<string, { incarnation: Bytes; next: number }>();
  #batches = 0;

  constructor(shape: { coordinators?: number; hosts?: number }) {
    this.mesh = new ScriptMesh(testMesh("script", shape));
  }

  run(line: string): void {
    this.mesh.lines.push(`> ${line}`);
    const [verb, ...rest] = line.split(" ") as [string, ...string[]];
    const words = rest.filter((word) => !/^[a-z]+=/.test(word));
    const fields = new Map(
      rest.filter((word) => !words.includes(word)).map((w) => w.split("=") as [string, string]),
    );
    const handler = this.#verbs[verb];
    if (handler === undefined) throw new Error(`no such input: ${line}`);
    handler(words, fields);
  }

  readonly #verbs: Readonly<Record<string, (words: string[], fields: Fields) => void>> = {
    start: ([name]) => this.#start(name as string),
    setup: () => this.#setup(),
    tick: ([ms]) => this.mesh.tick(Number(ms)),
    genesis: () => this.mesh.submit(this.mesh.kit.genesis.envelope),
    policy: ([epoch], fields) => this.#policy(Number(epoch), fields),
    join: ([host], fields) => this.#join(host as string, fields),
    propose: (words, fields) => this.#propose(words, fields),
    lift: (words, fields) => this.#lift(words, fields),
    takeup: ([by, , name]) => this.#takeUp(by as string, name as string),
    approve: ([by, proposal], fields) => this.#approve(by as string, proposal as string, fields),
    again: () => this.#again(),
    signal: (words, fields) => this.#signal(words, fields),
    fail: (words, fields) => this.#fail(words, fields),
    junk: ([ledger]) => this.mesh.append(ledgerNamed(ledger), Uint8Array.of(1, 2, 3)),
    crash: ([name, , phase], fields) => {
      this.#crash(name as string, phase as Phase | undefined, Number(fields.get("round") ?? 1));
    },
    cut: ([name]) => this.#cut(name as string, true),
    heal: ([name]) => this.#cut(name as string, false),
    decide: ([host, subject]) => this.#decide(host as string, subject as string),
    show: ([name]) => this.#show(name as string),
  };

  #person(name: string): Person {
    const { operators, approvers, authors, roots, coordinators, hosts } = this.mesh.kit;
    const all = [...operators, ...approvers, ...authors, ...roots, ...coordinators, ...hosts];
    const person = all.find((p) => p.name === name);
    if (person === undefined) throw new Error(`nobody is called ${name}`);
    return person;
  }

  #people(names: string | undefined, byDefault: readonly Person[]): readonly Person[] {
    return names === undefined ? byDefault : names.split(",").map((name) => this.#person(name));
  }

  #last: readonly [Envelope, Parameters<ScriptMesh["submit"]>[1]] | undefined;

  #submit(envelope: Envelope, privates: Parameters<ScriptMesh["submit"]>[1] = []): void {
    this.#last = [envelope, privates];
    this.mesh.submit(envelope, privates);
  }

  #again(): void {
    if (this.#last !== undefined) this.mesh.submit(...this.#last);
  }

  #start(name: string): void {
    const seat = this.mesh.seatNamed(name);
    if (seat === undefined) throw new Error(`nobody is called ${name}`);
    if (name.startsWith("coordinator")) this.mesh.startCoordinator(seat as CoordinatorSeat);
    else this.mesh.startSidecar(seat as SidecarSeat);
  }

  /** Coordinators up, genesis, epoch 1, every host a witness: said by its last line only. */
  #setup(): void {
    const { mesh } = this;
    mesh.isQuiet = true;
    for (const seat of mesh.coordinators) mesh.startCoordinator(seat);
    mesh.tick(1_000);
    mesh.tick(1_000);
    mesh.submit(mesh.kit.genesis.envelope);
    this.#policy(1, new Map());
    for (const host of mesh.kit.hosts) this.#join(host.name, new Map());
    for (let i = 0; i < 4; i++) mesh.tick(1_000);
    mesh.isQuiet = false;
    this.#show("coordinator-1");
  }

  #policy(epoch: number, fields: Fields): void {
    const authors = this.#people(fields.get("by"), this.mesh.kit.authors);
    // `full`: the default policy with all that machine version 2 knows.
    const base = fields.get("kind") === "full" ? DEFAULT_POLICY_YAML : PLAIN_POLICY_YAML;
    const yaml = base.replace("name: default", `name: ${fields.get("name") ?? "default"}`);
    const { document, activation } = this.mesh.kit.policy(epoch, this.mesh.nowMs, yaml, authors);
    if (fields.get("only") !== "activation") this.#submit(document);
    if (fields.get("only") !== "document") this.#submit(activation);
  }

  #join(name: string, fields: Fields): void {
    const host = this.#person(name) as HostPerson;
    const operators = this.#people(fields.get("by"), this.mesh.kit.operators);
    const { grant, membership } = this.mesh.kit.join(host, this.mesh.nowMs, operators);
    this.#submit(grant);
    this.#submit(membership);
  }

  #propose([by, stage, subject, , name]: string[], fields: Fields): void {
    const canonical = parseSubject(subject as string) as SubjectText;
    const value = {
      subjectKind: wireSubjectKind(canonical),
      stage: parseStage(stage as string) ?? 0,
      ttlMs: BigInt(parseDuration(fields.get("ttl") ?? "1h") ?? 0),
      ...(fields.has("host") && { scope: { hosts: [fields.get("host") as string] } }),
      ...(fields.has("dry") && { isDryRun: true }),
      ...(fields.has("supersedes") && {
        supersedes: [this.#verdictOf(fields.get("supersedes") as string)],
      }),
    };
    this.#proposed(by as string, canonical, name as string, { wish: { case: "revoke", value } });
  }

  /** Lifts what the verdict of a named proposal made. */
  #lift([by, subject, of, , name]: string[], fields: Fields): void {
    const canonical = parseSubject(subject as string) as SubjectText;
    const revocationIds = [this.#verdictOf(of as string)];
    const pardonBeforeMs = fields.has("pardon") ? BigInt(this.mesh.nowMs) : 0n;
    const wish = { case: "lift", value: { revocationIds, pardonBeforeMs } };
    this.#proposed(by as string, canonical, name as string, { wish });
  }

  #proposed(by: string, subject: SubjectText, name: string, fields: object): void {
    const { kit, nowMs } = this.mesh;
    const { id, envelope, part } = kit.propose(this.#person(by), subject, nowMs, fields);
    this.#proposals.set(name, id);
    this.#submit(envelope, [part]);
  }

  /** Proposes what the newest suggestion says, with its signals inside. */
  #takeUp(by: string, name: string): void {
    const { kit, nowMs } = this.mesh;
    const [seat] = this.mesh.coordinators as readonly CoordinatorSeat[] as [CoordinatorSeat];
    const records = [...seat.store.scan("record/s/")].map(([, bytes]) => {
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      return { effect: entry?.effect, privates: record?.privates ?? [] };
    });
    const found = records.findLast(({ effect }) => effect?.case === "suggestion");
    if (found?.effect?.case !== "suggestion") throw new Error("nothing was suggested");
    const { signals, subjectKind, stage, epoch } = found.effect.value;
    const [part] = found.privates as [PrivatePart];
    const subject = openPrivate(kit.crypto, commitmentOf(kit.crypto, part), part)?.subject;
    const value = { subjectKind, stage, ttlMs: 14_400_000n };
    const fields = { epoch, evidence: signals, wish: { case: "revoke", value } };
    const proposal = kit.propose(this.#person(by), subject as SubjectText, nowMs, fields);
    this.#proposals.set(name, proposal.id);
    this.#submit(proposal.envelope, [proposal.part, ...found.privates]);
  }

  /** Id of the newest revocation that a coordinator has in force. */
  #verdictOf(which: string): Bytes {
    const [seat] = this.mesh.coordinators;
    const machine = which === "s" ? seat?.node?.signals : seat?.node?.control;
    const ids = [...(machine?.book.active.ids() ?? [])];
    return unhex(ids.at(-1) ?? "") as Bytes;
  }

  #approve(by: string, proposal: string, fields: Fields): void {
    const id = this.#proposals.get(proposal) ?? new Uint8Array(32);
    const init = fields.has("lapsed") ? { notAfterMs: BigInt(this.mesh.nowMs) } : {};
    this.#submit(this.mesh.kit.approve(this.#person(by), id, this.mesh.nowMs, init));
  }

  /** The script speaks for a host that has no sidecar: one signal in a batch of its own. */
  #signal([name, subject, mdb]: string[], fields: Fields): void {
    const host = this.#person(name as string);
    const { kit, nowMs } = this.mesh;
    const isNew = fields.get("life") === "new";
    const known = this.#numbers.get(host.name);
    const state = known === undefined || isNew ? { incarnation: kit.random(16), next: 0 } : known;
    this.#numbers.set(host.name, state);
    const first = fields.has("number") ? Number(fields.get("number")) : state.next++;
    const agoMs = parseDuration(fields.get("ago") ?? "") ?? 0;
    const evidenceMdb = Number(mdb ?? 40_000);
    const init: Partial<Parameters<typeof create<typeof SignalSchema>>[1] & object> = {
      timeMs: BigInt(nowMs - agoMs),
      evidenceFromMs: BigInt(nowMs - agoMs - 1_000),
      epoch: Number(fields.get("epoch") ?? 1),
      evidenceMdb,
      ...(fields.has("shared") && { sharedSubjects: Number(fields.get("shared")) }),
    };
    const asked = {
      subject: parseSubject(subject as string) as SubjectText,
      fields: init as object,
    };
    const { envelope, signals, privates } = kit.batch(host, state.incarnation, first, [asked]);
    const message = { format: 1, envelope, signals: [...signals], privates: [...privates] };
    const bytes = encode(JournalMessageSchema, create(JournalMessageSchema, message));
    this.mesh.append(Ledger.SIGNALS, bytes, `script/${++this.#batches}`);
    this.mesh.settle();
  }

  /** Failed logins as a sidecar's own source would see them. */
  #fail([name, subject]: string[], fields: Fields): void {
    const seat = this.mesh.seatNamed(name as string) as SidecarSeat;
    for (let i = 0; i < Number(fields.get("times") ?? 1); i++) {
      this.mesh.observe(seat, {
        type: "event",
        event: {
          id: `${name}/${this.mesh.nowMs}/${i}`,
          timeMs: this.mesh.nowMs + i,
          kind: "login-failed",
          service: "sshd",
          address: parseSubject(subject as string) as SubjectText,
          account: parseSubject("user:test/root") as SubjectText,
          isRoot: true,
          isAccountKnown: true,
          method: "password",
          count: 1,
        },
      });
    }
  }

  #crash(name: string, phase: Phase | undefined, round: number): void {
    const seat = this.mesh.seatNamed(name);
    if (seat === undefined) throw new Error(`nobody is called ${name}`);
    if (phase === undefined) this.mesh.crash(seat);
    else seat.dieBefore = { phase, round };
  }

  #cut(name: string, isCut: boolean): void {
    const seat = this.mesh.seatNamed(name);
    if (seat !== undefined) seat.isCut = isCut;
  }

  #decide(name: string, subject: string): void {
    const seat = this.mesh.seatNamed(name) as SidecarSeat;
    const subjects = [parseSubject(subject) as SubjectText];
    const held = seat.node?.decide({ subjects }, this.mesh.reading);
    const answer =
      held === undefined ? "permit" : `deny ${held.id.slice(0, 12)} stage ${held.stage}`;
    this.mesh.say(`${name} says ${answer}`);
  }

  #show(name: string): void {
    const seat = this.mesh.seatNamed(name);
    if (seat?.node === undefined) {
      this.mesh.say(`${name} is down`);
      return;
    }
    if ("control" in seat.node) {
      for (const ledger of [Ledger.CONTROL, Ledger.SIGNALS] as const) {
        const { point, index, active, sealed, damage, missingSeals } = seat.node.status(ledger);
        const letter = ledger === Ledger.CONTROL ? "c" : "s";
        const seals = `sealed ${letter}:${sealed?.head.index ?? 0} missing ${missingSeals.length}`;
        const where = `position ${point.position} index ${index} active ${active}`;
        this.mesh.say(`${name} ${letter} ${where} ${seals} ${damage ?? "whole"}`);
      }
      return;
    }
    const { node } = seat as SidecarSeat;
    if (node === undefined) return;
    const { ready, why } = node.readiness();
    const at = `c:${node.indexOf(Ledger.CONTROL)} s:${node.indexOf(Ledger.SIGNALS)}`;
    const holds = `denies ${node.denySet.size} waiting ${node.courier.waiting}`;
    this.mesh.say(`${name} ${ready ? "ready" : "not ready"} (${why}) ${at} ${holds}`);
  }
}

function ledgerNamed(name: string | undefined) {
  return name === "control" ? Ledger.CONTROL : Ledger.SIGNALS;
}

function traceOf(inputs: readonly string[]): string[] {
  const [shape, ...rest] = inputs.filter((line) => line !== "" && !line.startsWith("#"));
  const match = /^mesh coordinators=(\d) hosts=(\d)$/.exec(shape ?? "");
  if (match === null) throw new Error("a script begins with: mesh coordinators=N hosts=M");
  const script = new Script({ coordinators: Number(match[1]), hosts: Number(match[2]) });
  for (const line of rest) script.run(line);
  return script.mesh.lines;
}

describe("scripts of the mesh", () => {
  const names = readdirSync(TESTDATA).filter((name) =>
    /^(control|signals|sidecar|coordinator)-/.test(name),
  );

  test("exist", () => expect(names.length).toBeGreaterThanOrEqual(6));

  test.each(names)("%s gives exactly its trace", (name) => {
    const text = readFileSync(TESTDATA + name, "utf8");
    const [head] = text.split(`${RULER}\n`) as [string];
    const made = `${head}${RULER}\n${traceOf(head.split("\n")).join("\n")}\n`;
    if (process.env["UPDATE"] === "1") writeFileSync(TESTDATA + name, made);
    else expect(made).toBe(text);
  });
});
