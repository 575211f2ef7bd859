import "reflect-metadata";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { hex } from "@ostraka/proto";
import * as x509 from "@peculiar/x509";
import { describe, expect, test } from "vitest";
import {
  type Certified,
  certFingerprint,
  certPublicKey,
  createCertRequest,
  createMeshCa,
  openMeshCa,
  requestPublicKey,
} from "./mesh-ca.ts";

const ca = await createMeshCa("acme");
const withCode = (code: string) => expect.objectContaining({ code });

/** A TLS handshake with client certificates; the name that the server saw, or the first error. */
async function greet(server: Certified, client: Certified, trusted: string): Promise<string> {
  const options = { ca: trusted, requestCert: true, rejectUnauthorized: true };
  const listener = createServer({ ...options, cert: server.certPem, key: server.keyPem });
  const seen = new Promise<string>((resolve) => {
    listener.on("secureConnection", (socket) => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.on("error", () => {});
    });
    listener.on("tlsClientError", (error) => resolve(error.message));
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: trusted,
    cert: client.certPem,
    key: client.keyPem,
  });
  const failed = new Promise<string>((resolve) => socket.on("error", (e) => resolve(e.message)));
  const answer = await Promise.race([seen, failed]);
  socket.destroy();
  listener.close();
  return answer;
}

describe("the mesh CA", () => {
  test("is a self-signed P-256 authority of ten years that can issue no further authority", () => {
    const cert = new X509Certificate(ca.certPem);
    expect(cert.ca).toBe(true);
    expect(cert.verify(cert.publicKey)).toBe(true);
    expect(cert.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    const years = (cert.validToDate.getTime() - cert.validFromDate.getTime()) / 31_557_600_000;
    expect(Math.round(years)).toBe(10);
    const basic = new x509.X509Certificate(ca.certPem).getExtension(x509.BasicConstraintsExtension);
    expect(basic).toMatchObject({ ca: true, pathLength: 0, critical: true });
  });

  test("has the fingerprint of its DER", () => {
    const der = new X509Certificate(ca.certPem).raw;
    expect(hex(ca.fingerprint)).toBe(createHash("sha256").update(der).digest("hex"));
    expect(certFingerprint(ca.certPem)).toEqual(ca.fingerprint);
    expect(() => certFingerprint("x")).toThrowError(withCode("OSTRAKA_KEY_INVALID"));
  });

  test("issues certificates that members accept of each other", async () => {
    const server = await ca.issue({ name: "coordinator-a", use: "server" });
    const client = await ca.issue({ name: "web-1", use: "client" });
    expect(await greet(server, client, ca.certPem)).toBe("web-1");
  });

  test("issues nothing that another mesh accepts, nor clients that pass as servers", async () => {
    const other = await createMeshCa("acme");
    const server = await ca.issue({ name: "coordinator-a", use: "server" });
    const client = await ca.issue({ name: "web-1", use: "client" });
    const foreign = await other.issue({ name: "web-1", use: "client" });
    expect(await greet(server, foreign, ca.certPem)).not.toBe("web-1");
    expect(await greet(client, client, ca.certPem)).not.toBe("web-1");
  });

  test("writes a role only where it was asked for, and never from a name", async () => {
    const auditor = await ca.issue({ name: "vera", use: "client", role: "auditor" });
    expect(new X509Certificate(auditor.certPem).subject).toBe("CN=vera\nOU=auditor");
    await expect(ca.issue({ name: "vera,OU=auditor", use: "client" })).rejects.toThrowError(
      withCode("OSTRAKA_CONFIG_INVALID"),
    );
    const plain = await ca.issue({ name: "vera", use: "client" });
    expect(new X509Certificate(plain.certPem).subject).toBe("CN=vera");
  });

  test("names hosts and addresses, localhost for servers, from an hour back", async () => {
    const { certPem } = await ca.issue({ name: "web-1", names: ["10.0.0.7", "::1"], use: "both" });
    const cert = new X509Certificate(certPem);
    for (const host of ["web-1", "localhost"]) expect(cert.checkHost(host)).toBe(host);
    for (const ip of ["10.0.0.7", "127.0.0.1"]) expect(cert.checkIP(ip)).toBe(ip);
    expect(cert.checkHost("web-2")).toBeUndefined();
    expect(cert.ca).toBe(false);
    expect(cert.validFromDate.getTime()).toBeLessThan(Date.now() - 3_000_000);
    const client = new X509Certificate((await ca.issue({ name: "web-1", use: "client" })).certPem);
    expect(client.checkHost("localhost")).toBeUndefined();
  });

  test.each(["", "a b", "*", "a,CN=root", "#0c0161", "x\n", "-x", "x".repeat(65), "a..b"])(
    "issues nothing for the name %j",
    async (name) => {
      await expect(ca.issue({ name, use: "client" })).rejects.toThrowError(
        withCode("OSTRAKA_CONFIG_INVALID"),
      );
    },
  );

  test("comes back from its files, and not from files of two authorities", async () => {
    const again = await openMeshCa(ca.certPem, ca.keyPem);
    const client = await again.issue({ name: "web-1", use: "client" });
    const server = await ca.issue({ name: "coordinator-a", use: "server" });
    expect(await greet(server, client, ca.certPem)).toBe("web-1");
    const other = await createMeshCa("acme");
    for (const [cert, key] of [
      [ca.certPem, other.keyPem],
      [ca.certPem, "x"],
      ["x", ca.keyPem],
    ] as const) {
      await expect(openMeshCa(cert, key)).rejects.toThrowError(withCode("OSTRAKA_KEY_INVALID"));
    }
  });
});

describe("a certificate request", () => {
  test("gives its key and nothing else", async () => {
    const { requestPem, keyPem } = await createCertRequest("I-am-root");
    const certPem = await ca.issueFromRequest(requestPem, { name: "web-1", use: "client" });
    const cert = new X509Certificate(certPem);
    expect(cert.subject).toBe("CN=web-1");
    expect(cert.checkHost("I-am-root")).toBeUndefined();
    expect(certPublicKey(certPem)).toEqual(requestPublicKey(requestPem));
    const server = await ca.issue({ name: "coordinator-a", use: "server" });
    expect(await greet(server, { certPem, keyPem }, ca.certPem)).toBe("web-1");
  });

  test("that asks to be an authority gets a leaf", async () => {
    const keys = await newKeys({ name: "ECDSA", namedCurve: "P-256" });
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: "CN=evil",
      keys,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: [new x509.BasicConstraintsExtension(true, 3, true)],
    });
    const wish = { name: "web-1", use: "client" } as const;
    const cert = new X509Certificate(await ca.issueFromRequest(request.toString("pem"), wish));
    expect(cert.ca).toBe(false);
  });

  test("that is malformed, signed by another key or of another curve is refused", async () => {
    const { requestPem } = await createCertRequest("web-1");
    const der = Buffer.from(x509.PemConverter.decodeFirst(requestPem));
    const last = der.length - 1;
    der[last] = (der[last] as number) ^ 1;
    const forged = x509.PemConverter.encode(new Uint8Array(der), "CERTIFICATE REQUEST");
    const p384 = await x509.Pkcs10CertificateRequestGenerator.create({
      name: "CN=x",
      keys: await newKeys({ name: "ECDSA", namedCurve: "P-384" }),
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    });
    const hostile = ["", "x", requestPem.repeat(40), forged, p384.toString("pem"), ca.certPem];
    for (const text of hostile) {
      await expect(
        ca.issueFromRequest(text, { name: "web-1", use: "client" }),
      ).rejects.toThrowError(withCode("OSTRAKA_REFUSED"));
    }
  });
});

function newKeys(kind: { name: "ECDSA"; namedCurve: string }) {
  return crypto.subtle.generateKey(kind, true, ["sign", "verify"]);
}
