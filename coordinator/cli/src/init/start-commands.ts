// The first commands of a mesh: the default policy as epoch 1 and its activation, signed by both
// authors. `init` leaves them in DIR/pending; they lapse within a day, so whoever submits them
// later signs anew.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadKeyFile } from "@ostraka/host";
import {
  type Bytes,
  type Crypto,
  EnvelopeSchema,
  encode,
  encodeNew,
  type MeshId,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import { pathsOf } from "../mesh-dir.ts";
import { AUTHORS } from "./holders.ts";

/** File names in DIR/pending, in the order in which they are submitted. */
export const START_COMMAND_FILES = ["01-policy.bin", "02-activation.bin"] as const;

/**
 * Machine version whose fields the default policy uses: a mesh has it once every coordinator of the
 * roster has been there, so the start commands wait for that.
 */
export const START_MACHINE_VERSION = 2;

const VALID_MS = 23 * 3_600_000;
const FIRST_EPOCH = 1;

/**
 * Signs DIR/policy.yaml as epoch 1 with the authors' keys of DIR/keys, and leaves the commands in
 * DIR/pending, whole or not at all.
 * @returns the encoded envelopes, policy first.
 */
export function writeStartCommands(
  crypto: Crypto,
  dir: string,
  mesh: MeshId,
  nowMs: number,
): readonly Bytes[] {
  const paths = pathsOf(dir);
  const authors = AUTHORS.map((name) => loadKeyFile(paths.key(name)));
  const yaml = new Uint8Array(readFileSync(paths.policy));
  const commands = signStartCommands(crypto, mesh, yaml, authors, nowMs + VALID_MS);
  mkdirSync(paths.pending, { recursive: true, mode: 0o700 });
  START_COMMAND_FILES.forEach((name, i) => {
    const path = join(paths.pending, name);
    writeFileSync(`${path}.new`, commands[i] as Bytes, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  });
  return commands;
}

function signStartCommands(
  crypto: Crypto,
  mesh: MeshId,
  yaml: Bytes,
  authors: readonly Signer[],
  notAfter: number,
): readonly Bytes[] {
  const notAfterMs = BigInt(notAfter);
  const fields = { format: 1, epoch: FIRST_EPOCH, notAfterMs };
  const policy = encodeNew(PolicyDocumentSchema, { ...fields, yaml });
  const policyHash = crypto.sha256(policy);
  const activation = encodeNew(PolicyActivationSchema, { ...fields, policyHash });
  return [
    encode(EnvelopeSchema, signEnvelope(mesh, "policy", policy, ...authors)),
    encode(EnvelopeSchema, signEnvelope(mesh, "activation", activation, ...authors)),
  ];
}
