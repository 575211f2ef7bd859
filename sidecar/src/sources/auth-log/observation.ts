// What a program's parser makes of one message, BEFORE it gets the position and time of its line.
// Owns the shape between the frame and the program parsers, and the few ways to fill it.

import type { Event } from "@ostraka/agents/kernel";
import type { Connections } from "./connections.ts";
import type { Subjects } from "./subjects.ts";
import type { SyslogFrame } from "./syslog.ts";

/** An event that is being made: position, time and service come from the line, last of all. */
export type Observation = { -readonly [K in keyof Event]: Event[K] };

export interface LineContext {
  readonly subjects: Subjects;
  readonly connections: Connections;
  readonly frame: SyslogFrame;
}

/** Reads one message of one program; nothing when the message is not known. */
export type ProgramParser = (message: string, context: LineContext) => Observation | undefined;

/** A line that is understood and says nothing about a subject. */
export function notice(): Observation {
  return { id: "", timeMs: 0, kind: "service-notice", service: "", count: 1 };
}

/** Names the account an observation is about; names that cannot be a subject stay unnamed. */
export function nameAccount(
  observation: Observation,
  name: string,
  context: LineContext,
): Observation {
  const account = context.subjects.account(name);
  if (account !== undefined) observation.account = account;
  if (name === "root") observation.isRoot = true;
  return observation;
}
