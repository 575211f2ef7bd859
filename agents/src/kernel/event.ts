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
  "activity", // anything else an account did, named by `action`
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** Last millisecond of the year 9998: every time said outward still has an ISO 8601 form. */
export const EVENT_TIME_MS_MAX = 253_370_764_799_999;

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
  /** What was done, in the source's terms: `ConsoleLogin`, `GET`, `user.session.start`. */
  readonly action?: string;
  /** The client's own word for itself. */
  readonly userAgent?: string;
  /** ISO 3166 code of where `address` is, from the record or from a database given to the host. */
  readonly country?: string;
  /** Where `address` is, in degrees: both or neither. */
  readonly latitude?: number;
  readonly longitude?: number;
  /** Program that acted: `nc`, `/usr/bin/base64`. */
  readonly process?: string;
  /** The device, where the source knows it. */
  readonly device?: string;
  /** False when the source says that the device is not under management. */
  readonly isDeviceManaged?: boolean;
  /** The account was given a right, role, key or group by this event, or gave one. */
  readonly isPrivilegeGrant?: boolean;
  readonly sizeBytes?: number;
  readonly durationMs?: number;
  /** The source's own record, decoded, for rules alone; `recordType` says whose fields they are. */
  readonly record?: Readonly<Record<string, unknown>>;
  /** `aws.cloudtrail`, `okta.system`, `github.audit`, `kubernetes.audit`, `linux.auth`. */
  readonly recordType?: string;
  /**
   * How many equal observations the source folded into one line (`message repeated 3 times`); 1
   * otherwise.
   */
  readonly count: number;
}
