// Shapes of a policy document: each reads a value of YAML and says in JSON Schema what it reads, so
// that the parser and the schema for editors cannot drift apart. Faults are collected with their
// places, never thrown.

import { LIMITS } from "@ostraka/proto";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** One mistake of a document. */
export interface PlacedFault {
  /** Like `signalRules[0].kinds`; `policy` for the document as a whole. */
  readonly path: string;
  readonly why: string;
  /** What JSON Schema can say as well, or what only this reader knows. */
  readonly kind: "shape" | "meaning";
}

export const FAILED: unique symbol = Symbol("failed");
export type Failed = typeof FAILED;

/** More would only repeat themselves. */
const FAULTS_MAX = 64;

/** The mistakes found so far, and the machine version whose fields are known. */
export class Faults {
  readonly version: number;
  readonly list: PlacedFault[] = [];

  constructor(version: number) {
    this.version = version;
  }

  shape(path: string, why: string): Failed {
    return this.#add({ path, why, kind: "shape" });
  }

  meaning(path: string, why: string): Failed {
    return this.#add({ path, why, kind: "meaning" });
  }

  #add(fault: PlacedFault): Failed {
    if (this.list.length < FAULTS_MAX) this.list.push(fault);
    return FAILED;
  }
}

export interface Shape<T> {
  readonly schema: JsonSchema;
  read(value: unknown, path: string, faults: Faults): T | Failed;
}

/** One key of a mapping; a version that does not know it calls it unknown. */
export interface Field<T> {
  readonly shape: Shape<T>;
  readonly isOptional: boolean;
  readonly since: number;
}

export function required<T>(shape: Shape<T>): Field<T> {
  return { shape, isOptional: false, since: 1 };
}

/** A key that may be left out; by default one that machine version 2 brought. */
export function optional<T>(shape: Shape<T>, since = 2): Field<T | undefined> {
  return { shape, isOptional: true, since };
}

type FieldTable = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
/** What a mapping reads: optional keys are absent when they are absent. */
export type Values<F extends FieldTable> = {
  readonly [K in keyof F as undefined extends ValueOf<F[K]> ? never : K]: ValueOf<F[K]>;
} & {
  readonly [K in keyof F as undefined extends ValueOf<F[K]> ? K : never]?: Exclude<
    ValueOf<F[K]>,
    undefined
  >;
};

/** Path of the document as a whole; the keys right below it stand alone. */
export const ROOT = "policy";

function below(path: string, key: string): string {
  return path === ROOT ? key : `${path}.${key}`;
}

/** Whether a value of YAML is a mapping. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A mapping with these keys and no others. */
export function mapping<F extends FieldTable>(
  fields: F,
  annotations: JsonSchema = {},
): Shape<Values<F>> {
  const keys = Object.keys(fields);
  return {
    schema: {
      ...annotations,
      type: "object",
      additionalProperties: false,
      required: keys.filter((key) => !fields[key]?.isOptional),
      properties: Object.fromEntries(keys.map((key) => [key, fields[key]?.shape.schema])),
    },
    read(value, path, faults) {
      if (!isMapping(value)) return faults.shape(path, "must be a mapping");
      const known = keys.filter((key) => (fields[key] as Field<unknown>).since <= faults.version);
      let isSound = true;
      for (const key of Object.keys(value)) {
        if (known.includes(key)) continue;
        faults.shape(path, `unknown key "${key.slice(0, 80)}" (known: ${known.join(", ")})`);
        isSound = false;
      }
      const values: Record<string, unknown> = {};
      for (const key of known) {
        const { shape, isOptional } = fields[key] as Field<unknown>;
        if (isOptional && !Object.hasOwn(value, key)) continue;
        const held = Object.hasOwn(value, key) ? value[key] : undefined;
        const read = shape.read(held, below(path, key), faults);
        if (read === FAILED) isSound = false;
        else values[key] = read;
      }
      return isSound ? (values as Values<F>) : FAILED;
    },
  };
}

/** A list of so many items. */
export function list<T>(
  item: Shape<T>,
  { min = 0, max = LIMITS.scopeItemsMax as number } = {},
): Shape<readonly T[]> {
  return {
    schema: { type: "array", items: item.schema, minItems: min, maxItems: max },
    read(value, path, faults) {
      if (!Array.isArray(value)) return faults.shape(path, "must be a list");
      if (value.length > max) return faults.shape(path, `has more than ${max} items`);
      if (value.length < min) return faults.shape(path, "must not be empty");
      const items = value.map((held, i) => item.read(held, `${path}[${i}]`, faults));
      return items.every((read): read is Exclude<typeof read, Failed> => read !== FAILED)
        ? (items as T[])
        : FAILED;
    },
  };
}

/** What a shape read, made into something else; the making may find what no schema can say. */
export function made<A, B>(
  shape: Shape<A>,
  make: (value: A, path: string, faults: Faults) => B | Failed,
): Shape<B> {
  return {
    schema: shape.schema,
    read(value, path, faults) {
      const read = shape.read(value, path, faults);
      return read === FAILED ? FAILED : make(read, path, faults);
    },
  };
}

/** As the shape, or nothing at all after the colon. */
export function orNothing<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    schema: { anyOf: [shape.schema, { type: "null" }] },
    read: (value, path, faults) => (value === null ? undefined : shape.read(value, path, faults)),
  };
}

/** As the shape, with what an editor shows when one points at it. */
export function described<T>(description: string, shape: Shape<T>): Shape<T> {
  return { ...shape, schema: { description, ...shape.schema } };
}
