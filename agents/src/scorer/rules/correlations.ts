// The correlations of a set: which rules feed them, whom they group by, and when they fire. Owns
// the group's key, in which the subject always is: whatever a rule groups by, only what one subject
// did counts together, so that nobody completes a count for somebody else (DESIGN.md 5).

import type { Event } from "@ostraka/agents/kernel";
import { hashText } from "../observation.ts";
import { CorrelationGroups } from "./correlation-groups.ts";
import type { CorrelationShape } from "./correlation-shape.ts";
import { loweredText } from "./detection-item.ts";
import type { RuleFaults } from "./faults.ts";
import { quoted } from "./faults.ts";
import { fieldsOfTypes } from "./field-names.ts";
import type { Field } from "./fields.ts";
import { speaksOf, subjectIn } from "./hit-subject.ts";
import type { RuleDocument } from "./rule-document.ts";
import type { SpeaksOf } from "./rule-set.ts";

/** A part of a key that is longer is kept by its beginning and its hash. */
const PART_MAX = 64;

export interface CorrelationInput {
  readonly document: RuleDocument;
  readonly shape: CorrelationShape;
}

/** One rule's line into a correlation. */
export interface Feed {
  readonly correlation: Correlation;
  readonly slot: number;
}

export class Correlation {
  readonly document: RuleDocument;
  readonly shape: CorrelationShape;
  readonly groups: CorrelationGroups;
  /** Fields of the key, for each of the rules. */
  readonly #keyFields: readonly (readonly Field[])[];
  readonly #countedFields: readonly (Field | undefined)[];

  constructor(
    { document, shape }: CorrelationInput,
    keyFields: readonly (readonly Field[])[],
    countedFields: readonly (Field | undefined)[],
    correlations: number,
  ) {
    this.document = document;
    this.shape = shape;
    this.#keyFields = keyFields;
    this.#countedFields = countedFields;
    this.groups = new CorrelationGroups(shape, correlations);
  }

  /** Whose doing an event is to this correlation: the address's, unless the rule says otherwise. */
  roleOf(event: Event): SpeaksOf {
    const declared = this.document.subject ?? (event.address === undefined ? undefined : "address");
    return speaksOf(declared, event);
  }

  /** @returns whether it fires on this event. */
  observe(event: Event, slot: number): boolean {
    const { timeMs } = event;
    if (!Number.isSafeInteger(timeMs) || timeMs < 0) return false;
    const role = this.roleOf(event);
    const subject = subjectIn(role, event);
    let key = `${role} ${subject === undefined ? "" : partOf(subject)}`;
    for (const field of this.#keyFields[slot] as readonly Field[]) {
      const part = firstText(field, event);
      if (part === undefined) return false;
      key += `\n${part}`;
    }
    const counted = this.#countedFields[slot];
    const value = counted === undefined ? "" : firstText(counted, event);
    return value !== undefined && this.groups.observe(key, timeMs, slot, value);
  }
}

/** The first value of a field, short enough for a key. */
function firstText(field: Field, event: Event): string | undefined {
  let text: string | undefined;
  field.any(event, (value) => {
    text = loweredText(value);
    return text !== undefined;
  });
  return text === undefined ? undefined : partOf(text);
}

function partOf(text: string): string {
  if (text.length <= PART_MAX) return text;
  return `${text.slice(0, PART_MAX)}#${hashText(text)}#${text.length}`;
}

/**
 * The fields that a correlation reads of its rules.
 * @param typesOf record types that the rule of an id or name is about
 * @returns nothing after a fault.
 */
export function openCorrelation(
  input: CorrelationInput,
  correlations: number,
  typesOf: (ref: string) => readonly string[],
  faults: RuleFaults,
): Correlation | undefined {
  const { document, shape } = input;
  const refs = shape.rules.map(({ ref }) => ref);
  for (const [alias, fields] of shape.aliases) {
    const stray = [...fields.keys()].find((ref) => !refs.includes(ref));
    if (stray === undefined) continue;
    return faults.add(
      document.at,
      `alias ${quoted(alias)} is about ${quoted(stray)}, not in rules`,
    );
  }
  const fieldsOf = (ref: string, names: readonly string[]) => {
    const field = fieldsOfTypes(typesOf(ref), true);
    return names.map((name) => field(shape.aliases.get(name)?.get(ref) ?? name));
  };
  const keyFields = refs.map((ref) => fieldsOf(ref, shape.groupBy));
  const counted = refs.map((ref) => fieldsOf(ref, shape.field === undefined ? [] : [shape.field]));
  const all = [...keyFields, ...counted].flat();
  if (all.some((field) => field === undefined)) {
    return faults.add(document.at, "a group-by or condition field cannot be a field's name");
  }
  const countedFields = counted.map(([field]) => field);
  return new Correlation(input, keyFields as Field[][], countedFields, correlations);
}
