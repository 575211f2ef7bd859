// I1: a sidecar takes a verdict only if it computes the same bytes. Every field of every verdict is
// altered in turn, nested ones too, without naming any: a field that is added later is held as
// well.

import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  type Bytes,
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  encode,
  isReject,
  LIMITS,
  LiftSchema,
  parseSubject,
  RevocationSchema,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { checkVerdict, Mesh } from "./index.ts";

const kit = testMesh("verdict-check");
const [olga] = kit.operators as [Person];
const [ada, , sam] = kit.approvers as [Person, Person, Person];
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const ADDRESS = parseSubject("address:203.0.113.7") as SubjectText;

const run = MachineRun.joined(kit);

/** A kill switch, its lift, and a machine verdict, each really made by the machines. */
function decide(fields: object = {}): Bytes {
  const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, fields);
  run.command(envelope, [part]);
  run.command(kit.approve(ada, id, run.nowMs));
  run.command(kit.approve(sam, id, run.nowMs));
  const entry = run.entries("control").at(-1) as Entry;
  const { effect } = entry;
  if (effect.case !== "revocation" && effect.case !== "lift") throw new Error("no verdict");
  return effect.value.id;
}
const killed = decide();
decide({ wish: { case: "lift", value: { revocationIds: [killed], pardonBeforeMs: 5n } } });
run.import();
for (const host of [h1, h2]) {
  const fields = { timeMs: BigInt(run.nowMs) };
  run.batch(kit.batch(host, kit.random(16), 0, [{ subject: ADDRESS, fields }]));
}

/** A sidecar's mesh: every control entry applied. */
const mesh = new Mesh(nodeCrypto, kit.genesis);
for (const entry of run.entries("control")) mesh.apply(entry);

interface Verdict {
  readonly entry: Entry;
  readonly record: EntryRecord;
}

function verdictOf(name: "control" | "signals", effect: "revocation" | "lift"): Verdict {
  const record = run.records(name).find(({ entry }) => {
    return decode(EntrySchema, entry, LIMITS.entryBytesMax)?.effect.case === effect;
  });
  const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
  if (record === undefined || entry === undefined) throw new Error("no such verdict");
  return { entry, record };
}

const KILL = verdictOf("control", "revocation");
const LIFT = verdictOf("control", "lift");
const MACHINE = verdictOf("signals", "revocation");

function codeOf(entry: Entry, { record }: Verdict, privates = record.privates): string {
  const checked = checkVerdict(nodeCrypto, mesh, entry, privates);
  if (checked === undefined) return "no verdict";
  return isReject(checked) ? checked.reject : "verified";
}

type Altered<D extends DescMessage> = readonly [path: string, message: MessageShape<D>];

/** Every message that differs from this one in one place. */
function* alterations<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  path: string,
): Iterable<Altered<D>> {
  for (const field of schema.fields) {
    const name = field.localName;
    const place = `${path}.${name}`;
    // A member of a oneof lies under the group's name.
    const group = field.oneof?.localName;
    const holder = message as Record<string, unknown>;
    const inGroup =
      group === undefined ? undefined : (holder[group] as { case?: string; value?: unknown });
    if (inGroup !== undefined && inGroup.case !== name) continue;
    const value = inGroup === undefined ? holder[name] : inGroup.value;
    const rebuilt = (other: unknown) => {
      const copy = structuredClone(message) as Record<string, unknown>;
      if (group === undefined) copy[name] = other;
      else copy[group] = { case: name, value: other };
      return create(schema, copy as never) as MessageShape<D>;
    };
    for (const [where, other] of others(field.message, value, place)) yield [where, rebuilt(other)];
  }
}

/** Other values than this one, of its own type; one level deeper for messages and lists. */
function* others(
  nested: DescMessage | undefined,
  value: unknown,
  place: string,
): Iterable<readonly [string, unknown]> {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      yield [`${place} without ${i}`, value.filter((_, j) => j !== i)];
      yield [`${place} with ${i} twice`, [...value, value[i]]];
      for (const [where, other] of others(nested, value[i], `${place}[${i}]`)) {
        if (other !== undefined) yield [where, value.map((v, j) => (j === i ? other : v))];
      }
    }
    if (value.length > 1) yield [`${place} reversed`, [...value].reverse()];
    if (value.length === 0) yield [`${place} with one`, [nested ? create(nested) : sample(place)]];
  } else if (value instanceof Uint8Array) {
    yield [`${place} longer`, Uint8Array.of(...value, 0)];
    if (value.length > 0) yield [`${place} flipped`, value.map((b, i) => (i === 0 ? b ^ 1 : b))];
    if (value.length > 0) yield [`${place} shorter`, value.subarray(1)];
  } else if (typeof value === "bigint") {
    yield [`${place} more`, value + 1n];
    if (value > 0n) yield [`${place} less`, value - 1n];
  } else if (typeof value === "number") yield [place, value + 1];
  else if (typeof value === "boolean") yield [place, !value];
  else if (typeof value === "string") yield [place, `${value}x`];
  else if (value === undefined && nested !== undefined) yield [`${place} present`, create(nested)];
  else if (value === undefined) yield [`${place} present`, 1];
  else if (nested !== undefined) {
    yield [`${place} absent`, undefined];
    yield* alterations(nested, value as never, place);
  }
}

function sample(place: string): unknown {
  return /supersedes|revocationIds|path/.test(place) ? new Uint8Array(32) : "x";
}

const CASES = [
  ["a kill switch", KILL, RevocationSchema, "revocation"],
  ["a lift", LIFT, LiftSchema, "lift"],
  ["a machine verdict", MACHINE, RevocationSchema, "revocation"],
] as const;

describe.each(CASES)("%s", (_, verdict, schema, effect) => {
  test("as it was entered is verified", () => {
    expect(codeOf(verdict.entry, verdict)).toBe("verified");
  });

  test("altered in any one place is not", () => {
    const { entry } = verdict;
    const verified: string[] = [];
    let tried = 0;
    for (const [place, value] of alterations(schema, entry.effect.value as never, effect)) {
      tried++;
      const altered = create(EntrySchema, {
        ...structuredClone(entry),
        effect: { case: effect, value } as never,
      });
      // Through the wire, as it would come: what has no bytes of its own cannot come.
      const received = decode(EntrySchema, encode(EntrySchema, altered), LIMITS.entryBytesMax);
      if (received && codeOf(received, verdict) === "verified") verified.push(place);
    }
    // A machine verdict may be judged at any earlier index of the same epoch: which one was
    // imported only the head says.
    expect(verified.filter((place) => place !== "revocation.controlIndex less")).toEqual([]);
    if (verdict !== MACHINE) expect(verified).toEqual([]);
    expect(tried).toBeGreaterThan(40);
  });

  test("with other private parts is not", () => {
    const { entry, record } = verdict;
    expect(codeOf(entry, verdict, [])).not.toBe("verified");
    expect(codeOf(entry, verdict, [...record.privates, ...record.privates])).not.toBe("verified");
    const others = record.privates.map(() => kit.privatePart(MALLORY));
    expect(codeOf(entry, verdict, others)).toBe("commitment-mismatch");
  });

  test("in the other ledger is not", () => {
    const { entry } = verdict;
    const moved = create(EntrySchema, { ...structuredClone(entry), ledger: 3 - entry.ledger });
    expect(codeOf(moved, verdict)).not.toBe("verified");
  });

  test("judged by an index that is not there yet is not", () => {
    const early = new Mesh(nodeCrypto, kit.genesis);
    for (const one of run.entries("control").slice(0, 4)) early.apply(one);
    const checked = checkVerdict(nodeCrypto, early, verdict.entry, verdict.record.privates);
    expect(checked).toEqual({ reject: "wrong-index" });
  });
});

test("an entry with no verdict in it is none", () => {
  const [genesis] = run.entries("control") as [Entry];
  expect(checkVerdict(nodeCrypto, mesh, genesis, [])).toBeUndefined();
});

test("a kill switch entered after its approvals lapsed is not verified", () => {
  const { entry } = KILL;
  const late = entry.machineTimeMs + 3_600_000n;
  const moved = create(EntrySchema, { ...structuredClone(entry), machineTimeMs: late });
  expect(codeOf(moved, KILL)).toBe("expired");
});
