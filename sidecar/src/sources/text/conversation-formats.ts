// Services whose refused login takes two lines: the first names the peer of a connection, a later
// one says what became of it. slapd (OpenLDAP) and charon (strongSwan). Must never join two lines
// by anything but the number that the service itself gave the connection.

import type { EventKind } from "@ostraka/agents/kernel";
import { ConnectionWords } from "./connection-words.ts";

export interface Spoken {
  readonly kind: EventKind;
  readonly ip?: string;
  readonly user?: string;
  /** Which part of the service speaks (attempts.ts). */
  readonly layer?: string;
}

/** Reads one message under one of the service's tags; nothing when it is not known. */
export type ConversationReader = (message: string, host: string) => Spoken | undefined;

export interface ConversationFormat {
  readonly name: string;
  readonly programs: readonly string[];
  open(): ConversationReader;
}

const NOTICE: Spoken = { kind: "service-notice" };

// slapd: connection.c prints `conn=N fd=F ACCEPT from IP=A:P (IP=…)`, result.c `err=49`
// (invalidCredentials, RFC 4511 appendix A). A bind DN is the client's text, in quotes, and escapes
// none: a line is only read where its beginning says all.
const SLAPD_ACCEPT =
  /^conn=(\d{1,20}) fd=\d{1,10} ACCEPT from IP=(\[[0-9a-fA-F:.]{2,45}\]|[0-9.]{7,15}):\d{1,5} \(/;
const SLAPD_BIND = /^conn=(\d{1,20}) op=\d{1,10} BIND dn="(.*)" method=\d{1,3}$/s;
const SLAPD_RESULT = /^conn=(\d{1,20}) op=\d{1,10} RESULT tag=97 err=(\d{1,4})(?: |$)/;
const SLAPD_CLOSED = /^conn=(\d{1,20}) fd=\d{1,10} closed/;
const SLAPD_ANY = /^(?:conn=\d{1,20} |slap_global|<=|=>|bdb_|mdb_|connection_)/;

function openSlapd(): ConversationReader {
  const addresses = new ConnectionWords();
  const names = new ConnectionWords();
  return (message, host) => {
    const accept = SLAPD_ACCEPT.exec(message);
    if (accept !== null) {
      addresses.note(`${host} ${accept[1]}`, accept[2] as string);
      return NOTICE;
    }
    const bind = SLAPD_BIND.exec(message);
    if (bind !== null) {
      names.note(`${host} ${bind[1]}`, bind[2] as string);
      return NOTICE;
    }
    const result = SLAPD_RESULT.exec(message);
    if (result !== null) {
      const id = `${host} ${result[1]}`;
      const ip = addresses.wordOf(id);
      const user = names.wordOf(id);
      if (result[2] !== "49" && result[2] !== "0") return NOTICE;
      if (result[2] === "0" && !user) return NOTICE;
      return {
        kind: result[2] === "0" ? "login-succeeded" : "login-failed",
        ...(ip !== undefined && { ip }),
        ...(user !== undefined && user !== "" && { user }),
      };
    }
    const closed = SLAPD_CLOSED.exec(message);
    if (closed !== null) {
      addresses.forget(`${host} ${closed[1]}`);
      names.forget(`${host} ${closed[1]}`);
      return NOTICE;
    }
    return SLAPD_ANY.test(message) ? NOTICE : undefined;
  };
}

// charon: `06[NET] <name|83> received packet: from A[P] to B[P]`, then `06[IKE] <name|83> …`.
const CHARON = /^\d{2,3}\[(NET|IKE|ENC|CFG|JOB|TLS)\] (?:<(?:[^<>|]{1,128}\|)?(\d{1,10})> )?(.*)$/s;
const CHARON_FROM =
  /^received packet: from (\[[0-9a-fA-F:.]{2,45}\]|[0-9a-fA-F:.]{2,45})\[\d{1,5}\] to /;
const CHARON_FAILED = new RegExp(
  "^(?:EAP method \\w{2,16} failed for peer .*|tried \\d{1,3} shared keys? for " +
    ".*, but MAC mismatched|" +
    "no shared key found for .*|XAuth authentication of '.*' failed.*|" +
    "authentication of '.*' with .* failed)$",
  "s",
);
/** One line a guess; the method's own failure ends them. */
const CHARON_GUESS = /^EAP-[\w-]{2,20} verification failed(?:, retry \(\d{1,3}\))?$/;
const CHARON_DONE = /^authentication of '(.*)' with [\w -]{2,64} successful$/s;

function openCharon(): ConversationReader {
  const addresses = new ConnectionWords();
  return (message, host) => {
    const match = CHARON.exec(message);
    if (match === null) return undefined;
    const [, part, number, text] = match;
    if (number === undefined || text === undefined) return NOTICE;
    const id = `${host} ${number}`;
    if (part === "NET") {
      const from = CHARON_FROM.exec(text);
      if (from !== null) addresses.note(id, from[1] as string);
      return NOTICE;
    }
    if (part !== "IKE") return NOTICE;
    const ip = addresses.wordOf(id);
    const peer = ip === undefined ? {} : { ip };
    if (CHARON_GUESS.test(text)) return { kind: "login-failed", ...peer, layer: "eap" };
    if (CHARON_FAILED.test(text)) return { kind: "login-failed", ...peer, layer: "ike" };
    const done = CHARON_DONE.exec(text);
    return done === null ? NOTICE : { kind: "login-succeeded", ...peer, user: done[1] as string };
  };
}

export const CONVERSATION_FORMATS: readonly ConversationFormat[] = [
  { name: "slapd", programs: ["slapd"], open: openSlapd },
  { name: "charon", programs: ["charon", "charon-systemd", "ipsec"], open: openCharon },
];
