// Tables of sshd messages: those whose address stands on the left, BEFORE anything a client chose,
// and those that say nothing about a subject. OpenSSH: auth.c, sshd.c, packet.c, kex.c, session.c.

/** A connection left before a credential; the first group is the peer's address. */
export const LEFT_PEER_PROBES: readonly RegExp[] = [
  /^(?:fatal: )?Unable to negotiate with (\S+)(?: port \d{1,5})?: /,
  /^(?:fatal: )?Timeout before authentication for ([0-9a-fA-F.:]+)(?: port \d{1,5})?$/,
  /^(?:fatal: )?Timeout before authentication for connection from (\S+) to /,
  /^ssh_dispatch_run_fatal: Connection from (\S+) port \d{1,5}: /,
  /^banner exchange: Connection from (\S+) port \d{1,5}: /,
];

const NOTICES: readonly string[] = [
  "Address ",
  "Authentication refused: ",
  "Authentication tried for ",
  "Authorized to ",
  "Close session: ",
  "Closing connection to ",
  "Connection from ",
  "Deprecated option ",
  "Disconnecting",
  "Exiting on signal",
  "PAM ",
  "PAM: ",
  "Received SIGHUP",
  "Received signal ",
  "SSH: Server;",
  "Server listening on ",
  "Starting session: ",
  "User child is on pid ",
  "User ",
  "banner exchange: ",
  "debug",
  "drop connection ",
  "error: ",
  "exited MaxStartups throttling",
  "fatal: ",
  "beginning MaxStartups throttling",
  "input_userauth_request: ",
  "kex_exchange_identification: ",
  "mm_",
  "nss_",
  "pam_",
  "reprocess config ",
  "reverse mapping checking ",
  "rexec line ",
  "srclimit_penalise: ",
  "subsystem request ",
  "userauth_pubkey: ",
  "lastlog_",
  "session opened for local user ",
  "session closed for local user ",
  "syslogin_",
  "Changed root directory to ",
  "Did not receive ident",
  "Could not ",
  "Nasty PTR record ",
  "Protocol major versions differ",
  "Set /proc/self/oom_score_adj",
  "Transferred: ",
  "Found matching ",
  "Accepted key ",
  "Accepted certificate ",
  "ssh_dispatch_run_fatal: ",
  "Missing privilege separation directory",
  "Bind to port ",
  "Bad packet length ",
  "Corrupted MAC on input",
  "Failed to ",
  "Invalid SSH identification string",
  "Local disconnected: ",
  "Protocol mismatch",
  "Read error from remote host ",
  "Server exiting",
  "Timeout, client not responding",
  "Write failed: ",
  "channel ",
  "key_",
  "packet_write_",
  "refused local port forward",
  "refused streamlocal ",
  "server_input_",
  "ssh_",
  "trying public key file ",
];

const BY_FIRST = new Map<number, string[]>();
for (const prefix of NOTICES) {
  const first = prefix.charCodeAt(0);
  BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), prefix]);
}

/** Whether a message of sshd is known to say nothing about a subject. */
export function isSshdNotice(message: string): boolean {
  return BY_FIRST.get(message.charCodeAt(0))?.some((p) => message.startsWith(p)) ?? false;
}
