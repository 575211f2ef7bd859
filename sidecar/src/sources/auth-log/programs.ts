// Which program's lines are read, by the exact tag, and under which service their events go.
// A tag that is not here is foreign: its text is never looked at.

import { readAccountChange } from "./accounts.ts";
import type { ProgramParser } from "./observation.ts";
import { readSshd } from "./sshd.ts";
import { readSu, readSudo } from "./sudo-su.ts";
import { readCron, readLogind, readSystemd } from "./systemd-cron.ts";

export interface Program {
  readonly service: string;
  readonly read: ProgramParser;
}

const account = (service: string): [string, Program] => [
  service,
  { service, read: readAccountChange },
];

export const PROGRAMS: ReadonlyMap<string, Program> = new Map([
  ["sshd", { service: "sshd", read: readSshd }],
  // OpenSSH 9.8 moved the connection into its own program, 10.0 the part before the login too.
  ["sshd-session", { service: "sshd", read: readSshd }],
  ["sshd-auth", { service: "sshd", read: readSshd }],
  ["sudo", { service: "sudo", read: readSudo }],
  ["su", { service: "su", read: readSu }],
  ["CRON", { service: "cron", read: readCron }],
  ["cron", { service: "cron", read: readCron }],
  ["crond", { service: "cron", read: readCron }],
  ["systemd", { service: "systemd", read: readSystemd }],
  ["systemd-logind", { service: "systemd-logind", read: readLogind }],
  account("useradd"),
  account("usermod"),
  account("userdel"),
  account("groupadd"),
  account("groupmod"),
  account("groupdel"),
  account("gpasswd"),
  account("chpasswd"),
  account("passwd"),
  account("chage"),
]);
