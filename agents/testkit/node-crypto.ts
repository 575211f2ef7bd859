// The crypto port over node:crypto, for unit tests of the pure packages: they may not know
// @ostraka/host. Torsion is not looked for here; the host's tests hold the strict rule to its
// vectors.

import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { type Bytes, type Crypto, hasStrictShape, type Signer } from "@ostraka/proto";
import { type KitOptions, MeshKit } from "./mesh-kit.ts";

const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Every node of a test's mesh asks the same questions: each is worked out once. */
const answers = new Map<string, boolean>();
const ANSWERS_MAX = 100_000;

export const nodeCrypto: Crypto = {
  sha256: (...parts) => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return Uint8Array.from(hash.digest());
  },
  verify: (key, message, signature) => {
    if (!hasStrictShape(key, signature)) return false;
    const hash = createHash("sha256").update(key).update(signature).update(message);
    const asked = hash.digest("base64");
    const known = answers.get(asked);
    if (known !== undefined) return known;
    const der = Buffer.concat([SPKI, key]);
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    const answer = verify(null, message, publicKey, signature);
    if (answers.size >= ANSWERS_MAX) answers.clear();
    answers.set(asked, answer);
    return answer;
  },
  isTorsionFree: () => true,
};

/** Signs with node:crypto. */
export function nodeSigner(seed: Bytes): Signer {
  const der = Buffer.concat([PKCS8, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const publicKey = Uint8Array.from(spki.subarray(-32));
  return { publicKey, sign: (message) => Uint8Array.from(sign(null, message, key)) };
}

/** Bytes that differ from call to call and are the same in every run. */
export function countedBytes(label: string): (bytes: number) => Bytes {
  let calls = 0;
  return (bytes) => {
    const blocks: Bytes[] = [];
    for (let i = 0; i * 32 < bytes; i++) {
      const text = Buffer.from(`${label}/${calls}/${i}`);
      blocks.push(nodeCrypto.sha256(text));
    }
    calls++;
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, bytes));
  };
}

/** A mesh for one test file. */
export function testMesh(
  label: string,
  shape: Pick<KitOptions, "coordinators" | "hosts" | "changeRoster"> = {},
) {
  const random = countedBytes(label);
  return new MeshKit({ crypto: nodeCrypto, openSigner: nodeSigner, random, ...shape });
}
