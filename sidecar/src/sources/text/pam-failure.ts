// Failure lines of PAM modules under any program's tag, as Linux-PAM prints them:
// `authentication failure; logname= uid=0 euid=0 tty=ssh ruser=R rhost=H[  user=U]`. R and U are a
// stranger's words and stand on both sides of the host, so a line may have two readings.
// Must never choose between them: then the line names no address.

const FAILURE =
  /^(?:\(?pam_[a-z0-9_]{1,32}\)?(?:\([^()]{0,64}\))?:? |pam: )?authentication failure; /;
const FIELDS = /^logname=\S* uid=\S* euid=\S* tty=\S* ruser=/;
const HOST = /^(\S*)(?: {1,2}user=.*)?\s*$/s;

export interface PamFailure {
  readonly address?: string;
  readonly user?: string;
}

/** @returns what the line says, or nothing when it is no such line. */
export function readPamFailure(message: string): PamFailure | undefined {
  const head = FAILURE.exec(message);
  if (head === null) return undefined;
  const fields = message.slice(head[0].length);
  if (!FIELDS.test(fields)) return undefined;
  const hosts: string[] = [];
  let isShort = false;
  for (let at = fields.indexOf("rhost="); at >= 0; at = fields.indexOf("rhost=", at + 6)) {
    const match = HOST.exec(fields.slice(at + 6));
    if (match === null) continue;
    hosts.push(match[1] as string);
    isShort ||= hosts.length > 8;
  }
  const [address] = hosts;
  const isOne = address !== undefined && !isShort && hosts.every((host) => host === address);
  if (!isOne) return {};
  const user = / {1,2}user=(\S+)\s*$/.exec(fields)?.[1] ?? / ruser=(\S+) rhost=/.exec(fields)?.[1];
  return user === undefined ? { address } : { address, user };
}
