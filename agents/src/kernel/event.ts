// An event: one raw local observation at a resource, as a source hands it to the scorer.
// It never leaves its host (I9); only what the scorer makes of it does. No source-specific field:
// what a detector needs to know is said here in the field's terms, whatever log it came from.

import type { SubjectText } from "@ostraka/proto";

export const EVENT_KINDS = [
  "login-failed", // a credential was tried and refused
  "login-succeeded", // a credential was accepted
  "login-probed", // a connection that named an account or nothing and left before a credential
  "session-opened",
  "session-closed",
  "privilege-used", // sudo, su: the account acted as another
  "privilege-refused",
  "account-changed", // useradd, groupadd, chpasswd
  "job-run", // CRON and other unattended work
  "service-notice", // a line that is understood and says nothing about a subject
  "request", // one access to a resource
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

export interface Event {
  /**
   * Identity of the event: source position or the event's own id. Equal text is NOT equal identity.
   */
  readonly id: string;
  /** Event time in milliseconds since the Unix epoch, as the source states it. */
  readonly timeMs: number;
  readonly kind: EventKind;
  /** What produced it: `sshd`, `sudo`, `http`. */
  readonly service: string;
  /** Where the actor came from. */
  readonly address?: SubjectText;
  /** The account named or used. Named by whoever types, so a failure never speaks about it. */
  readonly account?: SubjectText;
  /** False when the host says that no such account exists (`invalid user`). */
  readonly isAccountKnown?: boolean;
  /** True for uid 0 or an account the source knows to be the superuser. */
  readonly isRoot?: boolean;
  /** `password`, `publickey`, `keyboard-interactive/pam`. */
  readonly method?: string;
  /** Session the event belongs to, where the source knows it. */
  readonly session?: SubjectText;
  /** Acting target (`sudo` as whom, `request` to which resource). */
  readonly target?: string;
  /**
   * How many equal observations the source folded into one line (`message repeated 3 times`); 1
   * otherwise.
   */
  readonly count: number;
}
