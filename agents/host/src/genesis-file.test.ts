// The genesis file: what it takes, and the nearest that it refuses, each with its own code.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Envelope,
  encodeNew,
  GenesisSchema,
  LIMITS,
  type MeshId,
  OstrakaError,
  Role,
  signEnvelope,
} from "@ostraka/proto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCrypto, openSigner } from "./crypto-sodium.ts";
import { genesisFileText, readGenesisFile } from "./genesis-file.ts";

const crypto = openCrypto();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ostraka-genesis-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function genesisOf(seed: number): { mesh: string; envelope: Envelope } {
  const signers = [0, 1, 2].map((i) => openSigner(new Uint8Array(32).fill(seed + i)));
  const roles = [Role.AUTHOR, Role.COORDINATOR, Role.ROOT];
  const body = encodeNew(GenesisSchema, {
    format: 1,
    nonce: new Uint8Array(16).fill(seed),
    caFingerprint: new Uint8Array(32),
    roster: {
      format: 1,
      version: 1,
      meshName: "demo",
      holders: roles.map((role, i) => ({
        name: `holder-${i}`,
        keys: [{ role, key: signers[i]?.publicKey ?? new Uint8Array() }],
      })),
      faultDomains: ["rack-1"],
      rootThreshold: 1,
      authorThreshold: 1,
    },
  });
  const mesh = Buffer.from(crypto.sha256(body)).toString("hex") as MeshId;
  const root = signers[2] as (typeof signers)[number];
  return { mesh, envelope: signEnvelope(mesh, "genesis", body, root) };
}

function write(text: string): string {
  const path = join(folder, "genesis.json");
  writeFileSync(path, text);
  return path;
}

test("a genesis file reads back as the mesh that it makes", () => {
  const { mesh, envelope } = genesisOf(1);
  const opened = readGenesisFile(crypto, write(genesisFileText(mesh, "demo", envelope)));
  expect(opened.mesh).toBe(mesh);
  expect(opened.roster.meshName).toBe("demo");
});

function refusalOf(path: string): string {
  try {
    readGenesisFile(crypto, path);
  } catch (error) {
    if (error instanceof OstrakaError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "taken";
}

test("one that claims to be another mesh is refused", () => {
  const { mesh } = genesisOf(1);
  const { envelope } = genesisOf(10);
  const said = refusalOf(write(genesisFileText(mesh, "demo", envelope)));
  expect(said).toMatch(/^OSTRAKA_NOT_VERIFIED: .*names another mesh/);
});

test("one whose signature does not hold is refused", () => {
  const { mesh, envelope } = genesisOf(1);
  const [signature] = envelope.signatures;
  if (signature !== undefined) signature.signature = new Uint8Array(64);
  const said = refusalOf(write(genesisFileText(mesh, "demo", envelope)));
  expect(said).toMatch(/^OSTRAKA_NOT_VERIFIED: .*holds no genesis/);
});

test.each([
  ["no JSON", "{", "cannot be read as JSON"],
  ["null", "null", "holds no genesis"],
  ["no envelope", "{}", "holds no genesis"],
  ["another kind of envelope", '{"envelope": 7}', "holds no genesis"],
  ["bytes that are none", '{"envelope": "AAAA"}', "holds no genesis"],
  ["more than any genesis has", " ".repeat(2 * LIMITS.messageBytesMax + 1), "is too large"],
])("%s is refused in words", (_what, text, words) => {
  const said = refusalOf(write(text));
  expect(said).toMatch(/^OSTRAKA_DATA_INVALID: /);
  expect(said).toContain(words);
});

test("a file that is not there is named", () => {
  const path = join(folder, "none.json");
  expect(refusalOf(path)).toMatch(/^OSTRAKA_NOT_FOUND: .*none\.json cannot be read/);
});
