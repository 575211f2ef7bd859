// Lines of auth.log as sshd, sudo, cron and systemd-logind print them, with the time of now. Owns
// the two formats of a syslog header; says nothing about who is honest.

/** RFC 3164 (`Nov 24 07:20:01`) or ISO 8601 (`2026-11-24T07:20:01.123456+00:00`). */
export type HeaderForm = "rfc3164" | "iso";

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** A syslog header in UTC, up to the colon: time, host, program and its process id. */
export function headerOf(
  form: HeaderForm,
  timeMs: number,
  host: string,
  program: string,
  pid: number,
): string {
  const time = new Date(timeMs);
  return `${timeText(form, time)} ${host} ${program}[${pid}]:`;
}

function timeText(form: HeaderForm, time: Date): string {
  const iso = time.toISOString();
  if (form === "iso") return `${iso.slice(0, -1)}000+00:00`;
  const month = MONTHS.slice(3 * time.getUTCMonth(), 3 * time.getUTCMonth() + 3);
  return `${month} ${String(time.getUTCDate()).padStart(2)} ${iso.slice(11, 19)}`;
}

export interface SshPeer {
  readonly address: string;
  readonly port: number;
}

/** What sshd prints about one connection; each message has a header of its own in front. */
export const SSHD = {
  accepted: (user: string, { address, port }: SshPeer) =>
    `Accepted publickey for ${user} from ${address} port ${port} ssh2: ` +
    "ED25519 SHA256:0fTqCbWbG9zXxNsHq2b8s1hGk8uZ6oDqJxkq3QmZ0aE",
  acceptedPassword: (user: string, { address, port }: SshPeer) =>
    `Accepted password for ${user} from ${address} port ${port} ssh2`,
  opened: (user: string, uid: number) =>
    `pam_unix(sshd:session): session opened for user ${user}(uid=${uid}) by (uid=0)`,
  closed: (user: string) => `pam_unix(sshd:session): session closed for user ${user}`,
  failed: (user: string, { address, port }: SshPeer) =>
    `Failed password for ${user} from ${address} port ${port} ssh2`,
  pamFailure: (user: string, { address }: SshPeer) =>
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= " +
    `rhost=${address}  user=${user}`,
  invalid: (user: string, { address, port }: SshPeer) =>
    `Invalid user ${user} from ${address} port ${port}`,
  failedInvalid: (user: string, { address, port }: SshPeer) =>
    `Failed password for invalid user ${user} from ${address} port ${port} ssh2`,
  leftInvalid: (user: string, { address, port }: SshPeer) =>
    `Connection closed by invalid user ${user} ${address} port ${port} [preauth]`,
  leftAuthenticating: (user: string, { address, port }: SshPeer) =>
    `Connection closed by authenticating user ${user} ${address} port ${port} [preauth]`,
} as const;

export const SUDO = {
  command: (user: string, command: string) =>
    `${user.padStart(8)} : TTY=pts/0 ; PWD=/home/${user} ; USER=root ; COMMAND=${command}`,
  opened: (user: string, uid: number) =>
    `pam_unix(sudo:session): session opened for user root(uid=0) by ${user}(uid=${uid})`,
  closed: () => "pam_unix(sudo:session): session closed for user root",
} as const;

export const CRON = {
  opened: () => "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
  closed: () => "pam_unix(cron:session): session closed for user root",
} as const;

export const LOGIND = {
  newSession: (session: number, user: string) => `New session ${session} of user ${user}.`,
} as const;
