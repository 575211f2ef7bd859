// The dumb twin: whatever bytes a reader takes, told from the bytes alone and by encoding again are
// the same answer. Over every message of the mesh, well made, damaged and made up.

import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equalBytes } from "./bytes.ts";
import { isCanonical } from "./canonical.ts";
import { file_ostraka_v1_envelope } from "./gen/ostraka/v1/envelope_pb.js";
import { file_ostraka_v1_ledger } from "./gen/ostraka/v1/ledger_pb.js";
import { file_ostraka_v1_resync } from "./gen/ostraka/v1/resync_pb.js";
import { file_ostraka_v1_roster } from "./gen/ostraka/v1/roster_pb.js";
import { file_ostraka_v1_signal } from "./gen/ostraka/v1/signal_pb.js";
import { file_ostraka_v1_verdict } from "./gen/ostraka/v1/verdict_pb.js";

const SCHEMAS: readonly DescMessage[] = [
  file_ostraka_v1_envelope,
  file_ostraka_v1_ledger,
  file_ostraka_v1_resync,
  file_ostraka_v1_roster,
  file_ostraka_v1_signal,
  file_ostraka_v1_verdict,
].flatMap((file) => file.messages);

/** What decoding did before: encode again and compare. `undefined` when no reader takes it. */
function twin(schema: DescMessage, bytes: Uint8Array): boolean | undefined {
  try {
    const message = fromBinary(schema, bytes, { readUnknownFields: false });
    return equalBytes(toBinary(schema, message), bytes);
  } catch {
    return undefined;
  }
}

type Draw = (below: number) => number;

function scalarOf(type: ScalarType, draw: Draw): unknown {
  const small = [0, 1, 127, 128, 300, 2 ** 31 - 1][draw(6)] as number;
  switch (type) {
    case ScalarType.BOOL:
      return draw(2) === 1;
    case ScalarType.STRING:
      return ["", "a", "web-1", "größe", "\ufeffbom", "x".repeat(200)][draw(6)];
    case ScalarType.BYTES:
      return new Uint8Array([0, 1, 32, 200][draw(4)] as number).fill(draw(256));
    case ScalarType.UINT64:
      return [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 1_700_000_000_000n][draw(5)];
    case ScalarType.INT64:
    case ScalarType.SINT64:
      return [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)][draw(4)];
    case ScalarType.UINT32:
      return draw(4) === 0 ? 2 ** 32 - 1 : small;
    default:
      return draw(3) === 0 ? -small : small;
  }
}

function valueFor(field: DescField, draw: Draw, depth: number): unknown {
  const list = field.fieldKind === "list";
  const one = (): unknown => {
    const kind = list ? field.listKind : field.fieldKind;
    if (kind === "message") return made(field.message as DescMessage, draw, depth + 1);
    if (kind === "enum") return [0, 1, 2, 99, -1][draw(5)];
    return scalarOf(field.scalar as ScalarType, draw);
  };
  return list ? Array.from({ length: draw(4) }, one) : one();
}

/** A message with a share of its fields set, the members of a oneof in turn. */
function made(schema: DescMessage, draw: Draw, depth = 0): Message {
  const message = create(schema);
  const seen = reflect(schema, message);
  for (const field of schema.fields) {
    if (draw(3) === 0 || depth > 4) continue;
    const value = valueFor(field, draw, depth);
    if (field.fieldKind === "list") {
      const list = seen.get(field) as { add(item: unknown): void };
      for (const item of value as unknown[]) list.add(reflected(field, item));
    } else if (field.fieldKind !== "map") seen.set(field, reflected(field, value) as never);
  }
  return message;
}

function reflected(field: DescField, value: unknown): unknown {
  const isMessage =
    field.fieldKind === "message" || (field.fieldKind === "list" && field.listKind === "message");
  return isMessage ? reflect(field.message as DescMessage, value as Message) : value;
}

/** Bytes that are nearly a message: flipped, cut, doubled, swapped, with a longer varint. */
function damaged(bytes: Uint8Array, draw: Draw): Uint8Array {
  const list = [...bytes];
  const at = draw(list.length + 1);
  const length = 1 + draw(6);
  const kinds = [
    () => list.splice(at, 1, draw(256)),
    () => list.splice(at, length),
    () => list.splice(at, 0, ...list.slice(at, at + length)),
    () => list.splice(at, 0, draw(256)),
    () => list.splice(at, 1, (list[at] ?? 0) | 0x80, 0),
    () => list.push(...list.splice(at, length)),
  ];
  kinds[draw(kinds.length)]?.();
  return new Uint8Array(list);
}

/** Draws from a list of numbers that fast-check can shrink. */
function drawFrom(numbers: readonly number[]): Draw {
  let i = 0;
  return (below) => (numbers[i++ % numbers.length] as number) % below;
}

const draws = fc.array(fc.nat(100_000), { minLength: 7, maxLength: 60 });

describe("bytes of a message", () => {
  test.each(SCHEMAS.map((schema) => [schema.typeName, schema] as const))(
    "of %s are the one spelling just when encoding again gives them",
    (_name, schema) => {
      let agreed = 0;
      const check = (bytes: Uint8Array) => {
        const expected = twin(schema, bytes);
        const told = isCanonical(schema, bytes);
        if (expected === undefined || told === undefined) return;
        agreed++;
        expect(told, Buffer.from(bytes).toString("hex")).toBe(expected);
      };
      fc.assert(
        fc.property(draws, (numbers) => {
          const draw = drawFrom(numbers);
          const bytes = toBinary(schema, made(schema, draw) as never);
          expect(twin(schema, bytes)).toBe(true);
          expect(isCanonical(schema, bytes) ?? true).toBe(true);
          check(damaged(bytes, draw));
          check(damaged(damaged(bytes, draw), draw));
        }),
        { numRuns: 250 },
      );
      expect(agreed).toBeGreaterThan(20);
    },
  );

  test("of two members of one choice are not, though a reader takes the last", () => {
    const choices = SCHEMAS.filter((schema) => schema.oneofs.length > 0);
    expect(choices.length).toBeGreaterThan(0);
    for (const schema of choices) {
      const [oneof] = schema.oneofs;
      const [first, second] = oneof?.fields ?? [];
      if (first?.fieldKind !== "message" || second?.fieldKind !== "message") continue;
      const both = new Uint8Array([first.number * 8 + 2, 0, second.number * 8 + 2, 0]);
      if (first.number > 15 || second.number > 15) continue;
      expect(twin(schema, both)).toBe(false);
      expect(isCanonical(schema, both)).toBe(false);
    }
  });

  test("of random noise are judged alike", () => {
    fc.assert(
      fc.property(fc.nat(SCHEMAS.length - 1), fc.uint8Array({ maxLength: 40 }), (n, bytes) => {
        const schema = SCHEMAS[n] as DescMessage;
        const expected = twin(schema, bytes);
        if (expected !== undefined) expect(isCanonical(schema, bytes) ?? expected).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
  });

  test("of every message here are understood without encoding again, beyond ASCII apart", () => {
    for (const schema of SCHEMAS) expect(isCanonical(schema, new Uint8Array())).toBe(true);
  });
});
