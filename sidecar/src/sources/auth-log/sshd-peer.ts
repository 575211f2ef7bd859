// Which address a line of sshd is about. The user name stands before the address and is whatever a
// stranger typed, ` from 1.2.3.4 port 22 ssh2` included, so addresses are read from the right, as
// OpenSSH prints them: auth.c, auth_log(): `%s %s%s%s for %s%.100s from %.200s port %d ssh2%s%s`.
// Must never name another address than the peer's: a victim would be cut off. In doubt, none.

const PEER_AT_END = /^(\S+)(?: port \d{1,5}( ssh[12])?)?$/;
const PEER_BEFORE_INFO = /^(\S+) port \d{1,5}$/;
const BARE_PEER_AT_END = /(?:^| )(\S+) port \d{1,5}$/;

/** User name and address text as a line states them; the address may be a host name. */
export interface NamedPeer {
  readonly user: string;
  readonly address: string;
}

/** Reads `USER from ADDRESS[ port N[ ssh2]]`, where nothing can follow the address. */
export function peerAtEnd(text: string): NamedPeer | undefined {
  const from = text.lastIndexOf(" from ");
  if (from < 0) return undefined;
  const match = PEER_AT_END.exec(text.slice(from + 6));
  return match === null ? undefined : { user: text.slice(0, from), address: match[1] as string };
}

/** Reads `USER ADDRESS port N`, as `Connection closed by invalid user …` prints it. */
export function barePeerAtEnd(text: string): NamedPeer | undefined {
  const match = BARE_PEER_AT_END.exec(text);
  if (match === null) return undefined;
  return { user: text.slice(0, match.index), address: match[1] as string };
}

/**
 * Reads the end of an auth_log() line, `USER from ADDRESS port N ssh2[: INFO]`. INFO (the name in a
 * certificate, a client's host and user) may be a stranger's words too: there may be two readings.
 * @param mayHaveInfo whether OpenSSH prints INFO for this method (publickey, hostbased, gssapi).
 * @param isPeer whether an address text is the peer that an earlier line of the connection named.
 * @returns the one reading, the reading that names the known peer, or the name without an address.
 */
export function peerOfAuthLine(
  text: string,
  mayHaveInfo: boolean,
  isPeer: (address: string) => boolean,
): { user: string; address?: string } | undefined {
  const last = peerAtEnd(text);
  const inner = peersBeforeInfo(text);
  if (inner.length === 0) return last;
  const first = inner[0] as NamedPeer;
  // A version of sshd that prints INFO prints the port and protocol too, so a bare ` from X` at the
  // end is INFO's.
  const isLastFull = last !== undefined && / ssh[12]$/.test(text);
  const readings = isLastFull ? [...inner, last] : inner;
  if (readings.every((reading) => reading.address === first.address)) return first;
  const known = readings.findLast((reading) => isPeer(reading.address));
  if (known !== undefined) return known;
  if (mayHaveInfo || !isLastFull) return { user: first.user };
  // Without INFO the right-most reading is the only one, except where old versions put nothing but
  // the client's own ` from …` there.
  return last.user.endsWith(":") && inner.length === 1 ? first : last;
}

function peersBeforeInfo(text: string): NamedPeer[] {
  const found: NamedPeer[] = [];
  for (let at = text.indexOf(": "); at >= 0; at = text.indexOf(": ", at + 2)) {
    const isProtocol = text.startsWith(" ssh2", at - 5) || text.startsWith(" ssh1", at - 5);
    if (!isProtocol) continue;
    const from = text.lastIndexOf(" from ", at - 5);
    const match = from < 0 ? null : PEER_BEFORE_INFO.exec(text.slice(from + 6, at - 5));
    if (match === null) continue;
    found.push({ user: text.slice(0, from), address: match[1] as string });
  }
  return found;
}
