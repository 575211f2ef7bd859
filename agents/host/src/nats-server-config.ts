// The configuration of a nats-server for one mesh, as text. Owns what every server of a mesh needs:
// operator mode, accounts in memory, JetStream on disk, a bound on messages, TLS, routes that only
// the mesh's own servers may open. Only settings that Debian's 2.9 knows, unless told the version.

import { LIMITS } from "@ostraka/proto";

export interface NatsServerOptions {
  /** Where JetStream keeps its streams. */
  readonly storeDir: string;
  /** Listens on this port; -1 lets the system choose. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly operatorJwt: string;
  readonly systemAccount: string;
  readonly accounts: Readonly<Record<string, string>>;
  /** Bytes; by default what `LIMITS.messageBytesMax` needs with its headers. */
  readonly maxPayload?: number;
  /** Where the server writes the ports it listens on; for port -1. */
  readonly portsFileDir?: string;
  /** Must differ among the servers of a cluster. */
  readonly serverName?: string;
  /** PEM files for clients and, with `caFile`, for routes; absolute paths. */
  readonly tls?: NatsServerTls;
  readonly cluster?: NatsCluster;
}

export interface NatsServerTls {
  /** Certificate and key may lie in one file. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Who must have issued the certificate of another server of the cluster. */
  readonly caFile: string;
}

export interface NatsCluster {
  readonly name: string;
  readonly host?: string;
  readonly port: number;
  /** `host:port` where the other servers take routes. */
  readonly routes: readonly string[];
  /**
   * Shared by the servers of the cluster alone: a route carries the messages of all accounts, and
   * a certificate of the mesh CA is held by hosts too. Letters and digits.
   */
  readonly secret: string;
}

const HEADER_BYTES = 48_576;
/** Who a route says it is; what counts is the secret. */
const ROUTE_USER = "route";

/** Text of a nats-server configuration file. */
export function serverConfig(options: NatsServerOptions): string {
  const lines = [
    ...(options.serverName === undefined ? [] : [`server_name: ${quoted(options.serverName)}`]),
    `host: ${quoted(options.host ?? "127.0.0.1")}`,
    `port: ${options.port}`,
    ...(options.portsFileDir === undefined
      ? []
      : [`ports_file_dir: ${quoted(options.portsFileDir)}`]),
    `max_payload: ${options.maxPayload ?? LIMITS.messageBytesMax + HEADER_BYTES}`,
    `jetstream { store_dir: ${quoted(options.storeDir)} }`,
    `operator: ${quoted(options.operatorJwt)}`,
    `system_account: ${quoted(options.systemAccount)}`,
    "resolver: MEMORY",
    "resolver_preload {",
    ...Object.entries(options.accounts).map(([key, jwt]) => `  ${quoted(key)}: ${quoted(jwt)}`),
    "}",
    ...(options.tls === undefined ? [] : ["tls {", ...tlsLines(options.tls), "}"]),
    ...clusterLines(options.cluster, options.tls),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * The same configuration for a server of this version: from 2.10 on JetStream fsyncs each message
 * BEFORE it acknowledges it, which 2.9 cannot, and refuses to start when it is asked to.
 */
export function forServerVersion(config: string, version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isAlways = major > 2 || (major === 2 && minor >= 10);
  const plain = config.replace(/^(jetstream \{.*?), sync_interval: always \}$/m, "$1 }");
  return isAlways ? plain.replace(/^(jetstream \{.*?) \}$/m, "$1, sync_interval: always }") : plain;
}

function tlsLines({ certFile, keyFile, caFile }: NatsServerTls): string[] {
  return [
    `  cert_file: ${quoted(certFile)}`,
    `  key_file: ${quoted(keyFile)}`,
    `  ca_file: ${quoted(caFile)}`,
  ];
}

function clusterLines(
  cluster: NatsServerOptions["cluster"],
  tls: NatsServerTls | undefined,
): string[] {
  if (cluster === undefined) return [];
  const { secret } = cluster;
  const routes = cluster.routes.map((at) => quoted(`nats-route://${ROUTE_USER}:${secret}@${at}`));
  return [
    "cluster {",
    `  name: ${quoted(cluster.name)}`,
    `  host: ${quoted(cluster.host ?? "127.0.0.1")}`,
    `  port: ${cluster.port}`,
    `  authorization { user: ${quoted(ROUTE_USER)}, password: ${quoted(secret)} }`,
    `  routes: [${routes.join(", ")}]`,
    ...(tls === undefined ? [] : ["  tls {", ...tlsLines(tls).map((l) => `  ${l}`), "  }"]),
    "}",
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
