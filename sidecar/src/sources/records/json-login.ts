// Logins in the JSON and logfmt of the many programs that have no schema of their own: a time, a
// client address and a user under well-known keys, and an explicit word of what happened. Keys are
// the program's and values are quoted, so a name cannot pass for an address.
// Must never take an address from within a text, nor make a failure of a word that is none.

import type { EventKind } from "@ostraka/agents/kernel";
import type { Facts } from "../facts.ts";
import { kindOf as accessKind, pathOf } from "../text/access-log.ts";
import { at, isRecord, type JsonRecord, type RecordFormat, timeOf } from "./record-format.ts";

type Path = readonly string[];
const paths = (...names: readonly string[]): readonly Path[] =>
  names.flatMap((name) => (name.includes(".") ? [[name], name.split(".")] : [[name]]));

const TIMES = paths(
  ...["time", "timestamp", "@timestamp", "ts", "t", "t.$date", "date", "datetime", "eventTime"],
  ...["StartUTC", "StartLocal", "time_local", "created_at", "created", "Timestamp", "event_time"],
);
// In order: what a proxy resolved stands BEFORE the peer that it resolved it from.
const ADDRESSES = paths(
  ...["client_ip", "clientIp", "clientIP", "client_addr", "request.client_ip", "meta.remote_ip"],
  ...["remote_ip", "remoteIp", "remoteIP", "remote_addr", "remoteAddr", "remote_address"],
  ...["remoteAddress", "request.remote_ip", "request.remote_addr", "ip_address", "ipAddress", "ip"],
  ...["src_ip", "source_ip", "sourceIp", "sourceIPAddress", "visitor_ip", "ClientHost"],
  ...["clientip", "src", "addr", "remote", "attr.remote", "attr.client", "peer", "rhost"],
  ...[
    "client.ip",
    "client.address",
    "source.ip",
    "context.ip",
    "actor.ip",
    "request.ip",
    "real_ip",
  ],
  ...["RemoteAddr", "http.client_ip", "req.remoteAddress", "addr.remote", "remote_host", "ipaddr"],
);
const USERS = paths(
  ...["username", "user_name", "userName", "login", "email", "user.username", "user.email"],
  ...["identifier", "principalName", "attr.principalName", "attr.user", "account", "uname", "user"],
  ...["ClientUsername", "user.name", "user_id", "userId", "name", "context.username", "usr.name"],
);
const WORDS = paths(
  ...[
    "msg",
    "message",
    "event",
    "action",
    "error",
    "reason",
    "status",
    "type",
    "result",
    "outcome",
  ],
  ...["sender", "event_type", "eventType", "eventName", "err", "detail"],
);
const STATUSES = paths(
  ...[
    "status",
    "httpStatus",
    "http_status",
    "DownstreamStatus",
    "status_code",
    "statusCode",
    "code",
  ],
  "response.status",
);
const METHODS = paths("method", "request.method", "http_method", "RequestMethod", "req.method");
const TARGETS = paths(
  ...["path", "request.uri", "http_path", "RequestPath", "uri", "url", "req.url", "request_uri"],
);

const FAILURE = new RegExp(
  "authentication fail|auth(?:entication)?[_ -]?(?:failed|failure|error)|login[_ .-]?(?:failed|failure|error)|" +
    "fail(?:ed|ure)?(?: to)?[_ -](?:log-?in|authenticat|sign[- ]?in|auth|logon|password)|log ?in attempt fail|" +
    "failed (?:login|log ?in|sign[- ]?in)|(?:invalid|incorrect|wrong|bad)[_ ](?:user ?name|user|email|login|password|" +
    "credential|identifier|login)|unsuccessful [^']{0,40}authentication|sign[- ]?in fail|invalid_(?:login|grant|user)|" +
    "connection_failed|user_?login_?failed|usually indicates they do not exist|not authorized|access denied for",
  "i",
);
const SUCCESS =
  /^(?:login|user[_.]login|login[_ ]success(?:ful)?|successful(?:ly)? (?:login|authenticated|logged in).*|user logged in.*|authentication succe.*|successful 1FA.*)$/i;
const UNKNOWN =
  /user[_ ]?(?:was )?not[_ ]found|user does not exist|no such user|unknown user|invalid[_ ]identifier|usernotfound|do not exist|could not find user/i;
const NAME_IN_TEXT = /\b(?:user|username|for|input) (?:with username input )?'([^']{1,256})'/;
const WORDS_CHARS_MAX = 512;

export const JSON_LOGIN: RecordFormat = {
  type: "json.login",
  aliases: [
    ...["json", "logfmt", "authelia", "authentik", "gitlab", "grafana", "keycloak", "mongodb"],
    ...["navidrome", "ntfy", "sftpgo", "headscale", "miniflux", "zitadel", "vault", "outline"],
  ],
  recognises: () => true,
  read: readLogin,
};

/** Reads a record or a line of pairs, or nothing when it lacks a time. */
export function readLogin(record: JsonRecord): Facts | undefined {
  const timeMs = timeOf(found(record, TIMES, isTime));
  if (timeMs === undefined) return undefined;
  const words = WORDS.map((path) => at(record, ...path)).filter((word) => typeof word === "string");
  const said = words.map((word) => word.slice(0, WORDS_CHARS_MAX));
  const request = requestIn(said);
  const method = (found(record, METHODS, isText) as string | undefined) ?? request?.method;
  const target = (found(record, TARGETS, isText) as string | undefined) ?? request?.target;
  const user = found(record, USERS, isText) as string | undefined;
  const kind = kindOf(record, said, method ?? "", pathOf(target ?? ""), user !== undefined);
  const isFailure = kind === "login-failed";
  return {
    kind,
    timeMs,
    ip: found(record, ADDRESSES, isAddress) as string | undefined,
    user: user ?? (isFailure ? nameIn(said) : undefined),
    isUnknown: isFailure && said.some((word) => UNKNOWN.test(word)) ? true : undefined,
    method: isFailure ? "password" : undefined,
    target,
    action: said[0],
    agent: agentOf(record),
  };
}

function kindOf(
  record: JsonRecord,
  said: readonly string[],
  method: string,
  path: string,
  isNamed: boolean,
): EventKind {
  const status = Number(found(record, STATUSES, isStatus) ?? Number.NaN);
  // A web framework's own words for a refused form (Devise throws: status 0).
  const isForm = path.endsWith("/sign_in") && method === "POST";
  if (isForm && (status === 0 || status === 401)) return "login-failed";
  if (said.includes("OmniauthCallbacksController") || at(record, "action") === "failure") {
    return "login-failed";
  }
  if (said.some((word) => FAILURE.test(word))) return "login-failed";
  if (at(record, "success") === false && said.some((word) => /login|auth/i.test(word))) {
    return "login-failed";
  }
  if (said.some((word) => SUCCESS.test(word))) return "login-succeeded";
  if (Number.isNaN(status) || method === "") return "service-notice";
  return accessKind(status, method, path, isNamed || hasCredential(record));
}

// Caddy redacts the header and keeps its name: a credential was shown.
function hasCredential(record: JsonRecord): boolean {
  const headers = at(record, "request", "headers");
  return isRecord(headers) && Object.hasOwn(headers, "Authorization");
}

function found(
  record: JsonRecord,
  list: readonly Path[],
  is: (value: unknown) => boolean,
): unknown {
  for (const path of list) {
    const value = at(record, ...path);
    if (value !== undefined && is(value)) return value;
  }
  return undefined;
}

const isText = (value: unknown) => typeof value === "string" && value !== "" && value !== "-";
const isTime = (value: unknown) => typeof value === "string" || typeof value === "number";
const isAddress = (value: unknown) =>
  typeof value === "string" && /^\[?[0-9a-fA-F:.]{2,45}/.test(value);
const isStatus = (value: unknown) => /^[0-9]{1,3}$/.test(String(value));

/** A message that is a request and nothing else: `HTTP: POST http://…`. */
function requestIn(said: readonly string[]): { method: string; target: string } | undefined {
  for (const word of said) {
    const match = /^(?:HTTP: )?(GET|POST|PUT) (https?:\/\/\S{1,1024}|\/\S{0,1024})$/.exec(word);
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

function agentOf(record: JsonRecord): string | undefined {
  const direct = found(
    record,
    paths("user_agent", "userAgent", "ua", "request_User-Agent"),
    isText,
  );
  const header = at(record, "request", "headers", "User-Agent");
  const listed = Array.isArray(header) ? header[0] : header;
  return (direct ?? (typeof listed === "string" ? listed : undefined)) as string | undefined;
}
