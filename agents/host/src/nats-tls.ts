// TLS towards NATS: which authority a server's certificate must come from and which names it may
// bear. Owns no key of ours: who a client is, its NATS credentials say.

import { readFileSync } from "node:fs";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { OstrakaError } from "@ostraka/proto";
import { ErrorCode, NatsError, type TlsOptions } from "nats";

/**
 * The library's options for these servers; none for plain ones, where no authority is named.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID when the authority's file cannot be read.
 */
export function natsTls(urls: readonly string[], caFile: string | undefined): { tls?: TlsOptions } {
  const isWished = caFile !== undefined || urls.some((url) => schemeOf(url) === "tls:");
  if (!isWished) return {};
  const hosts = urls.map(hostOf);
  // The library hands everything on to Node's TLS. It names no host where an address stands, and
  // Node would then hold the certificate to "localhost".
  const tls: TlsOptions & { checkServerIdentity: unknown } = {
    ...(caFile !== undefined && { ca: readCa(caFile) }),
    checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
      identityFault(hosts, certificate),
  };
  return { tls };
}

/** Any of the servers may be the one that answers: they hold the same journals. */
function identityFault(hosts: readonly string[], certificate: PeerCertificate): Error | undefined {
  const faults = hosts.map((host) => checkServerIdentity(host, certificate));
  return faults.includes(undefined) ? undefined : faults[0];
}

/** What is wrong with a server's TLS, in the library's words; `undefined` for other trouble. */
export function tlsTrouble(error: unknown): string | undefined {
  if (error instanceof NatsError && error.code === ErrorCode.ServerOptionNotAvailable) {
    return "it speaks no TLS";
  }
  const seen: unknown[] = [error, (error as NatsError | null)?.chainedError];
  const failure = seen.find((one) => CERTIFICATE_FAULT.test(codeOf(one)));
  return failure === undefined ? undefined : codeOf(failure);
}

/** Codes of OpenSSL's verification and of Node's check of the name. */
const CERTIFICATE_FAULT = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_SSL|ALTNAME/;

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OstrakaError(
      "OSTRAKA_CONFIG_INVALID",
      `"nats.ca": ${path} cannot be read: name the PEM file of the authority of the NATS servers`,
      { cause: error },
    );
  }
}

function schemeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}

/** Without brackets, as certificates have addresses. */
function hostOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : url;
  return host.replace(/^\[|\]$/g, "");
}
