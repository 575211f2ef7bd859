// The gate's part of the configuration: a plain value in, a checked object out. Refuses what it
// does not know and what would let a client pick its own identity. Reads no file or environment.

import { isIP } from "node:net";
import { type AddressBlock, OstrakaError, parseAddressBlock } from "@ostraka/proto";

/** Addresses and blocks in `trustedProxies`; each costs one comparison a request. */
export const TRUSTED_PROXIES_MAX = 64;

export interface HttpGateConfig {
  /** Address to listen on: an IP address or `localhost`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The check answers at this path and everything under it. */
  readonly path: string;
  /** Realm of the user names in `userHeader`. */
  readonly realm: string;
  /** Peers whose headers are believed. Empty: no peer is a proxy and addresses are the peers'. */
  readonly trustedProxies: readonly AddressBlock[];
  /** Header names, in lower case. `null` reads none. */
  readonly addressHeader: string;
  readonly userHeader: string | null;
  /** Holds whole subjects, `session:…, device:…`, in one line; a comma cannot be in a subject. */
  readonly subjectsHeader: string | null;
  readonly resourceHeader: string | null;
  readonly actionHeader: string | null;
  /** `WWW-Authenticate` of a 401. */
  readonly stepUpChallenge: string;
}

/** RFC 9470 section 3: says to the client what a `step-up` asks for. */
const STEP_UP_CHALLENGE =
  'Bearer realm="ostraka", error="insufficient_user_authentication", ' +
  'error_description="A stronger authentication is required"';

const DEFAULTS = {
  host: "127.0.0.1",
  port: 9180,
  path: "/auth",
  trustedProxies: [],
  addressHeader: "x-forwarded-for",
  userHeader: "x-remote-user",
  subjectsHeader: null,
  resourceHeader: "x-forwarded-uri",
  actionHeader: "x-forwarded-method",
  stepUpChallenge: STEP_UP_CHALLENGE,
} as const;

const KEYS = [...Object.keys(DEFAULTS), "realm"];
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/; // RFC 9110 section 5.1, lower case
const PATH = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;
const REALM = /^[^\p{Cc}\s/]{1,128}$/u;
const CHALLENGE = /^[\x21-\x7e][\x20-\x7e]{0,510}[\x21-\x7e]$/;
// Headers that other text of HTTP gives a meaning: none of them can carry what the gate reads.
const UNFIT_HEADERS = ["forwarded", "host", "connection", "content-length", "transfer-encoding"];

/**
 * Checks the configuration of one gate.
 * @param value what the configuration file holds for it.
 * @param defaultRealm used where `value` names none.
 * @throws OstrakaError `OSTRAKA_CONFIG_INVALID` naming the key, the value and what would be right.
 */
export function parseHttpGateConfig(value: unknown, defaultRealm?: string): HttpGateConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("the http-gate configuration must be a mapping of keys to values");
  }
  for (const key of Object.keys(value)) {
    if (!KEYS.includes(key)) {
      throw invalid(`unknown key ${quote(key)}: did you mean "${nearest(key)}"?`);
    }
  }
  const given: Record<string, unknown> = { realm: defaultRealm, ...DEFAULTS, ...value };
  const config: HttpGateConfig = {
    host: hostOf(given["host"]),
    port: portOf(given["port"]),
    path: pathOf(given["path"]),
    realm: matching("realm", given["realm"], REALM, "a name without spaces or slashes"),
    trustedProxies: blocksOf(given["trustedProxies"]),
    addressHeader: headerOf("addressHeader", given["addressHeader"]),
    userHeader: headerOrNone("userHeader", given["userHeader"]),
    subjectsHeader: headerOrNone("subjectsHeader", given["subjectsHeader"]),
    resourceHeader: headerOrNone("resourceHeader", given["resourceHeader"]),
    actionHeader: headerOrNone("actionHeader", given["actionHeader"]),
    stepUpChallenge: matching(
      "stepUpChallenge",
      given["stepUpChallenge"],
      CHALLENGE,
      "a WWW-Authenticate value in printable ASCII",
    ),
  };
  checkTogether(config);
  return config;
}

function checkTogether(config: HttpGateConfig): void {
  const names = [
    config.addressHeader,
    config.userHeader,
    config.subjectsHeader,
    config.resourceHeader,
    config.actionHeader,
  ].filter((name) => name !== null);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(`header "${twice}" cannot carry two different things`);
  // Without the list every peer may name users, and 403 or 200 then tells it who is cut off.
  if (config.trustedProxies.length === 0 && !isLoopback(config.host)) {
    throw invalid(
      `host "${config.host}" can be reached from outside this machine: ` +
        "list the proxies that may ask in trustedProxies, or listen on 127.0.0.1",
    );
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function hostOf(value: unknown): string {
  if (typeof value === "string" && (value === "localhost" || isIP(value) !== 0)) return value;
  throw invalid(`host ${quote(value)} is no IP address: for example 127.0.0.1`);
}

function portOf(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535) {
    return value as number;
  }
  throw invalid(`port ${quote(value)} is no whole number from 0 to 65535`);
}

function pathOf(value: unknown): string {
  const path = matching("path", value, PATH, "an absolute path such as /auth");
  if (/^\/(healthz|readyz)(\/|$)/.test(path)) {
    throw invalid(`path "${path}" is taken: /healthz and /readyz tell the gate's own state`);
  }
  return path;
}

function blocksOf(value: unknown): AddressBlock[] {
  if (!Array.isArray(value)) throw invalid("trustedProxies must be a list of addresses and CIDRs");
  if (value.length > TRUSTED_PROXIES_MAX) {
    throw invalid(`trustedProxies has ${value.length} entries, at most ${TRUSTED_PROXIES_MAX}`);
  }
  return value.map((entry: unknown) => {
    const block = typeof entry === "string" ? parseAddressBlock(entry) : undefined;
    if (block === undefined) {
      throw invalid(
        `trustedProxies ${quote(entry)} is no address and no CIDR without host bits, as 10.0.0.0/8`,
      );
    }
    return block;
  });
}

function headerOrNone(key: string, value: unknown): string | null {
  return value === null ? null : headerOf(key, value);
}

function headerOf(key: string, value: unknown): string {
  const text = typeof value === "string" ? value.toLowerCase() : value;
  const name = matching(key, text, HEADER_NAME, "a header name such as x-remote-user");
  if (UNFIT_HEADERS.includes(name)) throw invalid(`${key} cannot be "${name}": it is not read so`);
  return name;
}

function matching(key: string, value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw invalid(`${key} ${value === undefined ? "is missing" : quote(value)}: give ${expected}`);
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

function invalid(why: string): OstrakaError {
  return new OstrakaError("OSTRAKA_CONFIG_INVALID", `http-gate: ${why}`);
}

function nearest(key: string): string {
  let best = KEYS[0] as string;
  for (const known of KEYS) if (editsTo(key, known) < editsTo(key, best)) best = known;
  return best;
}

// Levenshtein's distance, without regard to case; a key of any length costs at most 64 rows.
function editsTo(typed: string, known: string): number {
  const from = typed.slice(0, 64).toLowerCase();
  const to = known.toLowerCase();
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const kept = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
