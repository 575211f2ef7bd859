// The mesh's certificate authority: ECDSA P-256 certificates for TLS between its processes. Owns
// what a certificate says: names come from whoever issues, never from the request, of which only
// the public key is taken. TLS keys sign nothing else (DESIGN.md 3, "Three keys").

import "reflect-metadata";
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { type Bytes, OstrakaError, parseAddress } from "@ostraka/proto";
import * as x509 from "@peculiar/x509";

const KEY_KIND = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const CA_DAYS = 3_653;
const LEAF_DAYS = 366;
/** Clocks of hosts may lag: a new certificate is already this old. */
const SKEW_MS = 3_600_000;
const NAMES_MAX = 32;
const REQUEST_BYTES_MAX = 8_192;
/** The library reads `#` as encoded bytes. */
const COMMON_NAME = /^[^#\p{Cc}][^\p{Cc}]{0,63}$/u;
/** RFC 1123 host name. */
const HOST_NAME = /^(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/;

/** What a certificate is for. */
export type CertUse = "server" | "client" | "both";

export interface CertWish {
  /** Common name: the member's name. At most 64 characters (RFC 5280, ub-common-name). */
  readonly name: string;
  /** Further host names and addresses; servers always get `localhost` and 127.0.0.1. */
  readonly names?: readonly string[];
  readonly use: CertUse;
  /**
   * Organizational unit: a role that no roster gives. An auditor reads and has no signing key;
   * everybody else's role is looked up by name where they call.
   */
  readonly role?: "auditor";
}

export interface Certified {
  readonly certPem: string;
  /** PKCS#8 PEM, a secret: `writeSecretFile`. */
  readonly keyPem: string;
}

export interface MeshCa extends Certified {
  /** SHA-256 of the DER certificate. */
  readonly fingerprint: Bytes;
  /** Makes a key and its certificate. */
  issue(wish: CertWish): Promise<Certified>;
  /**
   * Certifies the key of a PKCS#10 request and nothing else of it.
   * @throws OstrakaError OSTRAKA_REFUSED when it is no request, its signature does not hold, or its
   * key is not P-256.
   */
  issueFromRequest(requestPem: string, wish: CertWish): Promise<string>;
}

/** Makes a new authority for a mesh. */
export async function createMeshCa(meshName: string, nowMs = Date.now()): Promise<MeshCa> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: commonName(`${meshName.slice(0, 50)} mesh CA`),
    notBefore: new Date(nowMs - SKEW_MS),
    notAfter: new Date(nowMs + CA_DAYS * DAY_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return caOf(cert, keys.privateKey, await privatePem(keys.privateKey));
}

/**
 * Opens an authority from its two PEM texts.
 * @throws OstrakaError OSTRAKA_KEY_INVALID when they are none or do not belong together.
 */
export async function openMeshCa(certPem: string, keyPem: string): Promise<MeshCa> {
  try {
    const cert = new x509.X509Certificate(certPem);
    const der = x509.PemConverter.decodeFirst(keyPem);
    const key = await webcrypto.subtle.importKey("pkcs8", der, KEY_KIND, true, ["sign"]);
    const probe = new Uint8Array(32);
    const signature = await webcrypto.subtle.sign(SIGNING, key, probe);
    const publicKey = await cert.publicKey.export(KEY_KIND, ["verify"]);
    if (await webcrypto.subtle.verify(SIGNING, publicKey, signature, probe)) {
      return caOf(cert, key, keyPem);
    }
  } catch {
    // Falls through to one sentence; the cause might quote the key.
  }
  throw new OstrakaError(
    "OSTRAKA_KEY_INVALID",
    "the mesh CA's certificate and key do not belong together or are damaged: restore both files",
  );
}

/** Makes a key and the request for its certificate, on the host that will hold the key. */
export async function createCertRequest(
  name: string,
): Promise<{ readonly requestPem: string; readonly keyPem: string }> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: commonName(name),
    keys,
    signingAlgorithm: SIGNING,
  });
  return { requestPem: request.toString("pem"), keyPem: await privatePem(keys.privateKey) };
}

/** SHA-256 of the DER of a certificate's PEM. @throws OstrakaError OSTRAKA_KEY_INVALID. */
export function certFingerprint(certPem: string): Bytes {
  return sha256(parsed(() => new x509.X509Certificate(certPem)).rawData);
}

/** SPKI DER of the key in a certificate's PEM. @throws OstrakaError OSTRAKA_KEY_INVALID. */
export function certPublicKey(certPem: string): Bytes {
  return new Uint8Array(parsed(() => new x509.X509Certificate(certPem)).publicKey.rawData);
}

/** SPKI DER of the key in a request's PEM. @throws OstrakaError OSTRAKA_KEY_INVALID. */
export function requestPublicKey(requestPem: string): Bytes {
  const request = parsed(() => new x509.Pkcs10CertificateRequest(requestPem));
  return new Uint8Array(request.publicKey.rawData);
}

function caOf(cert: x509.X509Certificate, caKey: webcrypto.CryptoKey, keyPem: string): MeshCa {
  const certify = async (publicKey: webcrypto.CryptoKey, wish: CertWish): Promise<string> => {
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: [...commonName(wish.name), ...(wish.role ? [{ OU: [wish.role] }] : [])],
      issuer: cert.subjectName.toJSON(),
      notBefore: new Date(Date.now() - SKEW_MS),
      notAfter: new Date(Math.min(Date.now() + LEAF_DAYS * DAY_MS, cert.notAfter.getTime())),
      publicKey,
      signingKey: caKey,
      signingAlgorithm: SIGNING,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(purposesOf(wish.use)),
        new x509.SubjectAlternativeNameExtension(altNames(wish)),
        await x509.AuthorityKeyIdentifierExtension.create(cert.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    return leaf.toString("pem");
  };
  return {
    certPem: cert.toString("pem"),
    keyPem,
    fingerprint: sha256(cert.rawData),
    issue: async (wish) => {
      const keys = await newKeys();
      return {
        certPem: await certify(keys.publicKey, wish),
        keyPem: await privatePem(keys.privateKey),
      };
    },
    issueFromRequest: async (requestPem, wish) => certify(await keyOfRequest(requestPem), wish),
  };
}

async function keyOfRequest(requestPem: string): Promise<webcrypto.CryptoKey> {
  try {
    if (requestPem.length > REQUEST_BYTES_MAX) throw new Error("too large");
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    // The import refuses every kind of key but P-256.
    const key = await webcrypto.subtle.importKey(
      "spki",
      request.publicKey.rawData,
      KEY_KIND,
      true,
      ["verify"],
    );
    if (await request.verify()) return key;
  } catch {
    // Hostile bytes: one sentence, whatever the parser says of them.
  }
  throw new OstrakaError(
    "OSTRAKA_REFUSED",
    "the certificate request is malformed, not signed with its own key, or its key is not P-256: " +
      "join again to make a new one",
  );
}

function altNames(wish: CertWish): x509.JsonGeneralNames {
  const names = [wish.name, ...(wish.names ?? [])];
  if (wish.use !== "client") names.push("localhost", "127.0.0.1");
  if (names.length > NAMES_MAX) throw badName(`${names.length} names`, `at most ${NAMES_MAX}`);
  return [...new Set(names)].map((name) => {
    if (parseAddress(name) !== undefined) return { type: "ip", value: name } as const;
    if (name.length > 253 || !HOST_NAME.test(name)) throw badName(name, "a host name or address");
    return { type: "dns", value: name } as const;
  });
}

function badName(name: string, wanted: string): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_CONFIG_INVALID",
    `a certificate cannot be issued for ${JSON.stringify(name.slice(0, 100))}: it takes ${wanted}`,
  );
}

/** A name as data, not as text to parse: nobody can write a second attribute into it. */
function commonName(name: string): x509.JsonName {
  if (!COMMON_NAME.test(name)) throw badName(name, "1 to 64 printable characters, # not first");
  return [{ CN: [name] }];
}

function purposesOf(use: CertUse): string[] {
  const server = use === "client" ? [] : [x509.ExtendedKeyUsage.serverAuth];
  return use === "server" ? server : [...server, x509.ExtendedKeyUsage.clientAuth];
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_KIND, true, ["sign", "verify"]);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}

/** 127 random bits, never zero (RFC 5280 section 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new OstrakaError("OSTRAKA_KEY_INVALID", "that is no PEM certificate or request", {
      cause: error,
    });
  }
}

function sha256(der: ArrayBuffer): Bytes {
  return new Uint8Array(createHash("sha256").update(new Uint8Array(der)).digest());
}
