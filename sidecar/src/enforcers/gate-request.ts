// Turns one forward-auth request into the access it asks about: its subjects, resource and action.
// Owns which header counts from whom. What names an identity and cannot be read is a refusal, never
// an identity left out; what names a resource and cannot be read leaves it unknown: in every scope.

import { parseSubject, type SubjectText, userSubject } from "@ostraka/proto";
import { ClientAddresses } from "./client-address.ts";
import type { AccessRequest } from "./decision.ts";
import { trimSpaces } from "./header-space.ts";
import type { HttpGateConfig } from "./http-gate-config.ts";
import { RememberedSubjects } from "./remembered-subjects.ts";
import { resourceOf } from "./request-path.ts";

/** Subjects that `subjectsHeader` may hold. */
const HEADER_SUBJECTS_MAX = 8;

export type Unreadable =
  | "unreadable client address"
  | "unreadable user name"
  | "unreadable subjects";

const ACTION = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/; // a method is a token, RFC 9110 section 9.1
const NOT_ASCII = /[^\x20-\x7e]/;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The header lines the gate reads, by what they carry; several lines of one are kept apart. */
interface GateHeaders {
  address: string[] | undefined;
  user: string[] | undefined;
  subjects: string[] | undefined;
  resource: string[] | undefined;
  action: string[] | undefined;
}

export class GateRequests {
  /**
   * Requests of peers outside a configured `trustedProxies`. Many of them say that a proxy is
   * missing from the list: every client behind it then passes for that proxy.
   */
  fromUntrusted = 0;
  readonly #config: HttpGateConfig;
  readonly #addresses: ClientAddresses;
  readonly #users = new RememberedSubjects();
  readonly #fields = new Map<string, keyof GateHeaders>();
  readonly #lengths: readonly boolean[];

  constructor(config: HttpGateConfig) {
    this.#config = config;
    this.#addresses = new ClientAddresses(config.trustedProxies);
    const { userHeader, subjectsHeader, resourceHeader, actionHeader } = config;
    this.#fields.set(config.addressHeader, "address");
    if (userHeader !== null) this.#fields.set(userHeader, "user");
    if (subjectsHeader !== null) this.#fields.set(subjectsHeader, "subjects");
    if (resourceHeader !== null) this.#fields.set(resourceHeader, "resource");
    if (actionHeader !== null) this.#fields.set(actionHeader, "action");
    const lengths: boolean[] = [];
    for (const name of this.#fields.keys()) lengths[name.length] = true;
    this.#lengths = lengths;
  }

  /**
   * @param remoteAddress of the socket. @param rawHeaders names and values in turn, as received.
   * A peer that is not among configured proxies is the client itself: its headers name nobody, or
   * it could ask who is cut off. With no proxies configured (loopback only) every header but the
   * address header counts.
   */
  read(
    remoteAddress: string | undefined,
    rawHeaders: readonly string[],
  ): AccessRequest | Unreadable {
    const peer = this.#addresses.peer(remoteAddress);
    if (peer === undefined) return "unreadable client address";
    const isProxied = this.#config.trustedProxies.length > 0;
    if (isProxied && !peer.isTrusted) {
      this.fromUntrusted++;
      return { subjects: [peer.subject] };
    }
    const headers = this.#pick(rawHeaders);
    const client = isProxied ? this.#clientOf(headers.address) : peer.subject;
    if (client === undefined) return "unreadable client address";
    const subjects = [client];
    if (!this.#addUser(subjects, headers.user)) return "unreadable user name";
    if (!this.#addSubjects(subjects, headers.subjects)) return "unreadable subjects";
    return withScope(subjects, headers.resource, headers.action);
  }

  #pick(rawHeaders: readonly string[]): GateHeaders {
    const headers: GateHeaders = {
      address: undefined,
      user: undefined,
      subjects: undefined,
      resource: undefined,
      action: undefined,
    };
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string;
      if (this.#lengths[name.length] !== true) continue;
      const field = this.#fields.get(name) ?? this.#fields.get(name.toLowerCase());
      if (field === undefined) continue;
      const value = rawHeaders[i + 1] as string;
      const lines = headers[field];
      if (lines === undefined) headers[field] = [value];
      else lines.push(value);
    }
    return headers;
  }

  // Lines of a list add up in the order received (RFC 9110 section 5.3); HAProxy appends a line of
  // its own. A header of any other name is set, not appended to, so two lines of it disagree.
  // Absent: the proxy did not say, and its own address would pass for everybody's.
  #clientOf(lines: readonly string[] | undefined): SubjectText | undefined {
    if (lines === undefined) return undefined;
    if (lines.length === 1) return this.#addresses.forwarded(lines[0] as string);
    if (this.#config.addressHeader !== "x-forwarded-for") return undefined;
    return this.#addresses.forwarded(lines.join(","));
  }

  // An empty value is how a proxy says "nobody has logged in".
  #addUser(subjects: SubjectText[], lines: readonly string[] | undefined): boolean {
    if (lines === undefined) return true;
    if (lines.length > 1) return false;
    const line = lines[0] as string;
    if (line === "") return true;
    const user = this.#users.find(line) ?? this.#userOf(line);
    if (user === undefined) return false;
    subjects.push(user);
    return true;
  }

  #userOf(line: string): SubjectText | undefined {
    const name = textOf(line);
    const user = name === undefined ? undefined : userSubject(this.#config.realm, name);
    if (user !== undefined) this.#users.keep(line, user);
    return user;
  }

  #addSubjects(subjects: SubjectText[], lines: readonly string[] | undefined): boolean {
    if (lines === undefined) return true;
    const text = lines.length === 1 ? textOf(lines[0] as string) : undefined;
    if (text === undefined) return false;
    if (text === "") return true;
    const parts = text.split(",", HEADER_SUBJECTS_MAX + 1);
    if (parts.length > HEADER_SUBJECTS_MAX) return false;
    for (const part of parts) {
      const subject = parseSubject(trimSpaces(part));
      if (subject === undefined) return false;
      subjects.push(subject);
    }
    return true;
  }
}

function withScope(
  subjects: readonly SubjectText[],
  resourceLines: readonly string[] | undefined,
  actionLines: readonly string[] | undefined,
): AccessRequest {
  const resource = resourceLines?.length === 1 ? resourceOf(resourceLines[0] as string) : undefined;
  const method = actionLines?.length === 1 ? (actionLines[0] as string) : "";
  const action = ACTION.test(method) ? method : undefined;
  if (resource === undefined) return action === undefined ? { subjects } : { subjects, action };
  return action === undefined ? { subjects, resource } : { subjects, resource, action };
}

// A header arrives as one character a byte; a name outside ASCII is UTF-8 or not a name. A replaced
// byte would make two users one.
function textOf(value: string): string | undefined {
  if (!NOT_ASCII.test(value)) return value;
  try {
    return UTF8.decode(Buffer.from(value, "latin1"));
  } catch {
    return undefined; // not UTF-8: the caller refuses it by name
  }
}
