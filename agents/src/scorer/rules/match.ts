// One compiled test of an event, and what it needs at the least. Owns `and`, `or` and `not` over
// both: the needs are what the index may rely on to leave a rule out, so they may say too little
// and must never say too much.

import type { Event } from "@ostraka/agents/kernel";

/**
 * Fields that must hold one of the values (lower case) for the test to pass. Empty says nothing.
 */
export type Needs = ReadonlyMap<string, ReadonlySet<string>>;

export interface Match {
  test(event: Event): boolean;
  readonly needs: Needs;
}

export const NO_NEEDS: Needs = new Map();

export function allOf(parts: readonly Match[]): Match {
  if (parts.length === 1) return parts[0] as Match;
  const needs = new Map<string, ReadonlySet<string>>();
  for (const part of parts) {
    for (const [field, values] of part.needs) {
      const held = needs.get(field);
      if (held === undefined || values.size < held.size) needs.set(field, values);
    }
  }
  const tests = [...parts];
  return {
    needs,
    test(event) {
      for (let i = 0; i < tests.length; i++) if (!(tests[i] as Match).test(event)) return false;
      return true;
    },
  };
}

export function anyOf(parts: readonly Match[]): Match {
  if (parts.length === 1) return parts[0] as Match;
  const needs = new Map<string, ReadonlySet<string>>();
  for (const [field, values] of parts[0]?.needs ?? NO_NEEDS) {
    const rest = parts.slice(1).map((part) => part.needs.get(field));
    if (rest.some((other) => other === undefined)) continue;
    needs.set(field, new Set([...values, ...rest.flatMap((other) => [...(other ?? [])])]));
  }
  const tests = [...parts];
  return {
    needs,
    test(event) {
      for (let i = 0; i < tests.length; i++) if ((tests[i] as Match).test(event)) return true;
      return false;
    },
  };
}

export function notOf(part: Match): Match {
  return { needs: NO_NEEDS, test: (event) => !part.test(event) };
}
