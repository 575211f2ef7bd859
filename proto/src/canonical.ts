// Whether bytes are the one spelling of a message, told from the bytes alone: what encoding the
// message again would say, at a fraction of its cost. Owns the plan of each message type. Says
// nothing where it is not sure (`undefined`): whoever asks then encodes again.

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** Wire types of the encoding: https://protobuf.dev/programming-guides/encoding. */
const VARINT = 0;
const LEN = 2;

type Varint = "uint32" | "uint64" | "int32" | "bool";

type MessageField = { readonly delimitedEncoding: boolean; readonly message: DescMessage };

interface FieldPlan {
  readonly wire: typeof VARINT | typeof LEN;
  readonly kind: Varint | "bytes" | "string" | "message" | "packed";
  /** Of packed numbers: what each is. */
  readonly element?: Varint;
  readonly message?: DescMessage;
  readonly isRepeated: boolean;
  /** Only one of these may be there: the reader keeps the last. */
  readonly oneof: object | undefined;
  /** Its default value, 0 or nothing at all, is never written. */
  readonly isDefaultLeftOut: boolean;
}

/**
 * By field number; `undefined` for a message with a field of a kind that is not understood here.
 */
type Plan = ReadonlyMap<number, FieldPlan>;

const plans = new WeakMap<DescMessage, Plan | "unknown">();

/** FieldPresence.IMPLICIT of the descriptor. */
const IMPLICIT = 2;

const VARINTS: ReadonlyMap<ScalarType, Varint> = new Map([
  [ScalarType.UINT32, "uint32"],
  // Zigzag is a bijection on 32 bits: any number has one spelling.
  [ScalarType.SINT32, "uint32"],
  [ScalarType.UINT64, "uint64"],
  [ScalarType.INT64, "uint64"],
  [ScalarType.SINT64, "uint64"],
  [ScalarType.INT32, "int32"],
  [ScalarType.BOOL, "bool"],
]);

function planOf(schema: DescMessage): Plan | "unknown" {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const plan = new Map<number, FieldPlan>();
  let made: Plan | "unknown" = plan;
  for (const field of schema.fields) {
    const one = fieldPlanOf(field);
    if (one === undefined) made = "unknown";
    else plan.set(field.number, one);
  }
  plans.set(schema, made);
  return made;
}

function fieldPlanOf(field: DescField): FieldPlan | undefined {
  const isRepeated = field.fieldKind === "list";
  const isDefaultLeftOut = !isRepeated && (field.presence as number) === IMPLICIT;
  const shared = { isRepeated, isDefaultLeftOut, oneof: field.oneof };
  const kind = field.fieldKind === "list" ? field.listKind : field.fieldKind;
  if (kind === "map") return undefined;
  if (kind === "message") {
    const { delimitedEncoding, message } = field as DescField & MessageField;
    return delimitedEncoding ? undefined : { ...shared, wire: LEN, kind, message };
  }
  if (kind === "scalar" && field.scalar === ScalarType.BYTES) {
    return { ...shared, wire: LEN, kind: "bytes" };
  }
  if (kind === "scalar" && field.scalar === ScalarType.STRING) {
    return { ...shared, wire: LEN, kind: "string" };
  }
  const number = kind === "enum" ? "int32" : VARINTS.get(field.scalar as ScalarType);
  if (number === undefined) return undefined;
  if (field.fieldKind !== "list") return { ...shared, wire: VARINT, kind: number };
  if (!field.packed) return undefined;
  return { ...shared, wire: LEN, kind: "packed", element: number };
}

/** Where the reading stands: one object for a whole message, nested ones included. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  /** Low 32 bits of the varint that was read last, unsigned. */
  low: number;
  /** A text beyond ASCII, or a field that is not understood: the answer is not known here. */
  isUnsure: boolean;
}

/**
 * @param bytes that a reader of this message has read without an error.
 * @returns whether encoding what was read gives these bytes again; `undefined` when only that can
 * tell.
 */
export function isCanonical(schema: DescMessage, bytes: Uint8Array): boolean | undefined {
  const cursor: Cursor = { bytes, at: 0, low: 0, isUnsure: false };
  const holds = isMessage(schema, cursor, bytes.length);
  return cursor.isUnsure ? undefined : holds;
}

function isMessage(schema: DescMessage, cursor: Cursor, end: number): boolean {
  const plan = planOf(schema);
  if (plan === "unknown") {
    cursor.isUnsure = true;
    return false;
  }
  let last = 0;
  let chosen: Set<object> | undefined;
  while (cursor.at < end) {
    if (!readVarint(cursor, end, "uint32")) return false;
    const number = cursor.low >>> 3;
    const field = plan.get(number);
    if (field === undefined || field.wire !== (cursor.low & 7)) return false;
    // Fields come in the order of their numbers, each once, and the items of a list together.
    if (number < last || (number === last && (!field.isRepeated || field.kind === "packed"))) {
      return false;
    }
    last = number;
    if (field.oneof !== undefined) {
      if (chosen?.has(field.oneof)) return false;
      chosen ??= new Set();
      chosen.add(field.oneof);
    }
    if (!isField(field, cursor, end)) return false;
  }
  return cursor.at === end;
}

function isField(field: FieldPlan, cursor: Cursor, end: number): boolean {
  const { kind } = field;
  if (field.wire === VARINT) {
    const from = cursor.at;
    if (!readVarint(cursor, end, kind as Varint)) return false;
    const isZero = cursor.at === from + 1 && cursor.low === 0;
    return !(isZero && field.isDefaultLeftOut);
  }
  if (!readVarint(cursor, end, "uint32")) return false;
  const until = cursor.at + cursor.low;
  if (until > end) return false;
  if (cursor.at === until && (field.isDefaultLeftOut || kind === "packed")) return false;
  if (kind === "message") return isMessage(field.message as DescMessage, cursor, until);
  if (kind === "packed") return areNumbers(cursor, until, field.element as Varint);
  if (kind === "string" && !isAscii(cursor, until)) {
    cursor.isUnsure = true;
    return false;
  }
  cursor.at = until;
  return true;
}

function areNumbers(cursor: Cursor, end: number, kind: Varint): boolean {
  while (cursor.at < end) if (!readVarint(cursor, end, kind)) return false;
  return true;
}

function isAscii({ bytes, at }: Cursor, end: number): boolean {
  for (let i = at; i < end; i++) if ((bytes[i] as number) > 0x7f) return false;
  return true;
}

/** Reads a varint in its shortest form, within the range of its kind. */
function readVarint(cursor: Cursor, end: number, kind: Varint): boolean {
  const { bytes, at: from } = cursor;
  let at = from;
  let low = 0;
  for (;;) {
    if (at >= end || at - from >= 10) return false;
    const byte = bytes[at] as number;
    const shift = 7 * (at - from);
    if (shift < 32) low |= (byte & 0x7f) << shift;
    at++;
    if (byte >= 0x80) continue;
    // A last byte of 0 after others adds nothing: a longer spelling.
    if (byte === 0 && at - from > 1) return false;
    break;
  }
  cursor.at = at;
  cursor.low = low >>> 0;
  return isInRange(bytes, from, at, cursor.low, kind);
}

function isInRange(bytes: Uint8Array, from: number, to: number, low: number, kind: Varint) {
  const length = to - from;
  const last = bytes[to - 1] as number;
  switch (kind) {
    case "bool":
      return length === 1 && low <= 1;
    case "uint32":
      return length < 5 || (length === 5 && last <= 0x0f);
    case "uint64":
      return length < 10 || last === 1;
    case "int32": {
      if (length < 5 || (length === 5 && last <= 0x07)) return true;
      // A negative one is written as 64 bits, its sign in all of the upper ones.
      if (length !== 10 || last !== 1 || low < 0x8000_0000) return false;
      const isFull = (i: number) => bytes[from + i] === 0xff;
      return ((bytes[from + 4] as number) & 0xf8) === 0xf8 && [5, 6, 7, 8].every(isFull);
    }
  }
}
