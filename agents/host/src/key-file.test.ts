import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hex, utf8 } from "@ostraka/proto";
import { afterAll, describe, expect, test } from "vitest";
import { openCrypto } from "./crypto-sodium.ts";
import { assertDistinct, generateKeyFile, loadKeyFile, readSecretFile } from "./key-file.ts";

const dir = mkdtempSync(join(tmpdir(), "ostraka-keys-"));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string) => join(dir, name);

function refusal(act: () => unknown): { code: string; message: string } {
  try {
    act();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("not refused");
}

describe("a key file", () => {
  test("is PKCS#8 PEM of mode 0600 and opens as the signer that made it", () => {
    const made = generateKeyFile(at("ann.pem"));
    expect(statSync(at("ann.pem")).mode & 0o777).toBe(0o600);
    const key = createPublicKey(readFileSync(at("ann.pem"), "utf8"));
    expect(key.asymmetricKeyType).toBe("ed25519");
    const signer = loadKeyFile(at("ann.pem"));
    expect(hex(signer.publicKey)).toBe(hex(made.publicKey));
    const crypto = openCrypto();
    expect(crypto.verify(made.publicKey, utf8("x"), signer.sign(utf8("x")))).toBe(true);
  });

  test("is never overwritten", () => {
    const made = generateKeyFile(at("bob.pem"));
    expect(refusal(() => generateKeyFile(at("bob.pem")))).toMatchObject({
      code: "OSTRAKA_KEY_INVALID",
      message: expect.stringContaining("exists already"),
    });
    expect(loadKeyFile(at("bob.pem")).publicKey).toEqual(made.publicKey);
  });

  test.each([0o640, 0o604, 0o660, 0o644])("that others can read (%o) is refused", (mode) => {
    const path = at(`open-${mode}.pem`);
    generateKeyFile(path);
    chmodSync(path, mode);
    expect(refusal(() => loadKeyFile(path))).toMatchObject({
      code: "OSTRAKA_KEY_INVALID",
      message: expect.stringContaining(`chmod 600 ${path}`),
    });
    chmodSync(path, 0o400);
    expect(loadKeyFile(path).publicKey).toHaveLength(32);
  });

  test("that is missing, no file or no such key is refused without its content", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const ec = privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    writeFileSync(at("ec.pem"), ec, { mode: 0o600 });
    writeFileSync(at("garbage.pem"), "sensitive garbage", { mode: 0o600 });
    for (const [name, why] of [
      ["none.pem", "does not exist"],
      [".", "is not a file"],
      ["ec.pem", "Ed25519"],
      ["garbage.pem", "PKCS#8"],
    ] as const) {
      const error = refusal(() => loadKeyFile(at(name)));
      expect(error.code).toBe("OSTRAKA_KEY_INVALID");
      expect(error.message).toContain(why);
      expect(`${error.message}${JSON.stringify(error)}`).not.toContain("sensitive");
    }
  });

  test("that is locked or too large is refused", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({
      format: "pem",
      type: "pkcs8",
      cipher: "aes-256-cbc",
      passphrase: "x",
    });
    writeFileSync(at("locked.pem"), pem, { mode: 0o600 });
    expect(refusal(() => loadKeyFile(at("locked.pem"))).message).toContain("passphrase");
    writeFileSync(at("large.pem"), "x".repeat(70_000), { mode: 0o600 });
    expect(refusal(() => readSecretFile(at("large.pem"))).message).toContain("too large");
  });

  test("made by openssl opens too", (context) => {
    try {
      execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", at("ossl.pem")], {
        stdio: "ignore",
      });
    } catch {
      context.skip("no openssl with Ed25519 here");
    }
    chmodSync(at("ossl.pem"), 0o600);
    expect(loadKeyFile(at("ossl.pem")).publicKey).toHaveLength(32);
  });
});

describe("keys", () => {
  const one = new Uint8Array(32).fill(1);
  const two = new Uint8Array(32).fill(2);

  test("of different uses are accepted when they differ, also twice in one use", () => {
    assertDistinct([
      { use: "signing", key: one },
      { use: "signing", key: one },
      { use: "nats", key: two },
    ]);
  });

  test("seen in two uses are refused, in raw form and as SPKI", () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
    for (const [key, again] of [
      [one, one],
      [spki, spki.subarray(12)],
    ] as const) {
      const keys = [
        { use: "signing", key },
        { use: "nats", key: again },
      ] as const;
      expect(refusal(() => assertDistinct(keys)).code).toBe("OSTRAKA_KEY_IN_OTHER_USE");
    }
  });
});
