// The three keys of a host that is joining, on disk BEFORE anybody hears of them: a join that was
// cut off goes on with the same keys, and the mesh answers it as the same one. Owns the folder
// `joining/` of a data directory until the host's own folder takes its place.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  assertDistinct,
  createNatsUserKey,
  keyPem,
  loadKeyFile,
  openSigner,
  readSecretFile,
  writeSecretFile,
} from "@ostraka/host";
import { createCertRequest, requestPublicKey } from "@ostraka/host/mesh-ca";
import { type Bytes, channelId, OstrakaError, type Signer } from "@ostraka/proto";

export interface JoiningKeys {
  readonly folder: string;
  readonly signer: Signer;
  /** PKCS#8 PEM of the signing key, a secret. */
  readonly signingPem: string;
  /** PKCS#8 PEM of the TLS key, a secret. */
  readonly tlsKeyPem: string;
  /** PKCS#10 PEM. */
  readonly requestPem: string;
  /** SPKI DER. */
  readonly tlsPublicKey: Bytes;
  readonly natsPublicKey: Bytes;
  /** `SU…`, a secret. */
  readonly natsSeed: string;
  /** True when an earlier run made them. */
  readonly isResumed: boolean;
}

/** Opens the keys of an earlier run with this token, or makes new ones. */
export async function openJoiningKeys(dataDir: string, joinKey: Bytes): Promise<JoiningKeys> {
  const folder = join(dataDir, "joining", channelId(joinKey));
  const isResumed = existsSync(folder);
  if (!isResumed) await makeKeys(folder);
  const signingPem = readSecretFile(join(folder, "signing.pem"));
  const signer = loadKeyFile(join(folder, "signing.pem"));
  const tlsKeyPem = readSecretFile(join(folder, "tls-key.pem"));
  const requestPem = readFileSync(join(folder, "request.pem"), "utf8");
  const nats = readNatsKey(join(folder, "nats.json"));
  const tlsPublicKey = requestPublicKey(requestPem);
  assertDistinct([
    { use: "signing", key: signer.publicKey },
    { use: "tls", key: tlsPublicKey },
    { use: "nats", key: nats.publicKey },
  ]);
  return {
    ...{ folder, signer, signingPem, tlsKeyPem, requestPem, tlsPublicKey, isResumed },
    natsPublicKey: nats.publicKey,
    natsSeed: nats.seed,
  };
}

/** Forgets them once the host's own folder holds them. */
export function forgetJoiningKeys(keys: JoiningKeys): void {
  rmSync(keys.folder, { recursive: true, force: true });
}

/** All of them or none: a folder that has its name is complete. */
async function makeKeys(folder: string): Promise<void> {
  const making = `${folder}.${randomBytes(4).toString("hex")}`;
  mkdirSync(making, { recursive: true, mode: 0o700 });
  const seed = new Uint8Array(randomBytes(32));
  const signer = openSigner(seed);
  writeSecretFile(join(making, "signing.pem"), keyPem(seed));
  seed.fill(0);
  const tls = await createCertRequest(`host ${channelId(signer.publicKey)}`);
  writeSecretFile(join(making, "tls-key.pem"), tls.keyPem);
  writeSecretFile(join(making, "request.pem"), tls.requestPem);
  const nats = createNatsUserKey();
  const key = Buffer.from(nats.publicKey).toString("hex");
  writeSecretFile(join(making, "nats.json"), JSON.stringify({ key, seed: nats.seed }));
  renameSync(making, folder);
}

function readNatsKey(path: string): { publicKey: Bytes; seed: string } {
  try {
    const { key, seed } = JSON.parse(readSecretFile(path)) as { key: string; seed: string };
    const publicKey = new Uint8Array(Buffer.from(key, "hex"));
    if (publicKey.length === 32 && /^SU[A-Z2-7]+$/.test(seed)) return { publicKey, seed };
  } catch (error) {
    if (error instanceof OstrakaError) throw error;
    // Falls through to one sentence; the cause might quote the seed.
  }
  throw new OstrakaError(
    "OSTRAKA_KEY_INVALID",
    `key file ${path} is damaged: remove its folder and join with a new grant`,
  );
}
