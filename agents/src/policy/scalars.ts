// The scalars of a policy document: whole numbers, names, durations, shares, stages, kinds of
// subjects, subjects. No doubles anywhere.

import {
  parseSubject,
  Stage,
  SUBJECT_KINDS,
  type SubjectKind,
  type SubjectText,
} from "@ostraka/proto";
import { described, made, type Shape } from "./shape.ts";

/** A whole number within bounds, both included. */
export function integer(min: number, max: number): Shape<number> {
  return {
    schema: { type: "integer", minimum: min, maximum: max },
    read(value, path, faults) {
      // Integers are read as bigint: a number here is a double, even when it happens to be whole.
      if (typeof value === "bigint" && value >= min && value <= max) return Number(value);
      return faults.shape(path, `must be a whole number from ${min} to ${max}`);
    },
  };
}

/** A text of a pattern. */
function text(pattern: RegExp, why: string): Shape<string> {
  return {
    schema: { type: "string", pattern: pattern.source },
    read(value, path, faults) {
      return typeof value === "string" && pattern.test(value) ? value : faults.shape(path, why);
    },
  };
}

/** One of a list of words. */
export function word<T extends string>(...words: readonly T[]): Shape<T> {
  const why =
    words.length > 1
      ? `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`
      : `must be ${words[0]}`;
  return {
    schema: { enum: words },
    read(value, path, faults) {
      return words.find((known) => known === value) ?? faults.shape(path, why);
    },
  };
}

export const truth: Shape<boolean> = {
  schema: { type: "boolean" },
  read(value, path, faults) {
    return typeof value === "boolean" ? value : faults.shape(path, "must be true or false");
  },
};

export const name: Shape<string> = text(
  /^[a-z0-9][a-z0-9._-]{0,62}$/,
  "must be a lower-case name of letters, digits, dot, dash, underscore",
);

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DURATION = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/;

/** Milliseconds of `90s`, `10m`, `1h`, `7d`; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (UNITS_MS[match[2] as string] as number);
}

/** Milliseconds of a duration between a second and a maximum. */
export function duration(maxMs: number): Shape<number> {
  const why = 'must be a duration like "90s", "10m" or "1h"';
  const shape = made(text(DURATION, why), (held, path, faults) => {
    const ms = parseDuration(held) as number;
    if (ms >= 1_000 && ms <= maxMs) return ms;
    return faults.meaning(path, `must lie between 1s and ${maxMs / 1_000}s`);
  });
  return described(`A duration like 90s, 10m, 1h, 7d; at most ${maxMs / 1_000}s.`, shape);
}

/** Thousandths of a share like `2%` or `0.5%`. */
export const share: Shape<number> = described(
  "A share like 2% or 0.5%.",
  made(text(/^[0-9]{1,3}(\.[0-9])?%$/, "must be a share like 2% or 0.5%"), (held, path, faults) => {
    const [whole = "0", tenths = "0"] = held.slice(0, -1).split(".");
    const permille = Number(whole) * 10 + Number(tenths);
    if (permille >= 1 && permille <= 1_000) return permille;
    return faults.meaning(path, "must lie between 0.1% and 100%");
  }),
);

const STAGES: Readonly<Record<string, Stage>> = {
  observe: Stage.OBSERVE,
  "step-up": Stage.STEP_UP,
  throttle: Stage.THROTTLE,
  restrict: Stage.RESTRICT,
  suspend: Stage.SUSPEND,
  terminate: Stage.TERMINATE,
};

/** Wire number of a stage's name. */
export function parseStage(name: string): Stage | undefined {
  return Object.hasOwn(STAGES, name) ? STAGES[name] : undefined;
}

/** Name of a stage. */
export function stageName(stage: Stage): string {
  return Object.keys(STAGES).find((name) => STAGES[name] === stage) ?? "unspecified";
}

export const stage: Shape<Stage> = {
  schema: { enum: Object.keys(STAGES) },
  read(value, path, faults) {
    const found = typeof value === "string" ? parseStage(value) : undefined;
    return found ?? faults.shape(path, `must be one of ${Object.keys(STAGES).join(", ")}`);
  },
};

export const kind: Shape<SubjectKind> = {
  schema: { enum: SUBJECT_KINDS },
  read(value, path, faults) {
    const at = (SUBJECT_KINDS as readonly unknown[]).indexOf(value);
    return at >= 0 ? at + 1 : faults.shape(path, `must be one of ${SUBJECT_KINDS.join(", ")}`);
  },
};

/** A subject like `user:acme/alice`. */
export const subject: Shape<SubjectText> = described("A subject like user:acme/alice.", {
  schema: { type: "string" },
  read(value, path, faults) {
    const why = "must be a subject like user:acme/alice";
    if (typeof value !== "string") return faults.shape(path, why);
    return parseSubject(value) ?? faults.meaning(path, why);
  },
});
