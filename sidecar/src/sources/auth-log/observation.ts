// What a program's parser makes of one message, BEFORE it gets the position and time of its line.
// Owns the shape between the frame and the program parsers, and the few ways to fill it.

import type { Event } from "@ostraka/agents/kernel";
import type { Connections } from "./connections.ts";
import type { Subjects } from "./subjects.ts";
import type { SyslogFrame } from "./syslog.ts";

type Observed = Omit<Event, "id" | "timeMs" | "service" | "count">;

/** An event without its line; `count` only where the message itself states one. */
export type Observation = { -readonly [K in keyof Observed]: Observed[K] } & { count?: number };

export interface LineContext {
  readonly subjects: Subjects;
  readonly connections: Connections;
  readonly frame: SyslogFrame;
}

/** Reads one message of one program; nothing when the message is not known. */
export type ProgramParser = (message: string, context: LineContext) => Observation | undefined;

/** A line that is understood and says nothing about a subject. */
export function notice(): Observation {
  return { kind: "service-notice" };
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
