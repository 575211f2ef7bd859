// Lines of sshd (sshd-session and sshd-auth since OpenSSH 9.8 and 10). One attempt prints several
// lines; exactly one of them carries the bet:
//
//   line                                             event            why
//   Failed METHOD for …                              login-failed     the attempt itself
//     publickey, none: known account                 service-notice   clients offer every key
//     publickey, none: unknown account, again        service-notice   one connection, one attempt
//     keyboard-interactive after `error: PAM: …`     service-notice   the PAM line was the attempt
//   error: PAM: Authentication failure for …         login-failed     `Failed` may not be printed
//   maximum authentication attempts exceeded for …   login-failed     if nothing had failed yet
//   Accepted METHOD for …                            login-succeeded
//   Invalid user …                                   login-probed     its `Failed` line may follow
//   User … not allowed because …                     login-probed     its `Failed` line follows
//   ROOT LOGIN REFUSED FROM …                        login-probed     if nothing was said before
//   Connection closed|reset by …, Disconnected
//     from …, Received disconnect … [preauth]        login-probed     if nothing was said before
//   Unable to negotiate …, Timeout before …          login-probed     if nothing was said before
//   Did not receive identification …,
//     Bad protocol version identification …          login-probed     the only line there is
//   pam_unix(sshd:session): session …                session-*
//   pam_unix(sshd:auth): …, PAM N more …,
//     Disconnecting …, Starting session …            service-notice   repeats what is counted above
//
// Must never take an address from anywhere but the line itself, read as sshd-peer.ts does.

import { type Connection, Connections } from "./connections.ts";
import { type LineContext, nameAccount, notice, type Observation } from "./observation.ts";
import { readPam } from "./pam.ts";
import { isSshdNotice, LEFT_PEER_PROBES } from "./sshd-lines.ts";
import { barePeerAtEnd, type NamedPeer, peerAtEnd, peerOfAuthLine } from "./sshd-peer.ts";

const PREAUTH = " [preauth]";
const AUTH_LINE = /^(Accepted|Failed|Partial|Postponed) (\S+) for (invalid user |illegal user )?/;
const METHOD_WITH_INFO = /^(publickey|hostbased|gssapi)/;
const PAM_ERROR = new RegExp(
  "^(?:error: )?PAM: (?:[Aa]uthentication (?:failure|error)|" +
    "User not known to the underlying authentication module) for (invalid user |illegal user )?",
);
const MAX_ATTEMPTS =
  /^(?:error: )?maximum authentication attempts exceeded for (invalid user |illegal user )?/;
const NOT_ALLOWED = /^User (.*) from (\S+) not allowed because [^"]*$/;
const INVALID_USER = /^(?:Invalid|Illegal) user /;
const ENDED = /^(?:Connection (?:closed|reset) by|Disconnected from) /;
const ENDED_USER = /^(authenticating|invalid) user /;
const RECEIVED_DISCONNECT =
  /^(?:error: )?Received disconnect from (\S+)(?: port \d{1,5}: ?|: )\d{1,10}:/;
const ROOT_REFUSED = /^ROOT LOGIN REFUSED FROM (\S+)(?: port \d{1,5})?$/;
const RIGHT_PEER_PROBE = new RegExp(
  "^(?:Bad protocol version identification '|Did not receive identification string from |" +
    "Magic value check failed )",
);
const REFUSED_CONNECT = /^refused connect from .*\((\S+)\)$/;

/** Reads one message of sshd. */
export function readSshd(message: string, context: LineContext): Observation | undefined {
  const text = message.trimEnd();
  const isPreauth = text.endsWith(PREAUTH);
  const body = isPreauth ? text.slice(0, -PREAUTH.length) : text;
  const line = new SshdLine(body, isPreauth, context);
  // The most frequent first letters decide which of the tables is asked.
  switch (body.charCodeAt(0)) {
    case 65: // A
    case 70: // F
    case 80: // P
      return line.readAuth() ?? line.readPamError() ?? line.readRest();
    case 112: // p
      return readPam(body, context) ?? line.readRest();
    case 40: // (
      return body.startsWith("(pam_") ? notice() : undefined;
    default:
      return line.readPamError() ?? line.readEnd() ?? line.readRest();
  }
}

class SshdLine {
  readonly #body: string;
  readonly #isPreauth: boolean;
  readonly #context: LineContext;

  constructor(body: string, isPreauth: boolean, context: LineContext) {
    this.#body = body;
    this.#isPreauth = isPreauth;
    this.#context = context;
  }

  #connection(): Connection {
    const { host, pid, timeMs } = this.#context.frame;
    return this.#context.connections.at(host, pid, timeMs);
  }

  readAuth(): Observation | undefined {
    const match = AUTH_LINE.exec(this.#body);
    if (match === null) return undefined;
    const [head, outcome, method, unknown] = match as unknown as [string, string, string, string?];
    const connection = this.#connection();
    const peer = peerOfAuthLine(
      this.#body.slice(head.length),
      METHOD_WITH_INFO.test(method),
      (text) =>
        connection.address !== undefined &&
        this.#context.subjects.address(text) === connection.address,
    );
    if (peer === undefined) return undefined;
    if (outcome === "Partial" || outcome === "Postponed") return notice();
    const isKnown = unknown === undefined && peer.user !== "<invalid username>";
    const observation = this.#about(peer, isKnown, connection);
    observation.method = method;
    if (outcome === "Accepted") {
      observation.kind = "login-succeeded";
      connection.hasSpoken = true;
      return observation;
    }
    if (connection.isPamPending && method.startsWith("keyboard-interactive")) {
      connection.isPamPending = false;
      return notice();
    }
    const isOffer = method === "none" || method === "publickey";
    if (isOffer && (isKnown || connection.hasFailed)) return notice();
    return this.#fail(observation, connection);
  }

  readPamError(): Observation | undefined {
    const pam = PAM_ERROR.exec(this.#body);
    const attempts = pam === null ? MAX_ATTEMPTS.exec(this.#body) : pam;
    if (attempts === null) return undefined;
    // macOS adds the address that was connected to: ` via 192.168.1.201`.
    const rest = this.#body.slice(attempts[0].length).replace(/ via \S+$/, "");
    const peer = peerAtEnd(rest);
    if (peer === undefined) return undefined;
    const connection = this.#connection();
    const observation = this.#about(peer, attempts[1] === undefined, connection);
    if (pam !== null) {
      connection.isPamPending = true;
      observation.method = "keyboard-interactive/pam";
      return this.#fail(observation, connection);
    }
    return connection.hasFailed ? notice() : this.#fail(observation, connection);
  }

  /** The end of a connection: a probe where nothing else was said BEFORE a credential. */
  readEnd(): Observation | undefined {
    const disconnect = RECEIVED_DISCONNECT.exec(this.#body);
    if (disconnect !== null) {
      const isFailure = this.#isPreauth || this.#body.endsWith("Auth fail");
      return isFailure ? this.#probeOnce(disconnect[1] as string) : notice();
    }
    const ended = ENDED.exec(this.#body);
    if (ended === null) return undefined;
    const observation = this.#readEnded(this.#body.slice(ended[0].length));
    // Whoever has this process id next is somebody else.
    const { host, pid } = this.#context.frame;
    this.#context.connections.end(host, pid);
    return observation;
  }

  #readEnded(rest: string): Observation | undefined {
    const named = ENDED_USER.exec(rest);
    if (named !== null) {
      const peer = barePeerAtEnd(rest.slice(named[0].length));
      if (peer === undefined) return undefined;
      return this.#isPreauth ? this.#probeOnce(peer, named[1] === "authenticating") : notice();
    }
    if (!this.#isPreauth) return notice();
    const address = /^(\S+)(?: port \d{1,5})?$/.exec(rest);
    // `user NAME ADDRESS port N` is printed after the login, never with [preauth].
    return address === null ? notice() : this.#probeOnce(address[1] as string);
  }

  readRest(): Observation | undefined {
    const body = this.#body;
    if (INVALID_USER.test(body)) {
      const peer = peerAtEnd(body.replace(INVALID_USER, ""));
      if (peer === undefined) return undefined;
      const connection = this.#connection();
      return this.#probe(this.#about(peer, false, connection), connection);
    }
    const notAllowed = NOT_ALLOWED.exec(body);
    if (notAllowed !== null) {
      const peer = { user: notAllowed[1] as string, address: notAllowed[2] as string };
      const connection = this.#connection();
      return this.#probe(this.#about(peer, true, connection), connection);
    }
    const root = ROOT_REFUSED.exec(body);
    if (root !== null) return this.#probeOnce({ user: "root", address: root[1] as string }, true);
    if (RIGHT_PEER_PROBE.test(body)) {
      const peer = peerAtEnd(body);
      if (peer === undefined) return notice();
      const connection = this.#connection();
      const named = { user: "", address: peer.address };
      return this.#probe(this.#about(named, undefined, connection), connection);
    }
    const refused = REFUSED_CONNECT.exec(body);
    if (refused !== null) return this.#probeOnce(refused[1] as string);
    for (const pattern of LEFT_PEER_PROBES) {
      const left = pattern.exec(body);
      if (left !== null) return this.#probeOnce(left[1] as string);
    }
    return isSshdNotice(body) ? notice() : undefined;
  }

  #probeOnce(peer: string | NamedPeer, isKnown?: boolean): Observation {
    const connection = this.#connection();
    const named = typeof peer === "string" ? { user: "", address: peer } : peer;
    const observation = this.#about(named, isKnown, connection);
    return connection.hasSpoken ? notice() : this.#probe(observation, connection);
  }

  #probe(observation: Observation, connection: Connection): Observation {
    connection.hasSpoken = true;
    observation.kind = "login-probed";
    return observation;
  }

  #fail(observation: Observation, connection: Connection): Observation {
    connection.hasSpoken = true;
    connection.hasFailed = true;
    observation.kind = "login-failed";
    return observation;
  }

  #about(
    peer: { user: string; address?: string },
    isKnown: boolean | undefined,
    connection: Connection,
  ): Observation {
    const observation = notice();
    const address =
      peer.address === undefined ? undefined : this.#context.subjects.address(peer.address);
    if (address !== undefined) {
      observation.address = address;
      Connections.meet(connection, address);
    }
    if (isKnown !== undefined) observation.isAccountKnown = isKnown;
    const isNamed = peer.user !== "" && peer.user !== "<invalid username>";
    return isNamed ? nameAccount(observation, peer.user, this.#context) : observation;
  }
}
