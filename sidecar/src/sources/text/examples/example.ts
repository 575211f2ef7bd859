// The shape of an example: one made-up line of a declared format as a function of the name that a
// stranger typed, and the nearest line that must not be held against anybody. For tests alone.

export interface FormatExample {
  readonly format: string;
  readonly line: (user: string) => string;
  /** What the line above must never be taken for: a line that names nobody. */
  readonly reject: string;
  readonly kind?: "login-probed";
}

/** The peer in every example. */
export const PEER = "203.0.113.9";
/** An address that only a stranger's own words name. */
export const VICTIM = "198.51.100.66";

/** A line of syslog, of the third of March. */
export const syslog = (tag: string, message: string) => `Mar  3 04:05:06 host ${tag}: ${message}`;
