// The coordinator's configuration: one YAML file, checked whole before anything starts. Owns its
// keys and what they must agree on. Secrets are named by path, never written into it.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isName } from "@ostraka/agents/node";
import { OstrakaError } from "@ostraka/proto";
import { parseDocument } from "yaml";
import { ConfigMapping, invalidConfig } from "./config-mapping.ts";

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
    /** How many NATS servers hold each journal; more than one needs a cluster. */
    readonly replicas: 1 | 3 | 5;
  };
  /** `listen` is `host:port`; `tls` is a PEM of certificate and key. */
  readonly api: { readonly listen: string; readonly tls: string };
  readonly join: { readonly listen: string };
  readonly ca: { readonly certificate: string; readonly key: string };
  readonly natsAccount: { readonly seed: string };
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
  "log",
];
const FILE_BYTES_MAX = 65_536;
const NATS_URLS_MAX = 16;

/**
 * Reads and checks a configuration file.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID naming the file, the key and what would be right.
 */
export function loadConfig(path: string): CoordinatorConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new OstrakaError(
      "OSTRAKA_CONFIG_INVALID",
      `configuration ${path} cannot be read: name the right file with --config`,
      { cause: error },
    );
  }
  try {
    return parseConfig(text, dirname(resolve(path)));
  } catch (error) {
    if (!(error instanceof OstrakaError)) throw error;
    throw new OstrakaError(error.code, `configuration ${path}: ${error.message}`);
  }
}

/**
 * Checks the text of a configuration; its paths are relative to `folder`. Errors as `loadConfig`.
 */
export function parseConfig(text: string, folder: string): CoordinatorConfig {
  if (text.length > FILE_BYTES_MAX) throw invalidConfig(`more than ${FILE_BYTES_MAX} bytes`);
  const top = new ConfigMapping(plainValue(text), "", KEYS);
  const path = (mapping: ConfigMapping, key: string) => resolve(folder, mapping.text(key));
  const nats = top.mapping("nats", ["urls", "creds", "replicas"]);
  const api = top.mapping("api", ["listen", "tls"]);
  const ca = top.mapping("ca", ["certificate", "key"]);
  const log = top.has("log") ? top.mapping("log", ["level", "file"]) : undefined;
  const config: CoordinatorConfig = {
    name: top.text("name"),
    genesis: path(top, "genesis"),
    signingKey: path(top, "signingKey"),
    store: path(top, "store"),
    nats: {
      urls: nats.texts("urls", NATS_URLS_MAX),
      creds: path(nats, "creds"),
      replicas: nats.oneOf("replicas", [1, 3, 5] as const, 1),
    },
    api: { listen: api.listen("listen"), tls: path(api, "tls") },
    join: { listen: top.mapping("join", ["listen"]).listen("listen") },
    ca: { certificate: path(ca, "certificate"), key: path(ca, "key") },
    natsAccount: { seed: path(top.mapping("natsAccount", ["seed"]), "seed") },
    log: {
      level: log?.oneOf("level", LOG_LEVELS, "info") ?? "info",
      ...(log?.has("file") && { file: path(log, "file") }),
    },
  };
  checkTogether(config);
  return config;
}

/** The plain value of a YAML document: no aliases, no key twice. */
function plainValue(text: string): unknown {
  const document = parseDocument(text, { schema: "core", uniqueKeys: true, merge: false });
  const [fault] = document.errors;
  if (fault !== undefined) throw invalidConfig(`no YAML: ${fault.message.split("\n")[0]}`);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (error instanceof ReferenceError) throw invalidConfig("an alias: write the value out");
    throw error;
  }
}

function checkTogether(config: CoordinatorConfig): void {
  if (!isName(config.name)) {
    throw invalidConfig(`"name" is "${config.name}": it must be this coordinator's roster name`);
  }
  for (const url of config.nats.urls) {
    const scheme = URL.canParse(url) ? new URL(url).protocol : "";
    // The URL is not quoted: it may carry a password.
    if (!["nats:", "tls:", "ws:", "wss:"].includes(scheme)) {
      throw invalidConfig('"nats.urls" holds something that is no nats:// or tls:// URL');
    }
    if (new URL(url).password !== "") {
      throw invalidConfig('"nats.urls" holds a password: name a credentials file in "nats.creds"');
    }
  }
  const isShared = config.api.listen === config.join.listen && !config.api.listen.endsWith(":0");
  if (isShared) {
    throw invalidConfig(
      '"api.listen" and "join.listen" are one address: joining hosts have no certificate yet, ' +
        "so they need a listener of their own",
    );
  }
  const secrets = [config.signingKey, config.api.tls, config.ca.key, config.natsAccount.seed];
  const twice = secrets.find((file, i) => secrets.indexOf(file) !== i);
  if (twice !== undefined) {
    throw invalidConfig(`${twice} is named for two secrets: signing, TLS and NATS keys differ`);
  }
}

/** The effective configuration as YAML-compatible JSON text; it holds paths, and no secret. */
export function shownConfig(config: CoordinatorConfig): string {
  return JSON.stringify(config, undefined, 2);
}
