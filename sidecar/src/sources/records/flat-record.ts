// Records of services whose schema is flat: where the time, the actor, the address and the action
// stand, declared by path. Owns the reading of such a declaration and no service's. Logins are told
// apart by the action's own name where there is one.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import {
  first,
  type JsonRecord,
  number,
  type RecordFormat,
  text,
  timeOf,
} from "./record-format.ts";
import type { RecordType } from "./record-names.ts";

export interface FlatFormat {
  readonly type: RecordType;
  readonly aliases?: readonly string[];
  /** Members that only this source has. */
  readonly marks: readonly string[];
  readonly time: readonly string[];
  readonly user: readonly string[];
  readonly ip: readonly string[];
  /** A text, or a number that the service gives its kinds of event. */
  readonly action: readonly string[];
  readonly target?: readonly string[];
  readonly agent?: readonly string[];
  readonly failed?: RegExp;
  readonly succeeded?: RegExp;
  readonly grants?: RegExp;
  /** Some shippers write the names of members in lower case. */
  readonly isAnyCase?: boolean;
}

export function flatFormat(flat: FlatFormat): RecordFormat {
  const spelled = flat.isAnyCase === true ? inEitherCase(flat) : flat;
  return {
    type: flat.type,
    ...(flat.aliases !== undefined && { aliases: flat.aliases }),
    recognises: (record) =>
      isMarked(record, flat.marks) ||
      (flat.isAnyCase === true && isMarked(record, flat.marks.map(lower))),
    read: (record) => read(record, spelled),
  };
}

const lower = (path: string) => path.toLowerCase();

function inEitherCase(flat: FlatFormat): FlatFormat {
  const both = (paths: readonly string[]) => [...paths, ...paths.map(lower)];
  const { time, user, ip, action, target = [], agent = [] } = flat;
  return {
    ...flat,
    ...{ time: both(time), user: both(user), ip: both(ip), action: both(action) },
    ...{ target: both(target), agent: both(agent) },
  };
}

function isMarked(record: JsonRecord, marks: readonly string[]): boolean {
  return marks.every((mark) => first(record, ...mark.split(".")) !== undefined);
}

function read(record: JsonRecord, flat: FlatFormat): Facts | undefined {
  const timeMs = firstOf(flat.time, (path) => timeOf(first(record, ...path)));
  if (timeMs === undefined) return undefined;
  const textAt = (list: readonly string[] | undefined) =>
    list === undefined ? undefined : firstOf(list, (path) => text(record, ...path));
  const action =
    textAt(flat.action) ?? firstOf(flat.action, (path) => number(record, ...path))?.toString();
  return {
    kind: kindOf(flat, action ?? ""),
    timeMs,
    ip: textAt(flat.ip),
    user: textAt(flat.user),
    isDirectoryUser: true,
    target: textAt(flat.target),
    action,
    agent: textAt(flat.agent),
    isPrivilegeGrant: action !== undefined && flat.grants?.test(action) === true ? true : undefined,
  };
}

function kindOf({ failed, succeeded }: FlatFormat, action: string): EventKind {
  if (failed?.test(action) === true) return "login-failed";
  return succeeded?.test(action) === true ? "login-succeeded" : "activity";
}

function firstOf<T>(
  list: readonly string[],
  read: (path: readonly string[]) => T | undefined,
): T | undefined {
  for (const path of list) {
    const value = read(path.split(/(?<!\.)\.(?=.)/));
    if (value !== undefined) return value;
  }
  return undefined;
}
