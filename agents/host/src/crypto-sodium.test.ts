// The strict Ed25519 rule on published vectors, by both libraries, with noble as second opinion.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { hashes, verify as nobleVerify, Point } from "@noble/ed25519";
import { type Crypto, concat, findEd25519Fault, hex, unhex, utf8 } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openCrypto, openSigner } from "./crypto-sodium.ts";

hashes.sha512 = (message) => new Uint8Array(createHash("sha512").update(message).digest());

/** `../shared/data` of the repository, found by walking up; undefined where it is absent. */
function findVectors(): string | undefined {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    const found = join(dir, "shared/data/vectors/ed25519");
    if (existsSync(found)) return found;
    if (dir === dirname(dir)) return undefined;
  }
}

const vectors = findVectors();
if (vectors === undefined) process.stderr.write("skipped: no ../shared/data/vectors/ed25519\n");

interface Vector {
  readonly id: string;
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly flags: readonly string[];
  /** What the source says, where it says it. */
  readonly isValid?: boolean;
}

const bytes = (text: string) => unhex(text) ?? new Uint8Array();
const readJson = (name: string) => JSON.parse(readFileSync(join(vectors ?? "", name), "utf8"));

function wycheproof(): Vector[] {
  interface Group {
    publicKey: { pk: string };
    tests: { tcId: number; msg: string; sig: string; result: string; flags: string[] }[];
  }
  return (readJson("wycheproof_ed25519_test.json").testGroups as Group[]).flatMap((group) =>
    group.tests.map((t) => ({
      id: `wycheproof ${t.tcId}`,
      key: bytes(group.publicKey.pk),
      message: bytes(t.msg),
      signature: bytes(t.sig),
      flags: t.flags,
      isValid: t.result === "valid",
    })),
  );
}

function cctv(): Vector[] {
  const rows = readJson("cctv_ed25519vectors.json") as {
    number: number;
    key: string;
    sig: string;
    msg: string;
    flags: string[] | null;
  }[];
  return rows.map((row) => ({
    id: `cctv ${row.number}`,
    key: bytes(row.key),
    message: utf8(row.msg),
    signature: bytes(row.sig),
    flags: row.flags ?? [],
  }));
}

function speccheck(): Vector[] {
  const rows = readJson("speccheck_cases.json") as {
    message: string;
    pub_key: string;
    signature: string;
  }[];
  return rows.map((row, i) => ({
    id: `speccheck ${i}`,
    key: bytes(row.pub_key),
    message: bytes(row.message),
    signature: bytes(row.signature),
    flags: [],
  }));
}

const accepted = (crypto: Crypto, all: readonly Vector[]) =>
  all.filter((v) => crypto.verify(v.key, v.message, v.signature));

const REFUSED_FLAGS = [
  "low_order_A",
  "low_order_R",
  "low_order_residue",
  "non_canonical_A",
  "non_canonical_R",
];

const CRYPTOS = [
  ["sodium-native", openCrypto()],
  ["node:crypto", openCrypto({ library: "node" })],
] as const;

describe.skipIf(vectors === undefined).each(CRYPTOS)("%s on published vectors", (_name, crypto) => {
  test("answers every Wycheproof case as Wycheproof does", () => {
    const all = wycheproof();
    expect(all).toHaveLength(151);
    expect(accepted(crypto, all)).toEqual(all.filter((v) => v.isValid));
  });

  test("accepts the 43 CCTV cases without a refused flag, of 914", () => {
    const all = cctv();
    expect(all).toHaveLength(914);
    const ours = accepted(crypto, all);
    expect(ours).toHaveLength(43);
    expect(ours).toEqual(all.filter((v) => !v.flags.some((f) => REFUSED_FLAGS.includes(f))));
  });

  test("accepts speccheck's case 3 only", () => {
    const all = speccheck();
    expect(all).toHaveLength(12);
    expect(accepted(crypto, all).map((v) => v.id)).toEqual(["speccheck 3"]);
  });

  test("accepts nothing that noble refuses, and agrees with it on Wycheproof", () => {
    const noble = (v: Vector) => {
      try {
        return nobleVerify(v.signature, v.message, v.key, { zip215: false });
      } catch {
        return false;
      }
    };
    for (const v of [...accepted(crypto, [...cctv(), ...speccheck()])]) {
      expect(noble(v), v.id).toBe(true);
    }
    for (const v of wycheproof()) expect(noble(v), v.id).toBe(v.isValid);
  });
});

describe.each(CRYPTOS)("%s", (name, crypto) => {
  const signer = openSigner(new Uint8Array(32).fill(7), {
    library: name === "node:crypto" ? "node" : "sodium",
  });
  const message = utf8("a message");
  const signature = signer.sign(message);

  test("verifies its own signature and none with one bit changed", () => {
    expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
    for (let i = 0; i < 64 * 8; i += 7) {
      const changed = Uint8Array.from(signature);
      changed[i >> 3] = (changed[i >> 3] as number) ^ (1 << (i & 7));
      expect(crypto.verify(signer.publicKey, message, changed)).toBe(false);
    }
  });

  test("is false for signatures and keys of other lengths, and never throws", () => {
    for (const length of [0, 1, 31, 32, 33, 63, 65, 128]) {
      expect(crypto.verify(signer.publicKey, message, new Uint8Array(length).fill(9))).toBe(false);
      const other = concat(signer.publicKey, new Uint8Array(96)).subarray(0, length);
      expect(length === 32 || !crypto.verify(other, message, signature)).toBe(true);
    }
    expect(crypto.verify(signer.publicKey, message, concat(signature, Uint8Array.of(0)))).toBe(
      false,
    );
    expect(crypto.verify(signer.publicKey, message, signature.subarray(0, 63))).toBe(false);
  });

  test("signs the RFC 8032 section 7.1 test 1, an empty message", () => {
    const seed = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const empty = openSigner(seed).sign(new Uint8Array());
    expect(hex(empty)).toBe(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    expect(crypto.verify(openSigner(seed).publicKey, new Uint8Array(), empty)).toBe(true);
  });

  test("hashes parts as one, on both sides of the bound for joining them", () => {
    const long = new Uint8Array(5_000).map((_, i) => i);
    for (const parts of [[], [message], [message, message], [message, long], [long, long]]) {
      const whole = createHash("sha256").update(concat(...parts));
      expect(hex(crypto.sha256(...parts))).toBe(whole.digest("hex"));
    }
  });

  test("gives plain bytes whose slice is a copy", () => {
    for (const given of [crypto.sha256(message), signer.publicKey, signature]) {
      expect(Object.getPrototypeOf(given)).toBe(Uint8Array.prototype);
    }
    const one = crypto.sha256(message);
    const two = crypto.sha256(utf8("other"));
    expect(hex(one)).not.toBe(hex(two));
  });

  test("tells keys with a torsion part, of small order and off the curve from good ones", () => {
    expect(crypto.isTorsionFree(signer.publicKey)).toBe(true);
    const torsion = Point.fromHex(
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    );
    const mixed = Point.fromBytes(signer.publicKey).add(torsion).toBytes();
    expect(crypto.isTorsionFree(mixed)).toBe(false);
    expect(crypto.isTorsionFree(torsion.toBytes())).toBe(false);
    expect(crypto.isTorsionFree(new Uint8Array(32).fill(2))).toBe(false);
    expect(crypto.isTorsionFree(signer.publicKey.subarray(1))).toBe(false);
  });

  test("finds the same keys free of torsion as noble does", () => {
    const torsion = Point.fromHex(
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    );
    for (let i = 1; i <= 24; i++) {
      let point = Point.fromBytes(openSigner(new Uint8Array(32).fill(i)).publicKey);
      for (let order = 0; order < 8; order++) {
        expect(crypto.isTorsionFree(point.toBytes())).toBe(point.isTorsionFree());
        point = point.add(torsion);
      }
    }
  });

  test("passes the self-test that a lenient verifier fails", () => {
    expect(findEd25519Fault(crypto)).toBeUndefined();
    expect(findEd25519Fault({ verify: () => true })).toBeDefined();
    expect(findEd25519Fault({ verify: () => false })).toBeDefined();
  });

  test("shows no secret when a signer is printed", () => {
    const shown = `${inspect(signer, { depth: 9, showHidden: true })}${JSON.stringify(signer)}`;
    expect(shown).not.toContain("7, 7, 7");
    expect(shown.toLowerCase()).not.toContain("07 07 07");
  });
});

test("both libraries sign the same bytes", () => {
  const seed = new Uint8Array(32).map((_, i) => i);
  const message = utf8("same");
  expect(openSigner(seed, { library: "node" }).sign(message)).toEqual(
    openSigner(seed).sign(message),
  );
});

test("a seed of another length is refused", () => {
  expect(() => openSigner(new Uint8Array(31))).toThrowError(
    expect.objectContaining({ code: "OSTRAKA_KEY_INVALID" }),
  );
});
