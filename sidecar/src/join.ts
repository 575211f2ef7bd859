// Joining a mesh from a token: keys first, then one signed request, then everything the answer says
// is checked against the token before a file of the host exists. A run that was cut off goes on
// where it was. Must never send a secret, nor let an answer choose a path.

import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openCrypto, openSigner, readSecretFile } from "@ostraka/host";
import {
  type Bytes,
  type Crypto,
  decode,
  encodeNew,
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
import {
  findHostFolder,
  type HostFolder,
  type HostSettings,
  writeHostFolder,
} from "./host-folder.ts";
import { checkAnswer } from "./join-answer.ts";
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

/** The rest goes into the written config.yaml. */
export interface JoinOptions extends HostSettings {
  /** One of the two. */
  readonly token?: string;
  readonly tokenFile?: string;
  readonly dataDir: string;
  readonly enroll: Enroll;
  readonly onStep?: (step: JoinStep, text: string) => void;
  /** How long to ask on while the outcome is not known. */
  readonly waitMs?: number;
  readonly nowMs?: () => number;
}

export interface JoinedHost extends HostFolder {
  readonly mesh: string;
  /** True when an earlier run had begun it. */
  readonly isResumed: boolean;
}

/** A join request is good for this long, clocks apart. */
const JOIN_MS = 3_600_000;
const WAIT_MS = 60_000;
const RETRY_MS = 500;

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
  const dataDir = resolve(options.dataDir);
  const joinKey = joinSigner.publicKey;
  const known = findHostFolder(dataDir, joinKey);
  if (known !== undefined) return { ...known, mesh: token.mesh, isResumed: true };
  const keys = await openJoiningKeys(dataDir, joinKey);
  onStep("keys", keys.isResumed ? "going on with the keys of an earlier run" : "three keys made");
  const notAfterMs = (options.nowMs ?? Date.now)() + JOIN_MS;
  const request = requestOf(crypto, token, keys, joinSigner, notAfterMs);
  const response = await ask(options, token, request);
  const answer = checkAnswer(crypto, token, keys, response);
  onStep("joined", `${answer.name} is a member as of c:${answer.membershipIndex}`);
  const written = writeHostFolder({ dataDir, keys, answer, joinKey, settings: options });
  forgetJoiningKeys(keys);
  onStep("written", written.folder);
  return { ...written, mesh: token.mesh, isResumed: keys.isResumed };
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
