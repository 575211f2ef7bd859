// The coordinators of a mesh as one: goes on to the next one when one is away, behind or broken,
// and takes a watch up where it broke. Owns deadlines and patience; knows no method but by its
// shape.

import { isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  Client,
  type ClientReadableStream,
  credentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { type ErrorCode, OstrakaError } from "@ostraka/proto";
import { errorOfStatus } from "./api/error-status.ts";
import {
  type AnyService,
  type CallOptions,
  methodDefinition,
  type ServiceClient,
  type WatchOptions,
} from "./api/grpc-service.ts";
import { resumeOf } from "./watch-resume.ts";

const CALL_MS_DEFAULT = 10_000;
/** One coordinator that says nothing gets at least this long of a read's time. */
const TRY_MS_MIN = 1_000;
/** A watch says something every few seconds; after this much silence its stream is broken. */
const SILENCE_MS_MAX = 12_000;
/** How long a watch goes round the coordinators before it gives up. */
const PATIENCE_MS_DEFAULT = 30_000;
const ROUND_MS = 250;
/** A coordinator that was started again is found again within a second; one that hangs is left. */
const CHANNEL_OPTIONS = {
  "grpc.enable_retries": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.keepalive_time_ms": 3_000,
  "grpc.keepalive_timeout_ms": 2_000,
};
/** Never asked of a second coordinator because the first is slow: its outcome is not known. */
const WRITES = ["Submit", "Join", "SubmitRepair"];
/** What one coordinator says of itself alone, so that another may do what it cannot. */
const OF_ONE_ALONE: readonly ErrorCode[] = [
  "OSTRAKA_UNREACHABLE",
  "OSTRAKA_BEHIND",
  "OSTRAKA_JOURNAL_DAMAGED",
  "OSTRAKA_STORE",
];
/** For reads besides, which can be asked again at no cost. */
const OF_ONE_READ: readonly ErrorCode[] = [
  ...OF_ONE_ALONE,
  "OSTRAKA_RESOURCE_EXHAUSTED",
  "OSTRAKA_DEADLINE",
  "OSTRAKA_INTERNAL",
];

interface Endpoint {
  readonly address: string;
  readonly client: Client;
}

export class Endpoints {
  readonly #endpoints: readonly Endpoint[];
  /** The one that answered last is tried first. */
  #first = 0;

  private constructor(endpoints: readonly Endpoint[]) {
    if (endpoints.length === 0) {
      throw new OstrakaError("OSTRAKA_USAGE", "no coordinator's address is given");
    }
    this.#endpoints = endpoints;
  }

  /** @throws OstrakaError OSTRAKA_USAGE when there is no address, or one is none. */
  static open(addresses: readonly string[], context: tls.SecureContext): Endpoints {
    return new Endpoints(
      addresses.map((address) => ({ address, client: newClient(address, context) })),
    );
  }

  /** The one at an address alone, over the same connection. */
  only(address: string): Endpoints {
    return new Endpoints(this.#endpoints.filter((known) => known.address === address));
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
    for (const { client } of this.#endpoints) client.close();
  }

  async #unary(method: DescMethod, request: unknown, options: CallOptions = {}): Promise<unknown> {
    const deadlineMs = Date.now() + (options.timeoutMs ?? CALL_MS_DEFAULT);
    const isRead = !WRITES.includes(method.name);
    const count = this.#endpoints.length;
    const first = this.#first;
    let said: OstrakaError | undefined;
    for (let tried = 0; ; tried++) {
      const at = (first + tried) % count;
      const { address, client } = this.#endpoints[at] as Endpoint;
      const shareMs = Math.max(TRY_MS_MIN, (deadlineMs - Date.now()) / (count - tried));
      const untilMs = isRead ? Math.min(deadlineMs, Date.now() + shareMs) : deadlineMs;
      try {
        const answer = await unary(client, method, request, untilMs);
        this.#first = at;
        return answer;
      } catch (error) {
        const failure = error as ServiceError;
        const known = errorOfStatus(failure, address);
        const isOfOne = isOfOneAlone(failure, known, isRead);
        // Also for the next call: whoever is silent is not asked first again.
        if (isOfOne || known.code === "OSTRAKA_DEADLINE") this.#first = (at + 1) % count;
        if (!isOfOne) throw known;
        // What a coordinator has said counts more than that another one says nothing.
        said = said === undefined || !isSilence(known) ? known : said;
        if (tried + 1 >= count || Date.now() >= deadlineMs) throw said;
      }
    }
  }

  async *#watch(
    method: DescMethod,
    request: unknown,
    options: WatchOptions = {},
  ): AsyncGenerator<unknown> {
    const resume = resumeOf(method, request);
    const patienceMs = options.patienceMs ?? PATIENCE_MS_DEFAULT;
    const count = this.#endpoints.length;
    let at = this.#first;
    let heardMs: number | undefined;
    for (let tried = 1; options.signal?.aborted !== true; tried++) {
      const endpoint = this.#endpoints[at] as Endpoint;
      try {
        for await (const message of stream(endpoint, method, resume.request(), options)) {
          tried = 0;
          if (resume.take(message)) yield message;
          // After the yield: what the caller does with it takes its own time.
          heardMs = performance.now();
        }
      } catch (error) {
        const known = errorOfStatus(error as ServiceError, endpoint.address);
        // Who never came in is not kept waiting longer than one round.
        const isOver =
          heardMs === undefined ? tried >= count : performance.now() - heardMs >= patienceMs;
        if (isOver || !isOfOneAlone(error as ServiceError, known, true)) throw known;
      }
      at = (at + 1) % count;
      // One that has just broken off may be back at once; a round of silence takes a breath.
      if (tried % count === 0) await delay(ROUND_MS);
    }
  }
}

/** One stream of one coordinator; ends without an error when nobody wants it any more. */
async function* stream(
  { client }: Endpoint,
  method: DescMethod,
  request: unknown,
  { signal }: WatchOptions,
): AsyncGenerator<unknown> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  const answers: ClientReadableStream<unknown> = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
  );
  const cancel = () => answers.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  let silence = setTimeout(cancel, SILENCE_MS_MAX);
  let isSilent = true;
  try {
    for await (const message of answers) {
      isSilent = false;
      // What the caller does with it takes its own time.
      clearTimeout(silence);
      yield message;
      silence = setTimeout(cancel, SILENCE_MS_MAX);
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    const failure = error as ServiceError;
    throw failure.code === status.CANCELLED ? silenceOf(failure, isSilent) : failure;
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Our own end of a stream that said nothing is as good as a connection that is gone. */
function silenceOf(failure: ServiceError, isFromTheStart: boolean): ServiceError {
  const details = isFromTheStart ? "it says nothing" : "it fell silent";
  return Object.assign(failure, { code: status.UNAVAILABLE, details });
}

function isOfOneAlone(failure: ServiceError, { code }: OstrakaError, isRead: boolean): boolean {
  if (failure.code === status.UNAVAILABLE) return true;
  return (isRead ? OF_ONE_READ : OF_ONE_ALONE).includes(code);
}

function isSilence({ code }: OstrakaError): boolean {
  return code === "OSTRAKA_UNREACHABLE" || code === "OSTRAKA_DEADLINE";
}

function newClient(address: string, context: tls.SecureContext): Client {
  const { host } = addressParts(address);
  // RFC 6066 section 3: no address stands in a server name. The certificate is held to the real
  // one.
  const checkServerIdentity = (_name: string, certificate: tls.PeerCertificate) =>
    tls.checkServerIdentity(host, certificate);
  const secure = credentials.createFromSecureContext(context, { checkServerIdentity });
  const options = isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "localhost" };
  return new Client(address, secure, { ...CHANNEL_OPTIONS, ...options });
}

/** @throws OstrakaError OSTRAKA_USAGE when it is no `host:port`. */
export function addressParts(address: string): { readonly host: string; readonly port: number } {
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
