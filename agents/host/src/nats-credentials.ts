// Who may speak on which channel: NATS's operator mode, operator → account → user, each a JWT
// signed with the key above it. Owns the mesh's NATS authority and the permissions of its members.
// Nothing trusts a channel: permissions only keep hosts from being noisy as others.

import { createHash, randomBytes } from "node:crypto";
import { type Channels, channelId, Ledger, OstrakaError } from "@ostraka/proto";
import { openSigner } from "./crypto-sodium.ts";
import { base32, type NatsKeyKind, natsKeyText, natsSeedBytes, natsSeedText } from "./nkey-text.ts";

export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer whoever asks, ONCE a request, within this time. */
  readonly replyMsMax?: number;
}

export interface NatsUser {
  readonly name: string;
  /** Raw Ed25519 public key of 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly permissions: NatsPermissions;
}

/** The keys above all users of one mesh. Its text is a secret: `writeSecretFile`. */
export interface NatsAuthority {
  readonly operatorJwt: string;
  /** Public key of the system account. */
  readonly systemAccount: string;
  /** JWT of each account by its public key, for the server's resolver. */
  readonly accounts: Readonly<Record<string, string>>;
  /** @returns the user's JWT; no secret. */
  issueUser(user: NatsUser): string;
  /** What `openNatsAuthority` reads; holds the seeds. */
  secretText(): string;
}

interface Saved {
  readonly format: 1;
  readonly operatorJwt: string;
  readonly systemAccount: string;
  readonly accounts: Readonly<Record<string, string>>;
  readonly operatorSeed: string;
  readonly accountSeed: string;
}

/** Answers of coordinators to hosts come within this. */
const REPLY_MS_MAX = 60_000;
const UNLIMITED = -1;

/** Prefix of a member's inboxes, without a dot at the end. */
export function inboxPrefix(key: Uint8Array): string {
  return `_INBOX_${channelId(key)}`;
}

/** A host says only what is its own, and hears what all may hear and what is meant for it. */
export function hostPermissions(channels: Channels, hostKey: Uint8Array): NatsPermissions {
  return {
    publish: [
      channels.journal(Ledger.SIGNALS, hostKey),
      channels.receipts(hostKey),
      channels.resync(hostKey),
    ],
    subscribe: [
      channels.headsAll,
      channels.verdictsAll,
      channels.acks(hostKey),
      `${inboxPrefix(hostKey)}.>`,
    ],
  };
}

/** A coordinator speaks on every channel of the mesh, runs its streams and answers requests. */
export function coordinatorPermissions(
  channels: Channels,
  coordinatorKey: Uint8Array,
): NatsPermissions {
  return {
    // $JS.FC answers the flow control of the journals' consumers.
    publish: [channels.all, "$JS.API.>", "$JS.FC.>"],
    subscribe: [channels.all, `${inboxPrefix(coordinatorKey)}.>`],
    replyMsMax: REPLY_MS_MAX,
  };
}

/** Makes operator, system account and the mesh's account with JetStream. */
export function createNatsAuthority(meshName: string): NatsAuthority {
  const operator = issuerOf("operator", newSeed());
  const account = issuerOf("account", newSeed());
  const systemAccount = issuerOf("account", newSeed()).publicText;
  const operatorClaims = { type: "operator", version: 2, system_account: systemAccount };
  return authorityOf({
    format: 1,
    operatorJwt: signJwt(operator, operator.publicText, meshName, operatorClaims),
    systemAccount,
    accounts: {
      [systemAccount]: signJwt(operator, systemAccount, "SYS", accountClaims(0)),
      [account.publicText]: signJwt(
        operator,
        account.publicText,
        meshName,
        accountClaims(UNLIMITED),
      ),
    },
    operatorSeed: operator.seedText,
    accountSeed: account.seedText,
  });
}

/**
 * Opens what `secretText` gave.
 * @throws OstrakaError OSTRAKA_KEY_INVALID when it is something else.
 */
export function openNatsAuthority(text: string): NatsAuthority {
  try {
    const saved = JSON.parse(text) as Saved;
    if (saved.format !== 1) throw new Error(`format ${saved.format}`);
    return authorityOf(saved);
  } catch {
    // Without the cause: it might quote a seed.
    throw new OstrakaError(
      "OSTRAKA_KEY_INVALID",
      "the NATS authority cannot be read: restore its file, or make the mesh again with init",
    );
  }
}

function authorityOf(saved: Saved): NatsAuthority {
  const { operatorJwt, systemAccount, accounts } = saved;
  const seed = natsSeedBytes("account", saved.accountSeed);
  if (seed === undefined) throw new Error("no seed of an account");
  const account = issuerOf("account", seed);
  if (accounts[account.publicText] === undefined) throw new Error("seed of another account");
  return {
    operatorJwt,
    systemAccount,
    accounts,
    issueUser: (user) =>
      signJwt(account, natsKeyText("user", user.publicKey), user.name, userClaims(user)),
    secretText: () => `${JSON.stringify(saved, undefined, 2)}\n`,
  };
}

function accountClaims(storageBytesMax: number) {
  return {
    type: "account",
    version: 2,
    limits: {
      subs: UNLIMITED,
      data: UNLIMITED,
      payload: UNLIMITED,
      imports: UNLIMITED,
      exports: UNLIMITED,
      wildcards: true,
      conn: UNLIMITED,
      leaf: UNLIMITED,
      mem_storage: storageBytesMax,
      disk_storage: storageBytesMax,
      streams: storageBytesMax,
      consumer: storageBytesMax,
    },
    default_permissions: { pub: {}, sub: {} },
  };
}

function userClaims({ permissions }: NatsUser) {
  const { publish, subscribe, replyMsMax } = permissions;
  return {
    type: "user",
    version: 2,
    subs: UNLIMITED,
    data: UNLIMITED,
    payload: UNLIMITED,
    pub: { allow: publish },
    sub: { allow: subscribe },
    ...(replyMsMax === undefined ? {} : { resp: { max: 1, ttl: replyMsMax * 1_000_000 } }),
  };
}

/** JWT version 2 of NATS (nats-io/jwt): RFC 7519 with the algorithm `ed25519-nkey`. */
function signJwt(issuer: Issuer, subject: string, name: string, nats: object): string {
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { iat, iss: issuer.publicText, name, sub: subject, nats };
  const jti = base32(createHash("sha256").update(JSON.stringify(claims)).digest());
  const header = base64url(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }));
  const signed = `${header}.${base64url(JSON.stringify({ jti, ...claims }))}`;
  return `${signed}.${base64url(issuer.sign(Buffer.from(signed)))}`;
}

function base64url(bytes: string | Uint8Array): string {
  return Buffer.from(bytes as Uint8Array).toString("base64url");
}

export interface NatsUserKey {
  /** Raw Ed25519 public key of 32 bytes: what `issueUser` and a join take. */
  readonly publicKey: Uint8Array;
  /** `SU…`, a secret: goes into the credentials file. */
  readonly seed: string;
}

/** Makes the NATS key of a member: never its signing key. */
export function createNatsUserKey(): NatsUserKey {
  const seed = newSeed();
  return { publicKey: openSigner(seed).publicKey, seed: natsSeedText("user", seed) };
}

/** Text of a NATS credentials file: the user's JWT and its secret seed. */
export function credsFile(jwt: string, seed: string): string {
  return [
    "-----BEGIN NATS USER JWT-----",
    jwt,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    seed,
    "------END USER NKEY SEED------",
    "",
  ].join("\n");
}

/** A key that signs JWTs. */
interface Issuer {
  readonly publicText: string;
  readonly seedText: string;
  sign(message: Uint8Array): Uint8Array;
}

function issuerOf(kind: NatsKeyKind, seed: Uint8Array): Issuer {
  const { publicKey, sign } = openSigner(seed);
  return {
    publicText: natsKeyText(kind, publicKey),
    seedText: natsSeedText(kind, seed),
    sign,
  };
}

function newSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}
