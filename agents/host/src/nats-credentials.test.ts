import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channelsOf, Ledger, type MeshId, pae, utf8 } from "@ostraka/proto";
import fc from "fast-check";
import { createUser, fromPublic, fromSeed } from "nkeys.js";
import { afterAll, describe, expect, test } from "vitest";
import { openSigner } from "./crypto-sodium.ts";
import { createMeshCa } from "./mesh-ca.ts";
import {
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  hostPermissions,
  inboxPrefix,
  openNatsAuthority,
} from "./nats-credentials.ts";
import { isPlainNonce, nonceGuard } from "./nats-nonce.ts";
import { forServerVersion, serverConfig } from "./nats-server-config.ts";
import { natsKeyBytes, natsKeyText, natsSeedBytes, natsSeedText } from "./nkey-text.ts";

const dir = mkdtempSync(join(tmpdir(), "ostraka-conf-"));
afterAll(() => rmSync(dir, { recursive: true }));

const CHANNELS = channelsOf("ab".repeat(32) as MeshId);
const KEY = new Uint8Array(32).fill(1);

function claimsOf(jwt: string) {
  const [header, claims, signature] = jwt.split(".") as [string, string, string];
  const parsed = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
  const signed = Buffer.from(`${header}.${claims}`);
  const isSigned = fromPublic(parsed.iss).verify(signed, Buffer.from(signature, "base64url"));
  return { ...parsed, isSigned };
}

describe("a NATS key's text", () => {
  test("is what nkeys.js writes, both ways, for any key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        for (const kind of ["user", "account", "operator"] as const) {
          const text = natsKeyText(kind, key);
          expect(text[0]).toBe(kind[0]?.toUpperCase());
          expect(natsKeyBytes(kind, text)).toEqual(Uint8Array.from(key));
          expect(fromPublic(text).getPublicKey()).toBe(text);
        }
      }),
      { numRuns: 50 },
    );
    const made = createUser().getPublicKey();
    expect(natsKeyText("user", natsKeyBytes("user", made) ?? KEY)).toBe(made);
  });

  test("of a seed is what nkeys.js writes, and none of another kind, checksum or length", () => {
    for (const kind of ["user", "account", "operator"] as const) {
      const text = natsSeedText(kind, KEY);
      const pair = fromSeed(Buffer.from(text));
      const publicKey = natsKeyBytes(kind, pair.getPublicKey());
      expect(publicKey).toEqual(openSigner(KEY).publicKey);
      expect(natsSeedBytes(kind, text)).toEqual(KEY);
      expect(natsSeedBytes(kind === "user" ? "account" : "user", text)).toBeUndefined();
      expect(natsSeedBytes(kind, `${text.slice(0, -2)}AA`)).toBeUndefined();
      expect(natsSeedBytes(kind, text.slice(1))).toBeUndefined();
    }
  });

  test("with another kind, checksum, length or letter is none", () => {
    const text = natsKeyText("user", KEY);
    expect(natsKeyBytes("user", text)).toEqual(KEY);
    expect(natsKeyBytes("account", text)).toBeUndefined();
    expect(natsKeyBytes("user", `${text.slice(0, -1)}${text.endsWith("A") ? "B" : "A"}`)).toBe(
      undefined,
    );
    for (const other of [text.toLowerCase(), text.slice(1), `${text}A`, `1${text.slice(1)}`, ""]) {
      expect(natsKeyBytes("user", other)).toBeUndefined();
    }
  });
});

describe("the authority", () => {
  const authority = createNatsAuthority("acme");

  test("signs operator, accounts and users, each with the key above", () => {
    const operator = claimsOf(authority.operatorJwt);
    expect(operator).toMatchObject({ isSigned: true, nats: { type: "operator", version: 2 } });
    const accounts = Object.entries(authority.accounts).map(([key, jwt]) => {
      const claims = claimsOf(jwt);
      expect(claims).toMatchObject({ isSigned: true, iss: operator.sub, sub: key });
      return claims;
    });
    expect(operator.nats.system_account).toBe(authority.systemAccount);
    const mesh = accounts.find((claims) => claims.sub !== authority.systemAccount);
    const user = createNatsUserKey();
    const permissions = hostPermissions(CHANNELS, KEY);
    const jwt = authority.issueUser({ name: "web-1", publicKey: user.publicKey, permissions });
    expect(claimsOf(jwt)).toMatchObject({
      isSigned: true,
      iss: mesh?.sub,
      sub: fromSeed(Buffer.from(user.seed)).getPublicKey(),
      name: "web-1",
      nats: { pub: { allow: permissions.publish }, sub: { allow: permissions.subscribe } },
    });
  });

  test("comes back from its secret text and issues for the same account", () => {
    const again = openNatsAuthority(authority.secretText());
    expect(again.accounts).toEqual(authority.accounts);
    const user = { name: "x", publicKey: KEY, permissions: hostPermissions(CHANNELS, KEY) };
    expect(claimsOf(again.issueUser(user)).iss).toBe(claimsOf(authority.issueUser(user)).iss);
  });

  test.each(["", "{}", "null", '{"format":2}', "SUABC"])("is not opened from %j", (text) => {
    expect(() => openNatsAuthority(text)).toThrowError(
      expect.objectContaining({ code: "OSTRAKA_KEY_INVALID" }),
    );
  });
});

describe("permissions", () => {
  test("let a host publish on its own channels alone and on no wildcard", () => {
    const { publish, subscribe, replyMsMax } = hostPermissions(CHANNELS, KEY);
    expect(publish).toEqual([
      CHANNELS.journal(Ledger.SIGNALS, KEY),
      CHANNELS.receipts(KEY),
      CHANNELS.resync(KEY),
    ]);
    expect(publish.join()).not.toMatch(/[*>]/);
    expect(subscribe).toContain(`${inboxPrefix(KEY)}.>`);
    expect(subscribe).not.toContain(CHANNELS.all);
    expect(replyMsMax).toBeUndefined();
  });

  test("let a coordinator answer whoever asks without naming inboxes of others", () => {
    const { publish, replyMsMax } = coordinatorPermissions(CHANNELS, KEY);
    expect(publish).toContain(CHANNELS.all);
    expect(publish.some((channel) => channel.startsWith("_INBOX"))).toBe(false);
    expect(replyMsMax).toBeGreaterThan(0);
  });
});

describe("the server's configuration", () => {
  const check = (text: string) => {
    const file = join(dir, "nats.conf");
    writeFileSync(file, text);
    const path = `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin`;
    return spawnSync("nats-server", ["-t", "-c", file], { env: { PATH: path }, encoding: "utf8" });
  };

  test("is accepted by the installed nats-server, alone and in a cluster, with TLS", async (context) => {
    const base = { ...createNatsAuthority("a"), storeDir: join(dir, 'a "b"'), port: 4_222 };
    const alone = check(serverConfig(base));
    if (alone.error !== undefined) context.skip("no nats-server (apt install nats-server)");
    expect(`${alone.stderr}`).toContain("is valid");
    const cluster = { name: "mesh", port: 6_222, routes: ["127.0.0.1:6223"], secret: "s3cret" };
    const server = { serverName: "n1", maxPayload: 2_000_000, portsFileDir: dir };
    expect(`${check(serverConfig({ ...base, ...server, cluster })).stderr}`).toContain("is valid");
    const { certPem, keyPem } = await (await createMeshCa("a")).issue({ name: "n1", use: "both" });
    const certFile = join(dir, "nats-tls.pem");
    writeFileSync(certFile, `${certPem}\n${keyPem}`);
    const tls = { certFile, keyFile: certFile, caFile: certFile };
    const whole = serverConfig({ ...base, ...server, cluster, tls });
    expect(`${check(whole).stderr}`).toContain("is valid");
    expect(`${check(`${serverConfig(base)}unknown_setting: 1\n`).stderr}`).not.toContain(
      "is valid",
    );
  });

  test("asks for an fsync of each message from 2.10 on, and from no server before", () => {
    const base = { ...createNatsAuthority("a"), storeDir: "/x/y", port: 4_222 };
    const plain = serverConfig(base);
    const always = forServerVersion(plain, "2.10.0");
    expect(always).toContain('jetstream { store_dir: "/x/y", sync_interval: always }');
    expect(forServerVersion(always, "2.12.1")).toBe(always);
    for (const older of ["2.9.10", "1.99.0"]) {
      expect(forServerVersion(plain, older)).toBe(plain);
      expect(forServerVersion(always, older)).toBe(plain);
    }
  });
});

describe("the guard on nonces", () => {
  const user = createNatsUserKey();
  const jwt = createNatsAuthority("acme").issueUser({
    name: "x",
    publicKey: user.publicKey,
    permissions: hostPermissions(CHANNELS, KEY),
  });
  const guard = nonceGuard(() => credsFile(jwt, user.seed), { error: () => {} });

  test("signs a plain nonce", () => {
    const auth = guard.authenticator("Y2hhbGxlbmdlIQ") as { jwt: string; sig: string };
    expect(auth.jwt).toBe(jwt);
    const signature = Buffer.from(auth.sig, "base64url");
    const pair = fromSeed(Buffer.from(user.seed));
    expect(pair.verify(Buffer.from("Y2hhbGxlbmdlIQ"), signature)).toBe(true);
    expect(guard.refusal()).toBeUndefined();
  });

  test.each([
    Buffer.from(pae("application/vnd.ostraka.head.v1", utf8("x"))).toString("utf8"),
    "DSSEv1 ",
    "short",
    "with space",
    "new\nline123",
    "eyJ0eXAiOiJKV1QifQ.eyJ4IjoxfQ",
    "x".repeat(65),
    "",
  ])("signs nothing for %j", (nonce) => {
    expect(isPlainNonce(nonce)).toBe(false);
    expect(guard.authenticator(nonce)).toBeUndefined();
    expect(guard.refusal()).toMatchObject({ code: "OSTRAKA_REFUSED" });
  });
});
