// The configuration of a nats-server for one mesh, as text. Owns what every server of a mesh needs:
// operator mode, accounts in memory, JetStream on disk, a bound on messages. Only settings that
// Debian's 2.9 knows: it refuses to start with newer ones.

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
  readonly serverName?: string;
  readonly cluster?: {
    readonly name: string;
    readonly host?: string;
    readonly port: number;
    /** `nats://host:port` of the other servers. */
    readonly routes: readonly string[];
  };
}

const HEADER_BYTES = 48_576;

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
    ...clusterLines(options.cluster),
  ];
  return `${lines.join("\n")}\n`;
}

function clusterLines(cluster: NatsServerOptions["cluster"]): string[] {
  if (cluster === undefined) return [];
  return [
    "cluster {",
    `  name: ${quoted(cluster.name)}`,
    `  host: ${quoted(cluster.host ?? "127.0.0.1")}`,
    `  port: ${cluster.port}`,
    `  routes: [${cluster.routes.map(quoted).join(", ")}]`,
    "}",
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
