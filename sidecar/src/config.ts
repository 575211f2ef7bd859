// The configuration of one sidecar: a YAML file in, a checked object out. The only module that
// reads it. Secrets are named by path, never held; paths are relative to the file. Opens nothing it
// names.

import { dirname, resolve } from "node:path";
import { isName } from "@ostraka/agents/edge";
import { ConfigMapping, invalidConfig, parseConfigYaml, readConfigText } from "@ostraka/host";
import { canonicalAddress } from "@ostraka/proto";
import { stringify } from "yaml";
import { type HttpGateConfig, parseHttpGateConfig } from "./enforcers/http-gate-config.ts";
import { type IntelSource, intelSourceText, readIntelSources } from "./intel-config.ts";
import { openTimeZone } from "./sources/auth-log/time-zone.ts";
import { AUTO_FORMAT, DEFAULT_FORMAT, formatNames, isFormat } from "./sources/format-names.ts";

export interface FileSource {
  /** `auth-log` is a file in the format of that name unless `format` says otherwise. */
  readonly type: "auth-log" | "file";
  /** A name that `openFormat` takes. */
  readonly format: string;
  /** As written, for the name of its cursor: a data directory may be moved. */
  readonly writtenPath: string;
  readonly path: string;
  readonly year?: number;
  /** IANA zone, or minutes east of UTC. */
  readonly timezone?: string | number;
}

export interface HttpSource {
  readonly type: "http";
  readonly listen: Endpoint;
  readonly tokenFile?: string;
}

export interface Endpoint {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

export interface SidecarConfig {
  readonly name: string;
  readonly genesis: string;
  readonly signingKey: string;
  readonly store: string;
  readonly nats: {
    readonly urls: readonly string[];
    readonly creds?: string;
    /** PEM of who issued the NATS servers' certificates; makes TLS a must. */
    readonly ca?: string;
  };
  /** Realm of user names; the mesh's name when `undefined`. */
  readonly realm: string | undefined;
  readonly sources: readonly (FileSource | HttpSource)[];
  /** Where addresses are; nobody says without it. */
  readonly geo?: { readonly path: string };
  /** Lists of threat intelligence, in the order of their bets. */
  readonly intel: readonly IntelSource[];
  /** `starter`, or paths of rule files and folders of them; none means no rules. */
  readonly rules: readonly string[];
  /** The gate's part as written; `gateConfigOf` completes it. */
  readonly gate: unknown;
  /** Where `explain` is answered: this machine only. */
  readonly explain: Endpoint;
  readonly log: { readonly level: (typeof LOG_LEVELS)[number]; readonly file?: string };
}

const FILE = "sidecar configuration";
const KEYS = [
  ...["name", "genesis", "signingKey", "store", "nats", "realm", "sources", "gate", "explain"],
  ...["geo", "intel", "rules"],
  "log",
];
const SOURCES_MAX = 64;
const URLS_MAX = 16;
const RULE_PLACES_MAX = 64;
const REALM = /^[^\p{Cc}\s/]{1,128}$/u;
const DEFAULT_EXPLAIN = "127.0.0.1:0";

/**
 * Reads and checks a configuration file.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID naming the key, what stands there and what would do.
 */
export function readSidecarConfig(path: string): SidecarConfig {
  return parseSidecarConfig(readConfigText(path, FILE), path);
}

/** Checks the text of a configuration file. @param path of the file; others are relative to it. */
export function parseSidecarConfig(text: string, path: string): SidecarConfig {
  const top = new ConfigMapping(parseConfigYaml(text, FILE), KEYS, FILE);
  const at = (file: string) => resolve(dirname(path), file);
  const name = top.text("name", "this host's name in the mesh");
  if (!isName(name)) throw top.fault("name", "lower-case letters, digits, dots, dashes");
  const realm = top.textOr("realm", "a realm for user names");
  if (realm !== undefined && !REALM.test(realm)) {
    throw top.fault("realm", "a name without spaces or slashes");
  }
  const config: SidecarConfig = {
    name,
    genesis: at(top.text("genesis", "the path of genesis.json")),
    signingKey: at(top.text("signingKey", "the path of this host's key file")),
    store: at(top.text("store", "the path of this host's state file")),
    nats: readNats(top, at),
    realm,
    sources: readSources(top, at),
    ...readGeo(top, at),
    intel: readIntelSources(top, FILE, at),
    rules: readRules(top, at),
    gate: top.values["gate"] ?? {},
    explain: endpointOf(top, "explain", top.textOr("explain", ENDPOINT_SHAPE) ?? DEFAULT_EXPLAIN),
    log: readLog(top, at),
  };
  checkTogether(config);
  return config;
}

/** The gate's configuration, user names in the mesh's realm unless it says otherwise. */
export function gateConfigOf(config: SidecarConfig, meshName: string): HttpGateConfig {
  return parseHttpGateConfig(config.gate, config.realm ?? meshName);
}

/** The effective configuration as YAML. Holds paths of secrets and no secret. */
export function effectiveConfig(config: SidecarConfig, meshName: string): string {
  const { name, genesis, signingKey, store, nats, log } = config;
  const gate = gateConfigOf(config, meshName);
  return stringify({
    ...{ name, genesis, signingKey, store, nats },
    realm: config.realm ?? meshName,
    sources: config.sources.map((source) =>
      source.type === "http"
        ? { ...source, listen: endpointText(source.listen) }
        : { ...source, writtenPath: undefined },
    ),
    ...(config.geo !== undefined && { geo: config.geo }),
    intel: config.intel.map(intelSourceText),
    rules: config.rules,
    // As written: parsed blocks are no text.
    gate: { ...gate, trustedProxies: Object(config.gate).trustedProxies ?? [] },
    explain: endpointText(config.explain),
    log,
  });
}

/** `host:port`, IPv6 in brackets. */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function readNats(top: ConfigMapping, at: (file: string) => string): SidecarConfig["nats"] {
  const nats = top.mapping("nats", ["urls", "creds", "ca"]);
  const urls = nats.list("urls", 1, URLS_MAX).map((url) => {
    if (typeof url !== "string" || !isNatsUrl(url)) {
      throw invalid("nats.urls holds something else than nats://host:port without a password");
    }
    return url;
  });
  const creds = nats.textOr("creds", "the path of a NATS credentials file");
  const ca = nats.textOr("ca", "the path of a PEM file");
  return {
    urls,
    ...(creds !== undefined && { creds: at(creds) }),
    ...(ca !== undefined && { ca: at(ca) }),
  };
}

/** A password in a URL would be shown by whatever prints the URL: it is refused. */
export function isNatsUrl(text: string): boolean {
  if (text.length > 512 || !URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  const isKnown = ["nats:", "tls:", "ws:", "wss:"].includes(protocol);
  return isKnown && hostname !== "" && username === "" && password === "";
}

function readSources(top: ConfigMapping, at: (file: string) => string): SidecarConfig["sources"] {
  if (!top.has("sources")) return [];
  return top.list("sources", 0, SOURCES_MAX).map((value, i) => {
    const where = `sources[${i}]`;
    const type = (value as { type?: unknown } | null)?.type;
    if (type === "auth-log" || type === "file") return readFileSource(value, where, at, type);
    if (type === "http") return readHttp(value, where, at);
    const given = type === undefined ? "has no type" : `has an unknown type`;
    throw invalid(`${where} ${given}: give auth-log, file or http`);
  });
}

function readFileSource(
  value: unknown,
  where: string,
  at: (file: string) => string,
  type: FileSource["type"],
): FileSource {
  const keys = ["type", "path", "format", "year", "timezone"];
  const source = new ConfigMapping(value, keys, FILE, where);
  const writtenPath = source.text("path", "the path of a log, such as /var/log/auth.log");
  const year = source.wholeOr("year", 1970, 9999);
  const timezone = source.has("timezone") ? zoneOf(source) : undefined;
  return {
    type,
    format: formatOf(source, type),
    writtenPath,
    path: at(writtenPath),
    ...(year !== undefined && { year }),
    ...(timezone !== undefined && { timezone }),
  };
}

/** Without one an auth-log is in its own format, and the lines of any other file tell theirs. */
function formatOf(source: ConfigMapping, type: FileSource["type"]): string {
  const given = source.textOr("format", "the name of a log format, or auto");
  const format = given ?? (type === "auth-log" ? DEFAULT_FORMAT : AUTO_FORMAT);
  if (!isFormat(format)) {
    throw source.fault("format", `auto, or one of ${formatNames().join(", ")}`);
  }
  return format;
}

function zoneOf(source: ConfigMapping): string | number {
  const zone = source.values["timezone"];
  const expected = "a zone such as Europe/Berlin, or minutes east of UTC";
  if (typeof zone !== "string" && typeof zone !== "number")
    throw source.fault("timezone", expected);
  try {
    openTimeZone(zone);
  } catch {
    throw source.fault("timezone", expected);
  }
  return zone;
}

function readHttp(value: unknown, where: string, at: (file: string) => string): HttpSource {
  const source = new ConfigMapping(value, ["type", "listen", "tokenFile"], FILE, where);
  const listen = endpointOf(source, "listen", source.text("listen", ENDPOINT_SHAPE));
  const tokenFile = source.textOr("tokenFile", "the path of a file with a token");
  if (tokenFile === undefined && !isLoopback(listen.host)) {
    throw invalid(
      `${where}.listen ${endpointText(listen)} can be reached from outside this machine: ` +
        "give a tokenFile, or listen on 127.0.0.1",
    );
  }
  return { type: "http", listen, ...(tokenFile !== undefined && { tokenFile: at(tokenFile) }) };
}

function readGeo(top: ConfigMapping, at: (file: string) => string): Pick<SidecarConfig, "geo"> {
  if (!top.has("geo")) return {};
  const geo = top.mapping("geo", ["path"]);
  return { geo: { path: at(geo.text("path", "the path of a MaxMind DB file")) } };
}

function readRules(top: ConfigMapping, at: (file: string) => string): readonly string[] {
  if (!top.has("rules")) return [];
  return top.list("rules", 0, RULE_PLACES_MAX).map((place) => {
    if (typeof place !== "string" || place === "") {
      throw invalid("rules holds something else than starter or the path of a file or folder");
    }
    return place === "starter" ? place : at(place);
  });
}

function readLog(top: ConfigMapping, at: (file: string) => string): SidecarConfig["log"] {
  if (!top.has("log")) return { level: "info" };
  const log = top.mapping("log", ["level", "file"]);
  const file = log.textOr("file", "the path of a log file");
  return {
    level: log.oneOf("level", LOG_LEVELS, "info"),
    ...(file !== undefined && { file: at(file) }),
  };
}

const ENDPOINT_SHAPE = "an address and port such as 127.0.0.1:9181";

function endpointOf(mapping: ConfigMapping, key: string, text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? Number.NaN);
  const isHost = host === "localhost" || canonicalAddress(host) !== undefined;
  if (!isHost || !(port <= 65_535)) throw mapping.fault(key, ENDPOINT_SHAPE);
  return { host, port };
}

function isLoopback(host: string): boolean {
  const address = canonicalAddress(host) ?? host;
  return host === "localhost" || address === "::1" || address.startsWith("127.");
}

function checkTogether(config: SidecarConfig): void {
  const gate = gateConfigOf(config, "mesh");
  if (!isLoopback(config.explain.host)) {
    throw invalid(
      `explain ${endpointText(config.explain)} can be reached from outside this machine, and it ` +
        "names who is cut off: listen on 127.0.0.1",
    );
  }
  const logs = config.sources.flatMap((s) => (s.type === "http" ? [] : [s.path]));
  const twice = logs.find((path, i) => logs.indexOf(path) !== i);
  if (twice !== undefined) throw invalid(`${twice} is followed twice: name it once in sources`);
  const own = config.log.file;
  if (own !== undefined && logs.includes(own)) {
    throw invalid(`${own} is both the sidecar's own log and a source: it would feed on itself`);
  }
  const listeners = [
    { what: "gate", endpoint: { host: gate.host, port: gate.port } },
    { what: "explain", endpoint: config.explain },
    ...config.sources.flatMap((s, i) =>
      s.type === "http" ? [{ what: `sources[${i}].listen`, endpoint: s.listen }] : [],
    ),
  ].filter(({ endpoint }) => endpoint.port !== 0);
  for (const [i, { what, endpoint }] of listeners.entries()) {
    const other = listeners.slice(0, i).find((l) => l.endpoint.port === endpoint.port);
    if (other === undefined) continue;
    throw invalid(`${what} and ${other.what} both listen on port ${endpoint.port}: change one`);
  }
}

function invalid(why: string) {
  return invalidConfig(FILE, why);
}
