// What a coordinator answers to a join, checked against the token before anything of it is
// believed: whose mesh, whose authority, whose certificate, whose NATS user. An answer that fits
// becomes plain values. Must never let a text through that could choose a path or end a section of
// a file.

import { X509Certificate } from "node:crypto";
import { isName, openGenesis } from "@ostraka/agents/edge";
import { natsKeyBytes } from "@ostraka/host";
import { certFingerprint, certPublicKey } from "@ostraka/host/mesh-ca";
import {
  type Bytes,
  type Crypto,
  type Envelope,
  equalBytes,
  isReject,
  OstrakaError,
} from "@ostraka/proto";
import type { JoinResponse } from "@ostraka/proto/gen/admin";
import { isNatsUrl } from "./config.ts";
import type { JoiningKeys } from "./join-keys.ts";
import type { JoinToken } from "./join-token.ts";

const URLS_MAX = 16;
/** Three parts of base64url, RFC 7519 section 3: nothing in it can end a section of a file. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const TEXT_MAX = 65_536;

export interface JoinAnswer {
  readonly mesh: string;
  readonly name: string;
  readonly membershipIndex: number;
  readonly certificate: string;
  readonly caCertificate: string;
  readonly natsJwt: string;
  readonly natsUrls: readonly string[];
  /** PEM of who issued the NATS servers' certificates; "" for the system's own authorities. */
  readonly natsCa: string;
  readonly genesis: Envelope;
  readonly meshName: string;
}

/**
 * Checks an answer down a ladder.
 * @throws OstrakaError OSTRAKA_NOT_VERIFIED saying what does not fit.
 */
export function checkAnswer(
  crypto: Crypto,
  token: JoinToken,
  keys: JoiningKeys,
  response: JoinResponse,
): JoinAnswer {
  const { certificate, caCertificate, natsJwt, natsUrls, natsCa } = response;
  const { hostName: name, genesis } = response;
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
  if (!isCa(natsCa)) throw unfit("its authority of the NATS servers cannot be read");
  const membershipIndex = Number(response.membershipIndex);
  if (!(membershipIndex > 0)) throw unfit("it names no membership");
  const { mesh, roster } = opened;
  const parts = { certificate, caCertificate, natsJwt, natsUrls, natsCa, genesis };
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

function isCa(pem: string): boolean {
  if (pem === "") return true;
  try {
    return pem.length <= TEXT_MAX && new X509Certificate(pem).ca;
  } catch {
    return false; // whatever it is, it issues nothing
  }
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
    `the answer to the join is not the token's mesh speaking: ${why}. Nothing was written; ask ` +
      "the operator who gave the token",
    { cause },
  );
}
