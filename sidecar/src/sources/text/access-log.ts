// Access logs of web servers in the common and combined formats (Apache mod_log_config):
// `A - USER [time] "METHOD PATH PROTO" STATUS SIZE "referer" "agent"`. The address is the server's
// own and stands first; everything in quotes is the client's.

import type { EventKind } from "@ostraka/agents/kernel";
import type { SyslogClock } from "../auth-log/syslog-time.ts";
import { readStamp } from "./stamp.ts";
import { isProbe, webRequest } from "./web-request.ts";

const ADDRESS = "(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]{1,41})";
const LINE = new RegExp(
  `^(?:(?!${ADDRESS} )[\\w.:-]{1,255} (?=${ADDRESS} ))?(${ADDRESS}) ` +
    `(?!${ADDRESS} )\\S{1,64} (.{1,256}?) ` +
    "(\\[\\d\\d/[A-Z][a-z]{2}/\\d{4}:[^\\]]{8,20}\\]) " +
    '"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)" (\\d{3}) (\\d{1,15}|-)' +
    '(?: "([^"\\\\]*(?:\\\\.[^"\\\\]*)*)" "([^"\\\\]*(?:\\\\.[^"\\\\]*)*)")?(?: |$)',
);
/** Where a time and a request begin; a second one is in a name. */
const TIME_AND_REQUEST = /\[\d\d\/[A-Z][a-z]{2}\/\d{4}:[^\]]{8,20}\] "/;
const REQUEST = /^([A-Z]{3,10}) (\S{1,16384})(?: HTTP\/[\d.]{1,4})?$/;
const LOGIN_PATH = new RegExp(
  "(?:^|/)(?:wp-login\\.php|log-?in(?:\\.\\w{2,4})?|sign-?in|log-?on|auth(?:enticate)?|sessions?|" +
    "admin/login|administrator/index\\.php|user/login|users/sign_in|oauth/token|token|" +
    "xmlrpc\\.php|j_security_check|owa/auth\\.owa)/{0,8}$",
  "i",
);
/** Pages that answer a refused login with 200 and an accepted one with a redirect. */
const FORM_PATH = /(?:^|\/)wp-login\.php$/i;

export interface Access {
  readonly ip: string;
  readonly user?: string;
  readonly timeMs: number;
  readonly kind: EventKind;
  readonly method: string;
  readonly path: string;
  readonly agent?: string;
  readonly sizeBytes?: number;
  /** The request for rules (web-request.ts). */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Reads one access; nothing when the line is no access log's, "bad-time" when its time is none. */
export function readAccess(line: string, clock: SyslogClock): Access | "bad-time" | undefined {
  const match = LINE.exec(line);
  if (match === null || TIME_AND_REQUEST.test(line.slice(match[0].length))) return undefined;
  const [, ip, name = "", time, request, code, size, referer, agent] = match as unknown as string[];
  const stamp = readStamp(time as string, clock);
  if (stamp === undefined) return "bad-time";
  return accessOf({
    ip: ip as string,
    timeMs: stamp.timeMs,
    status: Number(code),
    request: request as string,
    ...{ user: name.trim(), size, referer, agent },
  });
}

interface Written {
  readonly ip: string;
  readonly timeMs: number;
  readonly status: number;
  /** `METHOD TARGET PROTOCOL`, or whatever a client sent instead. */
  readonly request: string;
  readonly user?: string | undefined;
  readonly size?: string | undefined;
  readonly referer?: string | undefined;
  readonly agent?: string | undefined;
}

/** @param written one access as a log has it; `-` and nothing stand for what it lacks */
export function accessOf(written: Written): Access {
  const { ip, timeMs, status, user = "", size = "-", referer, agent = "-" } = written;
  const parts = REQUEST.exec(written.request);
  const method = parts?.[1] ?? "";
  const target = parts?.[2] ?? "";
  const isNamed = user !== "-" && user !== "";
  return {
    ip,
    timeMs,
    kind:
      status === 400 && parts === null
        ? "login-probed"
        : requestKind(status, method, target, isNamed),
    method,
    path: pathOf(target),
    record: webRequest({ ip, method, target, status, agent, referer }),
    ...(isNamed && { user }),
    ...(agent !== "-" && { agent }),
    ...(size !== "-" && { sizeBytes: Number(size) }),
  };
}

/** What a request comes to: a login where it was one, a probe where it searched for weak spots. */
export function requestKind(
  status: number,
  method: string,
  target: string,
  isNamed: boolean,
): EventKind {
  const kind = kindOf(status, method, pathOf(target), isNamed);
  return kind === "request" && isProbe(target, status) ? "login-probed" : kind;
}

/**
 * A 401 or 403 to whoever named an account, or posted to a page of logins, is a refusal; a 401 to
 * a request without a name is the question, which every browser meets.
 */
function kindOf(status: number, method: string, path: string, isNamed: boolean): EventKind {
  const isRefused = status === 401 || status === 403;
  const isPost = method === "POST";
  if (isRefused && isNamed && status === 401) return "login-failed";
  const page = isPost ? path.replace(ESCAPED, unescaped) : "";
  if (isRefused && LOGIN_PATH.test(page)) return "login-failed";
  if (status === 200 && FORM_PATH.test(page)) return "login-failed";
  if (status === 302 && FORM_PATH.test(page)) return "login-succeeded";
  return status === 401 ? "login-probed" : "request";
}

const ESCAPED = /%([2-7][0-9a-f])/gi;

function unescaped(_escape: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/** The path of a request target without query and authority. */
export function pathOf(target: string): string {
  const path = target.startsWith("http") ? target.replace(/^https?:\/\/[^/]{0,255}/, "") : target;
  const end = path.search(/[?#;]/);
  return end < 0 ? path : path.slice(0, end);
}
