import { utf8 } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openCrypto, openSigner } from "./crypto-sodium.ts";
import { VerifiedBefore } from "./verified-before.ts";

const signer = openSigner(new Uint8Array(32).fill(7));
const message = utf8("a batch of a hundred signals");
const signature = signer.sign(message);
const flipped = (bytes: Uint8Array, at: number) =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

describe("a signature that verified before", () => {
  test("is known by its key, message and signature, to the last bit of each", () => {
    const before = new VerifiedBefore();
    before.add(signer.publicKey, message, signature);
    expect(before.has(signer.publicKey, message, signature)).toBe(true);
    for (let at = 0; at < 32; at++) {
      expect(before.has(flipped(signer.publicKey, at), message, signature)).toBe(false);
    }
    for (let at = 0; at < message.length; at++) {
      expect(before.has(signer.publicKey, flipped(message, at), signature)).toBe(false);
    }
    for (let at = 0; at < 64; at++) {
      expect(before.has(signer.publicKey, message, flipped(signature, at))).toBe(false);
    }
    expect(before.has(signer.publicKey, message.subarray(1), signature)).toBe(false);
  });

  test("is a copy: whoever changes the bytes afterwards changes nothing", () => {
    const before = new VerifiedBefore();
    const own = message.slice();
    before.add(signer.publicKey, own, signature);
    own[0] = 0;
    expect(before.has(signer.publicKey, own, signature)).toBe(false);
    expect(before.has(signer.publicKey, message, signature)).toBe(true);
  });

  test("gives way to another in its slot, and a long message is not kept", () => {
    const before = new VerifiedBefore();
    before.add(signer.publicKey, message, signature);
    before.add(signer.publicKey, utf8("another"), signature);
    expect(before.has(signer.publicKey, message, signature)).toBe(false);
    const long = new Uint8Array(2_049);
    before.add(signer.publicKey, long, signer.sign(long));
    expect(before.has(signer.publicKey, long, signer.sign(long))).toBe(false);
  });
});

test("a crypto port that has verified a signature refuses every other one beside it", () => {
  const crypto = openCrypto();
  expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
  expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
  expect(crypto.verify(signer.publicKey, utf8("another batch"), signature)).toBe(false);
  expect(crypto.verify(signer.publicKey, message, flipped(signature, 40))).toBe(false);
  expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
});
