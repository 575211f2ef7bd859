// Clients of the admin API, for the CLI and for tests. Own the TLS of a caller, deadlines, and
// going on to the next coordinator; know no command.

import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import tls from "node:tls";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  Client,
  type ClientReadableStream,
  credentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
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
import { errorOfStatus } from "./api/error-status.ts";
import {
  type AnyService,
  type CallOptions,
  methodDefinition,
  type ServiceClient,
  type WatchOptions,
} from "./api/grpc-service.ts";

export interface AdminAccess {
  /** `host:port` of the coordinators, in the order in which they are tried. */
  readonly addresses: readonly string[];
  /** PEM texts: the mesh CA, and the caller's own certificate and key. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface AdminClient {
  readonly command: ServiceClient<typeof CommandService>;
  readonly mesh: ServiceClient<typeof MeshService>;
  readonly host: ServiceClient<typeof HostService>;
  readonly verdict: ServiceClient<typeof VerdictService>;
  readonly proposal: ServiceClient<typeof ProposalService>;
  readonly policy: ServiceClient<typeof PolicyService>;
  readonly journal: ServiceClient<typeof JournalService>;
  readonly ledger: ServiceClient<typeof LedgerService>;
  close(): void;
}

export interface JoinClient {
  readonly enrollment: ServiceClient<typeof EnrollmentService>;
  /** PEM of the mesh CA that the fingerprint named. */
  readonly ca: string;
  close(): void;
}

const CALL_MS_DEFAULT = 10_000;
const CONNECT_MS_MAX = 5_000;
const CHAIN_MAX = 8;
/** A coordinator that was started again is found again within a second. */
const CHANNEL_OPTIONS = {
  "grpc.enable_retries": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
};

/**
 * Clients of every service of the admin API. Each unary call goes to the first coordinator that
 * can be reached and whose journal and disk are whole; its errors are OstrakaErrors with the
 * server's code.
 */
export function connectAdmin(access: AdminAccess): AdminClient {
  const { ca, certificate: cert, key } = access;
  const context = tls.createSecureContext({ ca, cert, key, minVersion: "TLSv1.3" });
  const channels = new Channels(access.addresses, context);
  return {
    command: channels.client(CommandService),
    mesh: channels.client(MeshService),
    host: channels.client(HostService),
    verdict: channels.client(VerdictService),
    proposal: channels.client(ProposalService),
    policy: channels.client(PolicyService),
    journal: channels.client(JournalService),
    ledger: channels.client(LedgerService),
    close: () => channels.close(),
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
  const channels = new Channels([address], context);
  return {
    enrollment: channels.client(EnrollmentService),
    ca,
    close: () => channels.close(),
  };
}

interface Endpoint {
  readonly address: string;
  readonly client: Client;
}

class Channels {
  readonly #clients: readonly Endpoint[];
  /** The one that answered last is tried first. */
  #first = 0;

  constructor(addresses: readonly string[], context: tls.SecureContext) {
    if (addresses.length === 0) {
      throw new OstrakaError("OSTRAKA_USAGE", "no coordinator's address is given");
    }
    this.#clients = addresses.map((address) => ({ address, client: newClient(address, context) }));
  }

  client<S extends AnyService>(service: S): ServiceClient<S> {
    const methods = service.methods.map((method) => {
      const call =
        method.methodKind === "unary"
          ? (request: unknown, options?: CallOptions) => this.#unary(method, request, options)
          : (request: unknown, options?: WatchOptions) => this.#watch(method, request, options);
      return [method.localName, call] as const;
    });
    return Object.fromEntries(methods) as ServiceClient<S>;
  }

  close(): void {
    for (const { client } of this.#clients) client.close();
  }

  async #unary(method: DescMethod, request: unknown, options: CallOptions = {}): Promise<unknown> {
    const deadlineMs = Date.now() + (options.timeoutMs ?? CALL_MS_DEFAULT);
    for (let tried = 1; ; tried++) {
      const at = this.#first;
      const { address, client } = this.#clients[at] as Endpoint;
      try {
        return await unary(client, method, request, deadlineMs);
      } catch (error) {
        const failure = error as ServiceError;
        const known = errorOfStatus(failure, address);
        const isOver = tried >= this.#clients.length || Date.now() >= deadlineMs;
        if (isOver || !isOfOneAlone(failure, known)) throw known;
        this.#first = (at + 1) % this.#clients.length;
      }
    }
  }

  async *#watch(
    method: DescMethod,
    request: unknown,
    options: WatchOptions = {},
  ): AsyncGenerator<unknown> {
    const { address, client } = this.#clients[this.#first] as Endpoint;
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    const stream: ClientReadableStream<unknown> = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    );
    const cancel = () => stream.cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
    if (options.signal?.aborted === true) cancel();
    try {
      for await (const message of stream) yield message;
    } catch (error) {
      const failure = error as ServiceError;
      if (options.signal?.aborted !== true) throw errorOfStatus(failure, address);
    } finally {
      options.signal?.removeEventListener("abort", cancel);
      cancel();
    }
  }
}

/** Whether it says something of that coordinator only, so that another may do what it cannot. */
function isOfOneAlone(failure: ServiceError, { code }: OstrakaError): boolean {
  if (failure.code === status.UNAVAILABLE) return true;
  return code === "OSTRAKA_JOURNAL_DAMAGED" || code === "OSTRAKA_STORE";
}

function newClient(address: string, context: tls.SecureContext): Client {
  const { host } = partsOf(address);
  // RFC 6066 section 3: no address stands in a server name. The certificate is held to the real
  // one.
  const checkServerIdentity = (_name: string, certificate: tls.PeerCertificate) =>
    tls.checkServerIdentity(host, certificate);
  const secure = credentials.createFromSecureContext(context, { checkServerIdentity });
  const options = isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "localhost" };
  return new Client(address, secure, { ...CHANNEL_OPTIONS, ...options });
}

/** @throws OstrakaError OSTRAKA_USAGE when it is no `host:port`. */
function partsOf(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined) return { host, port: Number(port) };
  throw new OstrakaError("OSTRAKA_USAGE", `"${address.slice(0, 100)}" is no host:port`);
}

function unary(
  client: Client,
  method: DescMethod,
  request: unknown,
  deadlineMs: number,
): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return new Promise((resolve, fail) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      { deadline: deadlineMs },
      (error, answer) => (error === null ? resolve(answer) : fail(error)),
    );
  });
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
  const { host, port } = partsOf(address);
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
