// Joining a mesh from a token: keys first, then one signed request, then everything the answer says
// is checked against the token before a file of the host exists. A run that was cut off goes on
// where it was. Must never send a secret, nor let an answer choose a path.

import { randomBytes, X509Certificate } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isName, openGenesis } from "@ostraka/agents/node";
import {
  certFingerprint,
  certPublicKey,
  credsFile,
  loadKeyFile,
  natsKeyBytes,
  openCrypto,
  openSigner,
  readSecretFile,
  writeSecretFile,
} from "@ostraka/host";
import {
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  encodeNew,
  equalBytes,
  isReject,
  JoinSchema,
  LIMITS,
  OstrakaError,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import {
  type JoinRequest,
  JoinRequestSchema,
  type JoinResponse,
  Outcome,
} from "@ostraka/proto/gen/admin";
import { stringify } from "yaml";
import { isNatsUrl, parseSidecarConfig } from "./config.ts";
import { genesisFileText } from "./genesis-file.ts";
import { forgetJoiningKeys, type JoiningKeys, openJoiningKeys } from "./join-keys.ts";
import { type JoinToken, parseJoinToken } from "./join-token.ts";

/**
 * Calls EnrollmentService.Join at an address, trusting only a chain that ends in the certificate of
 * this fingerprint. Throws OSTRAKA_UNREACHABLE when nobody answers.
 */
export type Enroll = (
  address: string,
  caFingerprint: Bytes,
  request: JoinRequest,
) => Promise<JoinResponse>;

export type JoinStep = "keys" | "asking" | "joined" | "written";

export interface JoinOptions {
  /** One of the two. */
  readonly token?: string;
  readonly tokenFile?: string;
  readonly dataDir: string;
  readonly enroll: Enroll;
  readonly onStep?: (step: JoinStep, text: string) => void;
  /** Parts of the written config.yaml: what this host watches and where its gate listens. */
  readonly sources?: readonly object[];
  readonly gate?: object;
  readonly explain?: string;
  /** How long to ask on while the outcome is not known. */
  readonly waitMs?: number;
  readonly nowMs?: () => number;
}

export interface JoinedHost {
  readonly name: string;
  readonly mesh: string;
  /** Folder of the host: `<dataDir>/hosts/<name>`. */
  readonly folder: string;
  readonly configPath: string;
  /** Control index of the membership. */
  readonly membershipIndex: number;
  readonly isResumed: boolean;
}

/** A join request is good for this long, clocks apart. */
const JOIN_MS = 3_600_000;
const WAIT_MS = 60_000;
const RETRY_MS = 500;
const URLS_MAX = 16;
/** Three parts of base64url, RFC 7519 section 3: nothing in it can end a section of a file. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const TEXT_MAX = 65_536;
const DEFAULT_SOURCES = [{ type: "auth-log", path: "/var/log/auth.log" }];

/**
 * Joins the mesh of a token and writes the host's folder.
 * @throws OstrakaError OSTRAKA_REFUSED with the mesh's reason, OSTRAKA_UNREACHABLE,
 * OSTRAKA_DEADLINE (run it again), OSTRAKA_NOT_VERIFIED when an answer does not fit the token.
 */
export async function joinMesh(options: JoinOptions): Promise<JoinedHost> {
  const { onStep = () => undefined } = options;
  const token = parseJoinToken(options.token ?? readSecretFile(tokenFileOf(options)));
  const crypto = openCrypto();
  const joinSigner = openSigner(token.secret);
  token.secret.fill(0);
  const keys = await openJoiningKeys(resolve(options.dataDir), joinSigner.publicKey);
  onStep("keys", keys.isResumed ? "going on with the keys of an earlier run" : "three keys made");
  const notAfterMs = (options.nowMs ?? Date.now)() + JOIN_MS;
  const request = requestOf(crypto, token, keys, joinSigner, notAfterMs);
  const response = await ask(options, token, request);
  const answer = checkAnswer(crypto, token, keys, response);
  onStep("joined", `${answer.name} is a member as of c:${answer.membershipIndex}`);
  const folder = writeHost(options, keys, answer);
  forgetJoiningKeys(keys);
  onStep("written", folder);
  const { name, membershipIndex } = answer;
  const configPath = join(folder, "config.yaml");
  const { isResumed } = keys;
  return { name, mesh: token.mesh, folder, configPath, membershipIndex, isResumed };
}

function tokenFileOf({ tokenFile }: JoinOptions): string {
  if (tokenFile !== undefined) return tokenFile;
  throw new OstrakaError("OSTRAKA_USAGE", "join needs a token or the path of a token file");
}

function requestOf(
  crypto: Crypto,
  token: JoinToken,
  keys: JoiningKeys,
  joinSigner: Signer,
  notAfterMs: number,
): JoinRequest {
  const body = encodeNew(JoinSchema, {
    format: 1,
    joinKey: joinSigner.publicKey,
    hostKey: keys.signer.publicKey,
    tlsKey: crypto.sha256(keys.tlsPublicKey),
    natsKey: keys.natsPublicKey,
    notAfterMs: BigInt(notAfterMs),
  });
  const bytes = encodeNew(JoinRequestSchema, {
    join: signEnvelope(token.mesh, "join", body, joinSigner, keys.signer),
    certificateRequest: derOf(keys.requestPem),
  });
  return decode(JoinRequestSchema, bytes, LIMITS.messageBytesMax) as JoinRequest;
}

function derOf(pem: string): Bytes {
  const base64 = pem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** Asks each address in turn until one knows the outcome. */
async function ask(
  options: JoinOptions,
  token: JoinToken,
  request: JoinRequest,
): Promise<JoinResponse> {
  const { enroll, onStep = () => undefined, waitMs = WAIT_MS } = options;
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    let lastError: unknown;
    for (const address of token.addresses) {
      onStep("asking", address);
      try {
        const response = await enroll(address, token.caFingerprint, request);
        if (response.outcome === Outcome.OK) return response;
        if (response.outcome === Outcome.REFUSED) throw refusedBecause(response.code);
        lastError = undefined;
      } catch (error) {
        if (!(error instanceof OstrakaError) || error.code !== "OSTRAKA_UNREACHABLE") throw error;
        lastError = error;
      }
    }
    if (performance.now() + RETRY_MS >= deadlineMs) throw unanswered(token, lastError);
    await delay(RETRY_MS);
  }
}

function refusedBecause(code: string): OstrakaError {
  const advice: Readonly<Record<string, string>> = {
    "unknown-grant": "the grant has not been sent yet: host grant --send FILE",
    "grant-used-up": "another host has used this token: ask for a new grant",
    expired: "the grant or the request is too old: check this host's clock, or ask for a new grant",
    "name-taken": "a host of that name is a member: ask for a grant of another name",
  };
  // The reason comes from the network: a code is letters and dashes, or it is not shown.
  const shown = /^[a-z-]{1,64}$/.test(code) ? code : "no reason given";
  const next = advice[shown] ?? "ask an operator";
  return new OstrakaError("OSTRAKA_REFUSED", `the mesh refuses this host (${shown}): ${next}`);
}

function unanswered(token: JoinToken, cause: unknown): OstrakaError {
  const where = token.addresses.join(", ");
  if (cause === undefined) {
    return new OstrakaError(
      "OSTRAKA_DEADLINE",
      `the mesh has not said yet whether this host is in: run the same join again (${where})`,
    );
  }
  return new OstrakaError(
    "OSTRAKA_UNREACHABLE",
    `no coordinator answers at ${where}: start one or check the network, then join again`,
    { cause },
  );
}

interface Answer {
  readonly mesh: string;
  readonly name: string;
  readonly membershipIndex: number;
  readonly certificate: string;
  readonly caCertificate: string;
  readonly natsJwt: string;
  readonly natsUrls: readonly string[];
  readonly genesis: Envelope;
  readonly meshName: string;
}

/** Down a ladder: whose mesh, whose CA, whose certificate, whose NATS user; names last. */
function checkAnswer(
  crypto: Crypto,
  token: JoinToken,
  keys: JoiningKeys,
  response: JoinResponse,
): Answer {
  const { certificate, caCertificate, natsJwt, natsUrls, hostName: name, genesis } = response;
  if (genesis === undefined) throw unfit("it holds no genesis");
  const opened = openGenesis(crypto, genesis);
  if (isReject(opened)) throw unfit(`its genesis does not hold (${opened.reject})`);
  if (opened.mesh !== token.mesh) throw unfit("its genesis is of another mesh");
  if (!equalBytes(opened.genesis.caFingerprint, token.caFingerprint)) {
    throw unfit("the genesis names another certificate authority than the token");
  }
  if (!isName(name)) throw unfit("the host's name in it is none");
  checkCertificate(token, keys, { certificate, caCertificate, name });
  if (!isJwtOf(natsJwt, keys.natsPublicKey))
    throw unfit("its NATS credentials are for another key");
  const isUrls = natsUrls.length > 0 && natsUrls.length <= URLS_MAX && natsUrls.every(isNatsUrl);
  if (!isUrls) throw unfit("its NATS addresses are none");
  const membershipIndex = Number(response.membershipIndex);
  if (!(membershipIndex > 0)) throw unfit("it names no membership");
  const { mesh, roster } = opened;
  const parts = { certificate, caCertificate, natsJwt, natsUrls, genesis };
  return { mesh, meshName: roster.meshName, name, membershipIndex, ...parts };
}

function checkCertificate(
  token: JoinToken,
  keys: JoiningKeys,
  answer: { certificate: string; caCertificate: string; name: string },
): void {
  const { certificate, caCertificate, name } = answer;
  if (certificate.length > TEXT_MAX || caCertificate.length > TEXT_MAX) {
    throw unfit("its certificates are too large");
  }
  let own: X509Certificate;
  let ca: X509Certificate;
  try {
    own = new X509Certificate(certificate);
    ca = new X509Certificate(caCertificate);
  } catch (error) {
    throw unfit("its certificates cannot be read", error);
  }
  if (!equalBytes(certFingerprint(ca.toString()), token.caFingerprint)) {
    throw unfit("its certificate authority is not the token's");
  }
  if (!own.checkIssued(ca) || !own.verify(ca.publicKey) || own.ca) {
    throw unfit("the mesh's authority has not issued the host's certificate");
  }
  if (!equalBytes(certPublicKey(own.toString()), keys.tlsPublicKey)) {
    throw unfit("the host's certificate is for another key");
  }
  if (own.subject !== `CN=${name}`) throw unfit("the host's certificate is for another name");
}

/** The claims only name the key; NATS itself checks who signed them. */
function isJwtOf(jwt: string, natsKey: Bytes): boolean {
  if (jwt.length > TEXT_MAX || !JWT.test(jwt)) return false;
  try {
    const claims = Buffer.from(jwt.split(".")[1] as string, "base64url").toString("utf8");
    const { sub } = JSON.parse(claims) as { sub?: unknown };
    const key = typeof sub === "string" ? natsKeyBytes("user", sub) : undefined;
    return key !== undefined && equalBytes(key, natsKey);
  } catch {
    return false; // claims that are not JSON are nobody's
  }
}

function unfit(why: string, cause?: unknown): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_NOT_VERIFIED",
    `the answer to the join is not the token's mesh speaking: ${why}. Nothing was written; ask the ` +
      "operator who gave the token",
    { cause },
  );
}

/** Writes the whole folder beside its place, fsynced, THEN renames it. */
function writeHost(options: JoinOptions, keys: JoiningKeys, answer: Answer): string {
  const { name } = answer;
  const hosts = join(resolve(options.dataDir), "hosts");
  const folder = join(hosts, name);
  mkdirSync(hosts, { recursive: true, mode: 0o700 });
  if (existsSync(folder)) {
    // An earlier run got this far and was cut off before it could forget its keys.
    if (isFolderOf(folder, keys)) return folder;
    throw new OstrakaError(
      "OSTRAKA_DATA_MISMATCH",
      `${folder} belongs to another host of that name: move it away, then join again`,
    );
  }
  const making = join(hosts, `.${name}.${randomBytes(4).toString("hex")}`);
  mkdirSync(making, { mode: 0o700 });
  try {
    for (const [file, text] of filesOf(options, keys, answer)) {
      writeSecretFile(join(making, file), text);
    }
    syncFolder(making);
    renameSync(making, folder);
    syncFolder(hosts);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

function isFolderOf(folder: string, keys: JoiningKeys): boolean {
  const path = join(folder, "signing.pem");
  return existsSync(path) && equalBytes(loadKeyFile(path).publicKey, keys.signer.publicKey);
}

function filesOf(
  options: JoinOptions,
  keys: JoiningKeys,
  answer: Answer,
): readonly (readonly [string, string])[] {
  const { mesh, genesis, meshName, certificate, caCertificate, natsJwt } = answer;
  return [
    ["signing.pem", keys.signingPem],
    ["tls.pem", `${certificate.trimEnd()}\n${keys.tlsKeyPem.trimEnd()}\n`],
    ["ca.pem", `${caCertificate.trimEnd()}\n`],
    ["nats.creds", credsFile(natsJwt, keys.natsSeed)],
    ["genesis.json", genesisFileText(mesh, meshName, genesis)],
    ["config.yaml", configText(options, answer)],
  ];
}

function configText(options: JoinOptions, { name, natsUrls }: Answer): string {
  const { sources = DEFAULT_SOURCES, gate = {}, explain } = options;
  const text = stringify({
    name,
    genesis: "genesis.json",
    signingKey: "signing.pem",
    store: "state.sqlite",
    nats: { urls: natsUrls, creds: "nats.creds" },
    sources,
    gate,
    ...(explain !== undefined && { explain }),
  });
  // What is written must be what can be read.
  parseSidecarConfig(text, "config.yaml");
  return text;
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
