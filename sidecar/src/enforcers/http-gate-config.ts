// The gate's part of the configuration: a plain value in, a checked object out. Refuses what it
// does not know and what would let a client pick its own identity. Reads no file or environment.

import { isIP } from "node:net";
import { ConfigMapping, invalidConfig, quoted } from "@ostraka/host";
import { type AddressBlock, type OstrakaError, parseAddressBlock } from "@ostraka/proto";

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

const FILE = "http-gate";
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
  const { values: checked } = new ConfigMapping(value, KEYS, FILE);
  const given: Record<string, unknown> = { realm: defaultRealm, ...DEFAULTS, ...checked };
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
  throw invalid(`host ${quoted(value)} is no IP address: for example 127.0.0.1`);
}

function portOf(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535) {
    return value as number;
  }
  throw invalid(`port ${quoted(value)} is no whole number from 0 to 65535`);
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
        `trustedProxies ${quoted(entry)} is no address and no CIDR without host bits: ` +
          "for example 10.0.0.0/8",
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
  throw invalid(`${key} ${value === undefined ? "is missing" : quoted(value)}: give ${expected}`);
}

function invalid(why: string): OstrakaError {
  return invalidConfig(FILE, why);
}
