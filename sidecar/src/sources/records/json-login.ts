// Logins in the JSON and logfmt of the many programs that have no schema of their own: a time, a
// client address and a user under well-known keys, and an explicit word of what happened. Keys are
// the program's and values are quoted, so a name cannot pass for an address.
// Must never take an address from within a text, nor make a failure of a word that is none.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { pathOf, requestKind } from "../text/access-log.ts";
import { webRequest } from "../text/web-request.ts";
import { KnownKeys } from "./known-keys.ts";
import { at, isRecord, type JsonRecord, type RecordFormat, timeOf } from "./record-format.ts";

const isText = (value: unknown) => typeof value === "string" && value !== "" && value !== "-";
const isTime = (value: unknown) => typeof value === "string" || typeof value === "number";
const isAddress = (value: unknown) =>
  typeof value === "string" && /^\[?[0-9a-fA-F:.]{2,45}/.test(value);
const isStatus = (value: unknown) => /^[0-9]{1,3}$/.test(String(value));

const TIME_KEYS = [
  ...["time", "timestamp", "@timestamp", "ts", "t", "t.$date", "date", "datetime", "eventTime"],
  ...[
    "StartUTC",
    "StartLocal",
    "time_local",
    "created_at",
    "created",
    "asctime",
    "Timestamp",
    "event_time",
    "utc_time",
  ],
];
// In order: what a proxy resolved stands BEFORE the peer that it resolved it from, and a key of the
// record itself before one within it, which may be what a client sent.
const ADDRESS_KEYS = [
  ...["client_ip", "clientIp", "clientIP", "client_addr"],
  ...["remote_ip", "remoteIp", "remoteIP", "remote_addr", "remoteAddr", "remote_address"],
  ...["remoteAddress", "ip_address", "ipAddress", "ip"],
  ...["src_ip", "source_ip", "sourceIp", "sourceIPAddress", "visitor_ip", "ClientHost"],
  ...["clientip", "src", "addr", "remote", "peer", "rhost"],
  ...["request.client_ip", "request.remote_ip", "request.remote_addr", "meta.remote_ip"],
  ...["attr.remote", "attr.client"],
  ...["client.ip", "client.address", "source.ip", "context.ip", "actor.ip", "request.ip"],
  ...["real_ip", "RemoteAddr", "http.client_ip", "req.remoteAddress", "addr.remote"],
  ...["remote_host", "ipaddr", "userIp", "user_ip", "fromIp", "IP", "ip_addr", "remotehost"],
  ...["client_address", "clientAddress", "remip", "srcip", "src_host", "origin.address"],
  ...["request.remote_address", "remote.ip", "network.client.ip"],
];
const USER_KEYS = [
  ...["username", "user_name", "userName", "login", "email", "user.username", "user.email"],
  ...["identifier", "principalName", "attr.principalName", "attr.user", "account", "uname", "user"],
  ...["ClientUsername", "user.name", "user_id", "userId", "name", "context.username", "usr.name"],
];
const STATUS_KEYS = [
  ...["status", "httpStatus", "http_status", "DownstreamStatus", "status_code", "statusCode"],
  ...["code", "response.status", "res.statusCode"],
];
const METHOD_KEYS = ["method", "request.method", "http_method", "RequestMethod", "req.method"];
const TARGET_KEYS = [
  ...["path", "request.uri", "http_path", "RequestPath", "uri", "url", "req.url", "request_uri"],
];
const AGENT_KEYS = ["user_agent", "userAgent", "ua", "request_User-Agent"];
const WORD_KEYS = [
  ...["msg", "message", "event", "action", "error", "reason", "status", "type", "result"],
  ...["outcome", "sender", "event_type", "eventType", "eventName", "err", "detail"],
  ...["event.action", "eventid", "logdesc"],
];

const KNOWN = new KnownKeys([
  { keys: TIME_KEYS, accepts: isTime },
  { keys: ADDRESS_KEYS, accepts: isAddress },
  { keys: USER_KEYS, accepts: isText },
  { keys: STATUS_KEYS, accepts: isStatus },
  { keys: METHOD_KEYS, accepts: isText },
  { keys: TARGET_KEYS, accepts: isText },
  { keys: AGENT_KEYS, accepts: isText },
]);
type Found = [
  time: unknown,
  ip: string | undefined,
  user: string | undefined,
  status: unknown,
  method: string | undefined,
  target: string | undefined,
  agent: string | undefined,
];

const FAILURE = new RegExp(
  "authentication fail|auth(?:entication)?[_ -]?(?:failed|failure|error)|" +
    "login[_ .-]?(?:fail|error)|log ?in attempt fail|" +
    "fail(?:ed|ure)?(?: to)?[_ -](?:log-?in|authenticat|sign[- ]?in|auth|logon|password)|" +
    "failed (?:login|log ?in|sign[- ]?in)|(?:invalid|incorrect|wrong|bad)[_ ](?:user ?name|user|" +
    "email|login|password|credential|identifier)|unsuccessful [^']{0,40}authentication|" +
    "sign[- ]?in fail|invalid_(?:login|grant|user)|connection_failed|user_?login_?failed|" +
    "usually indicates they do not exist|not authorized|access denied for",
  "i",
);
const SUCCESS = new RegExp(
  "^(?:login|user[_.]login|login[_ ]success(?:ful)?|user logged in.*|authentication succe.*|" +
    "successful(?:ly)? (?:login|authenticated|logged in|1FA).*)$",
  "i",
);
const UNKNOWN = new RegExp(
  "user[_ ]?(?:was )?not[_ ]found|user does not exist|no such user|unknown user|usernotfound|" +
    "invalid[_ ]identifier|do not exist|could not find user",
  "i",
);
/** A word of an outcome that was not granted, and nothing else. */
const REFUSED = /^(?:fail(?:ed|ure)?|denied|deny|rejected|refused|error|unauthori[sz]ed|invalid)$/i;
const OUTCOME_KEYS = ["outcome", "result", "status", "event.outcome", "outcome.result", "state"];
/** That somebody asked to be let in, as the name of an event says it. */
const LOGIN_WORD =
  /(?:^|[^a-z])(?:log[-_ ]?(?:in|on)|sign[-_ ]?(?:in|on)|auth(?:n|enticat\w{1,5})?)(?:[^a-z]|$)/i;
const NAME_IN_TEXT = /\b(?:user|username|for|input) (?:with username input )?'([^']{1,256})'/;
const REQUEST_IN_TEXT = /^(?:HTTP: )?(GET|POST|PUT) (https?:\/\/\S{1,1024}|\/\S{0,1024})$/;
const WORD_CHARS_MAX = 512;

export const JSON_LOGIN: RecordFormat = {
  type: "json.login",
  aliases: [
    ...["json", "logfmt", "authelia", "authentik", "gitlab", "grafana", "keycloak", "mongodb"],
    ...["navidrome", "ntfy", "sftpgo", "headscale", "miniflux", "zitadel", "vault", "outline"],
  ],
  recognises: () => true,
  read: readLogin,
};

/**
 * Whether pairs name more than one client. Who writes pairs without quoting values lets a name go
 * on with a key of its own; then nothing says which address is the program's.
 */
export function namesTwoClients(pairs: JsonRecord): boolean {
  const named = ADDRESS_KEYS.map((key) => pairs[key]).filter(isAddress);
  return named.some((address) => address !== named[0]);
}

/** Reads a record or a line of pairs, or nothing when it lacks a time. */
export function readLogin(record: JsonRecord): Facts | undefined {
  const [time, ip, user, status, method, target, agent] = KNOWN.find(record) as Found;
  const timeMs = timeOf(time);
  if (timeMs === undefined) return undefined;
  const said = wordsOf(record);
  const request = method === undefined ? requestIn(said) : undefined;
  const path = target ?? request?.target;
  const isNamed = user !== undefined || hasCredential(record);
  const access: Access = {
    status: Number(status ?? Number.NaN),
    method: method ?? request?.method ?? "",
    target: path ?? "",
    isNamed,
  };
  const kind = kindOf(record, said, access);
  const byAgent = agent ?? agentHeaderOf(record);
  const isAccess = path !== undefined && access.method !== "" && !Number.isNaN(access.status);
  const isFailure = kind === "login-failed";
  return {
    kind,
    timeMs,
    ip,
    user: user ?? (isFailure ? nameIn(said) : undefined),
    isUnknown: isFailure && said.some((word) => UNKNOWN.test(word)) ? true : undefined,
    method: isFailure ? "password" : undefined,
    target: path,
    action: said[0],
    agent: byAgent,
    ...(isAccess && {
      record: webRequest({ ip, ...access, agent: byAgent }),
      recordType: "web.access",
    }),
  };
}

function wordsOf(record: JsonRecord): string[] {
  const said: string[] = [];
  for (const key of WORD_KEYS) {
    const value = record[key];
    if (typeof value === "string") said.push(value.slice(0, WORD_CHARS_MAX));
  }
  for (const path of [
    ["attr", "error"],
    ["event", "action"],
    ["event", "category"],
  ]) {
    const within = at(record, ...path);
    const word = Array.isArray(within) ? within[0] : within;
    if (typeof word === "string") said.push(word.slice(0, WORD_CHARS_MAX));
  }
  return said;
}

interface Access {
  readonly status: number;
  readonly method: string;
  readonly target: string;
  readonly isNamed: boolean;
}

function kindOf(record: JsonRecord, said: readonly string[], access: Access): EventKind {
  const { status, method, target, isNamed } = access;
  const path = pathOf(target);
  // A web framework's own words for a refused form (Devise throws: status 0).
  const isForm = path.endsWith("/sign_in") && method === "POST";
  if (isForm && (status === 0 || status === 401)) return "login-failed";
  if (record["action"] === "failure") return "login-failed";
  if (said.some((word) => FAILURE.test(word))) return "login-failed";
  if (isRefused(record) && said.some((word) => LOGIN_WORD.test(word))) return "login-failed";
  if (said.some((word) => SUCCESS.test(word))) return "login-succeeded";
  if (Number.isNaN(status) || method === "") return "service-notice";
  return requestKind(status, method, target, isNamed);
}

/** Whether the record's own word for its outcome is a refusal. */
function isRefused(record: JsonRecord): boolean {
  if (record["success"] === false || record["success"] === "false") return true;
  return OUTCOME_KEYS.some((key) => {
    const value = record[key] ?? at(record, ...key.split("."));
    return typeof value === "string" && REFUSED.test(value);
  });
}

// Caddy redacts the header and keeps its name: a credential was shown.
function hasCredential(record: JsonRecord): boolean {
  const headers = at(record, "request", "headers");
  return isRecord(headers) && Object.hasOwn(headers, "Authorization");
}

/** A message that is a request and nothing else: `HTTP: POST http://…`. */
function requestIn(said: readonly string[]): { method: string; target: string } | undefined {
  for (const word of said) {
    const match = REQUEST_IN_TEXT.exec(word);
    if (match !== null) return { method: match[1] as string, target: match[2] as string };
  }
  return undefined;
}

function nameIn(said: readonly string[]): string | undefined {
  for (const word of said) {
    const match = NAME_IN_TEXT.exec(word);
    if (match !== null) return match[1];
  }
  return undefined;
}

function agentHeaderOf(record: JsonRecord): string | undefined {
  const header = at(record, "request", "headers", "User-Agent");
  const listed = Array.isArray(header) ? header[0] : header;
  return typeof listed === "string" ? listed : undefined;
}
