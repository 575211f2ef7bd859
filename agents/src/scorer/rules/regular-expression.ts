// Regular expressions of rules, in time linear in the value (RE2). Owns the one use of the library
// and its bounds; look-around and back references do not exist here and are refused with a reason.
// Must never hand a rule's or a log's text to the language's own engine.

import { RE2JS } from "re2js";

const SOURCE_MAX = 4_096;
/** Instructions of the compiled machine: time is their number times the value's length. */
const PROGRAM_MAX = 4_096;
/** Of a longer value the beginning is looked at, and its end is not taken for the value's. */
const VALUE_MAX = 65_536;
const CUT = "\0";

export interface ExpressionFlags {
  readonly isCaseless: boolean;
  readonly isMultiline: boolean;
  readonly isDotAll: boolean;
}

/** @returns the test, or why there is none. */
export function compileExpression(
  source: string,
  flags: ExpressionFlags,
): ((value: string) => boolean) | string {
  if (source.length > SOURCE_MAX) return `longer than ${SOURCE_MAX} characters`;
  const bits =
    (flags.isCaseless ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.isMultiline ? RE2JS.MULTILINE : 0) |
    (flags.isDotAll ? RE2JS.DOTALL : 0);
  try {
    const expression = RE2JS.compile(source, bits);
    if (expression.programSize() > PROGRAM_MAX) return "too large once its repetitions unfold";
    return (value) =>
      expression.test(value.length > VALUE_MAX ? value.slice(0, VALUE_MAX) + CUT : value);
  } catch (error) {
    return whyNot(source, error);
  }
}

function whyNot(source: string, error: unknown): string {
  if (/\(\?<?[=!]/.test(source)) return "look-around is not supported: nothing linear can do it";
  if (/\\[1-9]|\\k</.test(source)) {
    return "back references are not supported: nothing linear can do them";
  }
  const message = error instanceof Error ? error.message : "unknown";
  return message.replace(/^error parsing regexp: /, "").slice(0, 200);
}
