// The coordinator's configuration: one YAML file, checked whole before anything starts. Owns its
// keys and what they must agree on. Secrets are named by path, never written into it.

import { dirname, resolve } from "node:path";
import { isName } from "@ostraka/agents/node";
import { ConfigMapping, parseConfigYaml, readConfigText } from "@ostraka/host";
import { type NotifyConfig, notifyOf } from "./notify/config.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;

export interface CoordinatorConfig {
  /** This coordinator's holder name in the roster. */
  readonly name: string;
  /** Paths are absolute. */
  readonly genesis: string;
  readonly signingKey: string;
  readonly store: string;
  readonly nats: {
    readonly urls: readonly string[];
    readonly creds: string;
    /** PEM of who issued the NATS servers' certificates; makes TLS a must. */
    readonly ca?: string;
    /** How many NATS servers hold each journal; more than one needs a cluster. */
    readonly replicas: 1 | 3 | 5;
  };
  /** `listen` is `host:port`; `tls` is a PEM of certificate and key. */
  readonly api: { readonly listen: string; readonly tls: string };
  readonly join: { readonly listen: string };
  readonly ca: { readonly certificate: string; readonly key: string };
  readonly natsAccount: { readonly seed: string };
  /** How people are told of what waits for them; nobody is told when left out. */
  readonly notify?: NotifyConfig;
  /** How often the mesh is probed, in seconds; coordinators take turns. */
  readonly probeSeconds?: number;
  readonly log: { readonly level: (typeof LOG_LEVELS)[number]; readonly file?: string };
}

const KEYS = [
  "name",
  "genesis",
  "signingKey",
  "store",
  "nats",
  "api",
  "join",
  "ca",
  "natsAccount",
  "notify",
  "probeSeconds",
  "log",
];
const NATS_URLS_MAX = 16;

/**
 * Reads and checks a configuration file.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID naming the file, the key and what would be right.
 */
export function loadConfig(path: string): CoordinatorConfig {
  const file = `configuration ${path}`;
  return parseConfig(readConfigText(path, file), dirname(resolve(path)), file);
}

/**
 * Checks the text of a configuration; its paths are relative to `folder`. Errors as `loadConfig`.
 * @param file named first in every error.
 */
export function parseConfig(
  text: string,
  folder: string,
  file = "coordinator configuration",
): CoordinatorConfig {
  const top = new ConfigMapping(parseConfigYaml(text, file), KEYS, file);
  const path = (mapping: ConfigMapping, key: string) =>
    resolve(folder, mapping.text(key, "the path of a file"));
  const nats = top.mapping("nats", ["urls", "creds", "ca", "replicas"]);
  const api = top.mapping("api", ["listen", "tls"]);
  const ca = top.mapping("ca", ["certificate", "key"]);
  const notify = notifyOf(top, path);
  const probeSeconds = top.wholeOr("probeSeconds", 10, 3_600);
  const log = top.has("log") ? top.mapping("log", ["level", "file"]) : undefined;
  const config: CoordinatorConfig = {
    name: nameOf(top),
    genesis: path(top, "genesis"),
    signingKey: path(top, "signingKey"),
    store: path(top, "store"),
    nats: {
      urls: urlsOf(nats),
      creds: path(nats, "creds"),
      ...(nats.has("ca") && { ca: path(nats, "ca") }),
      replicas: nats.oneOf("replicas", [1, 3, 5] as const, 1),
    },
    api: { listen: listenOf(api), tls: path(api, "tls") },
    join: { listen: listenOf(top.mapping("join", ["listen"])) },
    ca: { certificate: path(ca, "certificate"), key: path(ca, "key") },
    natsAccount: { seed: path(top.mapping("natsAccount", ["seed"]), "seed") },
    ...(notify !== undefined && { notify }),
    ...(probeSeconds !== undefined && { probeSeconds }),
    log: {
      level: log?.oneOf("level", LOG_LEVELS, "info") ?? "info",
      ...(log?.has("file") && { file: path(log, "file") }),
    },
  };
  checkTogether(config, top);
  return config;
}

function nameOf(top: ConfigMapping): string {
  const expected = "this coordinator's roster name";
  const name = top.text("name", expected);
  if (!isName(name)) throw top.fault("name", expected);
  return name;
}

/** No URL is quoted: it may carry a password. */
function urlsOf(nats: ConfigMapping): readonly string[] {
  return nats.list("urls", 1, NATS_URLS_MAX).map((text) => {
    const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !["nats:", "tls:", "ws:", "wss:"].includes(url.protocol)) {
      throw nats.invalid('"nats.urls" holds something that is no nats:// or tls:// URL');
    }
    if (url.password !== "") {
      const why = 'holds a password: name a credentials file in "nats.creds"';
      throw nats.invalid(`"nats.urls" ${why}`);
    }
    return text as string;
  });
}

/** `host:port`; port 0 takes a free one. */
function listenOf(mapping: ConfigMapping): string {
  const expected = "an address such as 127.0.0.1:9300";
  const text = mapping.text("listen", expected);
  const port = Number(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):([0-9]{1,5})$/.exec(text)?.[2] ?? "-1");
  if (port >= 0 && port <= 65_535) return text;
  throw mapping.fault("listen", expected);
}

function checkTogether(config: CoordinatorConfig, top: ConfigMapping): void {
  const isShared = config.api.listen === config.join.listen && !config.api.listen.endsWith(":0");
  if (isShared) {
    throw top.invalid(
      '"api.listen" and "join.listen" are one address: joining hosts have no certificate yet, ' +
        "so they need a listener of their own",
    );
  }
  const secrets = [config.signingKey, config.api.tls, config.ca.key, config.natsAccount.seed];
  const twice = secrets.find((file, i) => secrets.indexOf(file) !== i);
  if (twice !== undefined) {
    throw top.invalid(`${twice} is named for two secrets: signing, TLS and NATS keys differ`);
  }
}

/** The effective configuration as YAML-compatible JSON text; it holds paths, and no secret. */
export function shownConfig(config: CoordinatorConfig): string {
  return JSON.stringify(config, undefined, 2);
}
