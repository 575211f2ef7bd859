// Clients of the admin API, for the CLI and for tests. Own the TLS of a caller and how a mesh is
// recognised; know no command.

import type { X509Certificate } from "node:crypto";
import tls from "node:tls";
import { OstrakaError } from "@ostraka/proto";
import {
  CommandService,
  EnrollmentService,
  HostService,
  JournalService,
  LedgerService,
  MeshService,
  PolicyService,
  ProposalService,
  VerdictService,
} from "@ostraka/proto/gen/admin";
import type { ServiceClient } from "./api/grpc-service.ts";
import { addressParts, Endpoints } from "./endpoints.ts";

export interface AdminAccess {
  /** `host:port` of the coordinators, in the order in which they are tried. */
  readonly addresses: readonly string[];
  /** PEM texts: the mesh CA, and the caller's own certificate and key. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Every service of the admin API. */
export interface AdminServices {
  readonly command: ServiceClient<typeof CommandService>;
  readonly mesh: ServiceClient<typeof MeshService>;
  readonly host: ServiceClient<typeof HostService>;
  readonly verdict: ServiceClient<typeof VerdictService>;
  readonly proposal: ServiceClient<typeof ProposalService>;
  readonly policy: ServiceClient<typeof PolicyService>;
  readonly journal: ServiceClient<typeof JournalService>;
  readonly ledger: ServiceClient<typeof LedgerService>;
}

export interface AdminClient extends AdminServices {
  /** Every coordinator alone, in the order of the addresses. */
  readonly each: readonly AdminServices[];
  /** The coordinator at this address and no other, however it answers. */
  only(address: string): AdminServices;
  close(): void;
}

export interface JoinClient {
  readonly enrollment: ServiceClient<typeof EnrollmentService>;
  /** PEM of the mesh CA that the fingerprint named. */
  readonly ca: string;
  close(): void;
}

const CONNECT_MS_MAX = 5_000;
const CHAIN_MAX = 8;

/**
 * Clients of every service of the admin API. Each call goes to the first coordinator that can be
 * reached and whose journal and disk are whole; a watch that breaks is taken up at another one.
 * Errors are OstrakaErrors with the server's code.
 */
export function connectAdmin(access: AdminAccess): AdminClient {
  const { ca, certificate: cert, key } = access;
  const context = tls.createSecureContext({ ca, cert, key, minVersion: "TLSv1.3" });
  const endpoints = Endpoints.open(access.addresses, context);
  return {
    ...servicesOf(endpoints),
    each: access.addresses.map((address) => servicesOf(endpoints.only(address))),
    only: (address) => servicesOf(endpoints.only(address)),
    close: () => endpoints.close(),
  };
}

function servicesOf(endpoints: Endpoints): AdminServices {
  return {
    command: endpoints.client(CommandService),
    mesh: endpoints.client(MeshService),
    host: endpoints.client(HostService),
    verdict: endpoints.client(VerdictService),
    proposal: endpoints.client(ProposalService),
    policy: endpoints.client(PolicyService),
    journal: endpoints.client(JournalService),
    ledger: endpoints.client(LedgerService),
  };
}

/**
 * A client of the door for joining hosts. The CA is the one in the presented chain whose SHA-256
 * is the fingerprint; the coordinator's certificate must come from it.
 * @param address `host:port`.
 * @param caFingerprint hex of SHA-256 over the CA's DER.
 * @throws OstrakaError OSTRAKA_UNREACHABLE, or OSTRAKA_NOT_VERIFIED when the CA is another.
 */
export async function joinClient(address: string, caFingerprint: string): Promise<JoinClient> {
  const ca = await findCa(address, caFingerprint);
  const context = tls.createSecureContext({ ca, minVersion: "TLSv1.3" });
  const endpoints = Endpoints.open([address], context);
  return {
    enrollment: endpoints.client(EnrollmentService),
    ca,
    close: () => endpoints.close(),
  };
}

/** PEM of the certificate in the presented chain that has the fingerprint. */
async function findCa(address: string, caFingerprint: string): Promise<string> {
  const chain = await presentedChain(address);
  const ca = chain.find(
    ({ fingerprint256 }) =>
      fingerprint256.replaceAll(":", "").toLowerCase() === caFingerprint.toLowerCase(),
  );
  if (ca?.ca === true) return ca.toString();
  throw new OstrakaError(
    "OSTRAKA_NOT_VERIFIED",
    `${address} does not show the CA that the token names: it is not a coordinator of that mesh`,
  );
}

function presentedChain(address: string): Promise<X509Certificate[]> {
  const { host, port } = addressParts(address);
  return new Promise((resolve, fail) => {
    // Nothing is believed of this connection but which CA it claims; that one is checked by its
    // hash.
    const socket = tls.connect({
      host,
      port,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
      timeout: CONNECT_MS_MAX,
    });
    const stop = (cause: Error) => {
      socket.destroy();
      const why = `no coordinator answers at ${address}: check the address and the network`;
      fail(new OstrakaError("OSTRAKA_UNREACHABLE", why, { cause }));
    };
    socket.once("error", stop);
    socket.once("timeout", () => stop(new Error("no answer in time")));
    socket.once("secureConnect", () => {
      const chain: X509Certificate[] = [];
      let next = socket.getPeerX509Certificate();
      while (next !== undefined && chain.length < CHAIN_MAX) {
        chain.push(next);
        next = next.issuerCertificate;
      }
      socket.end();
      socket.destroy();
      resolve(chain);
    });
  });
}
