// The files of a mesh's NATS servers: one alone, or three that form a cluster. Owns what is the
// same for each of them: the authority, one certificate of the mesh CA, the secret of their routes.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type NatsAuthority, readSecretFile, serverConfig, writeSecretFile } from "@ostraka/host";
import type { MeshCa } from "@ostraka/host/mesh-ca";
import { type MeshFile, type MeshPaths, natsName } from "../mesh-dir.ts";

const SECRET_BYTES = 24;

/** Keys of the servers; their configurations need `writeServerConfigs`. */
export async function keyNats(
  paths: MeshPaths,
  ca: MeshCa,
  authority: NatsAuthority,
): Promise<void> {
  writeSecretFile(paths.natsAuthority, authority.secretText());
  // Among the servers of a cluster each is the other's client.
  const { certPem, keyPem } = await ca.issue({ name: "nats", use: "both" });
  writeSecretFile(paths.natsTls, `${certPem.trimEnd()}\n${keyPem}`);
}

/** Writes each server's configuration for the addresses of mesh.json. */
export function writeServerConfigs(
  paths: MeshPaths,
  authority: NatsAuthority,
  meshName: string,
  file: Pick<MeshFile, "nats" | "natsRoutes">,
): void {
  const { nats, natsRoutes } = file;
  const secret = natsRoutes === undefined ? "" : routeSecret(paths);
  nats.forEach((url, i) => {
    const folder = paths.natsServer(i, nats.length);
    const storeDir = join(folder, "store");
    mkdirSync(storeDir, { recursive: true, mode: 0o700 });
    const { natsTls: pem, caCertificate: caFile } = paths;
    const text = serverConfig({
      ...authority,
      storeDir,
      port: Number(new URL(url).port),
      tls: { certFile: pem, keyFile: pem, caFile },
      ...(natsRoutes !== undefined && {
        serverName: natsName(i),
        cluster: {
          name: meshName,
          port: portOf(natsRoutes[i] as string),
          routes: natsRoutes.filter((_, other) => other !== i),
          secret,
        },
      }),
    });
    writeFileSync(join(folder, "server.conf"), text, { mode: 0o600 });
  });
}

/** Made once: servers that run and servers that come must know the same. */
function routeSecret(paths: MeshPaths): string {
  const path = join(paths.nats, "routes.secret");
  if (!existsSync(path)) writeSecretFile(path, randomBytes(SECRET_BYTES).toString("hex"));
  return readSecretFile(path).trim();
}

/** Moves a server's own ports to others; what else somebody wrote there stays. */
export function changePorts(path: string, ports: ReadonlyMap<number, number>): void {
  const before = readFileSync(path, "utf8");
  const after = before
    .replace(/^( *port: )(\d+)$/gm, (_, key: string, port: string) => key + moved(ports, port))
    .replace(/(@127\.0\.0\.1:)(\d+)/g, (_, at: string, port: string) => at + moved(ports, port));
  if (after !== before) writeFileSync(path, after, { mode: 0o600 });
}

function moved(ports: ReadonlyMap<number, number>, port: string): number {
  return ports.get(Number(port)) ?? Number(port);
}

/** The port of `host:port`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
