// Puts handlers behind grpc-js: asks who calls and whether they may, bounds how many calls run at
// once and for whom, turns what handlers throw into a status, and ends streams whose caller does
// not keep up. Knows no service.

import {
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Log } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";
import type { AuthContext, Caller } from "./caller.ts";
import { statusOfError } from "./error-status.ts";
import type { AnyService, CallContext } from "./grpc-service.ts";
import { Seats } from "./seats.ts";

export interface CallBounds {
  /** Calls that run at once over all methods of the listener, and those of one caller. */
  readonly callsMax: number;
  readonly callsPerCallerMax: number;
  /** Open streams at once, and those of one caller. */
  readonly streamsMax: number;
  readonly streamsPerCallerMax: number;
  /** A caller that has taken nothing off a stream for this long is cut off. */
  readonly slowMsMax: number;
}

/** Who calls `Service/Method`. @throws OstrakaError OSTRAKA_NOT_ALLOWED. */
export type Gatekeeper = (method: string, auth: AuthContext) => Caller;

/** Whether a stream's caller still may is asked again this often. */
const ASK_AGAIN_MS = 5_000;

type Unary = (request: unknown, context: CallContext) => Promise<unknown>;
type Streaming = (request: unknown, context: CallContext) => AsyncIterable<unknown>;

/** Counts the calls of one listener. */
export class CallDoor {
  readonly #who: Gatekeeper;
  readonly #log: Log;
  readonly #calls: Seats;
  readonly #streams: Seats;
  readonly #slowMsMax: number;
  readonly #open = new Set<AbortController>();

  constructor(bounds: CallBounds, who: Gatekeeper, log: Log) {
    this.#who = who;
    this.#log = log;
    this.#slowMsMax = bounds.slowMsMax;
    this.#calls = new Seats("calls", bounds.callsMax, bounds.callsPerCallerMax);
    this.#streams = new Seats("streams", bounds.streamsMax, bounds.streamsPerCallerMax);
  }

  /** The implementation of a service as grpc-js takes it. */
  admit(service: AnyService, handlers: object): UntypedServiceImplementation {
    const noun = service.typeName.slice(service.typeName.lastIndexOf(".") + 1);
    const admitted = service.methods.map((method) => {
      const handler = (handlers as Record<string, unknown>)[method.localName];
      const name = `${noun}/${method.name}`;
      const entry =
        method.methodKind === "unary"
          ? this.#unary(name, handler as Unary)
          : this.#streaming(name, handler as Streaming);
      return [method.localName, entry] as const;
    });
    return Object.fromEntries(admitted);
  }

  /** Ends every open stream as finished: this process stops. */
  endStreams(): void {
    for (const stop of [...this.#open]) stop.abort();
  }

  #unary(method: string, handler: Unary) {
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      const gone = new AbortController();
      call.on("cancelled", () => gone.abort());
      const answer = async () => {
        const caller = this.#who(method, call.getAuthContext());
        using _seat = this.#calls.take(caller);
        const remainingMs = remainingMsOf(call.getDeadline());
        return await handler(call.request, { remainingMs, caller, signal: gone.signal });
      };
      answer().then(
        (value) => callback(null, value),
        (error: unknown) => callback(this.#refusal(method, error)),
      );
    };
  }

  #streaming(method: string, handler: Streaming) {
    return (call: ServerWritableStream<unknown, unknown>) => {
      const gone = new AbortController();
      call.on("cancelled", () => gone.abort());
      call.on("close", () => gone.abort());
      this.#stream(method, handler, call, gone)
        .then(
          () => call.end(),
          (error: unknown) => call.emit("error", this.#refusal(method, error)),
        )
        .finally(() => this.#open.delete(gone));
    };
  }

  async #stream(
    method: string,
    handler: Streaming,
    call: ServerWritableStream<unknown, unknown>,
    gone: AbortController,
  ): Promise<void> {
    const { signal } = gone;
    const caller = this.#who(method, call.getAuthContext());
    using _seat = this.#streams.take(caller);
    this.#open.add(gone);
    // Headers at once: who is let in knows it before there is anything to tell.
    call.sendMetadata(new Metadata());
    const remainingMs = remainingMsOf(call.getDeadline());
    let askedMs = performance.now();
    for await (const message of handler(call.request, { remainingMs, caller, signal })) {
      if (signal.aborted) return;
      if (performance.now() - askedMs >= ASK_AGAIN_MS) {
        this.#who(method, call.getAuthContext());
        askedMs = performance.now();
      }
      if (!call.write(message)) await drained(call, signal, this.#slowMsMax);
    }
  }

  #refusal(method: string, error: unknown) {
    const isKnown = error instanceof OstrakaError && error.code !== "OSTRAKA_INTERNAL";
    if (isKnown) this.#log.debug({ method, err: error }, "a call was refused");
    else this.#log.error({ method, err: error }, "a call failed");
    return statusOfError(error);
  }
}

/** @throws OstrakaError OSTRAKA_RESOURCE_EXHAUSTED when the caller takes nothing for too long. */
function drained(
  call: ServerWritableStream<unknown, unknown>,
  signal: AbortSignal,
  slowMsMax: number,
): Promise<void> {
  return new Promise((resolve, fail) => {
    const settle = (act: () => void) => () => {
      clearTimeout(timer);
      call.off("drain", onDrain);
      signal.removeEventListener("abort", onDrain);
      act();
    };
    const onDrain = settle(resolve);
    const onSlow = settle(() => {
      const why = "this stream was ended, its caller takes nothing: read faster, then resume";
      fail(new OstrakaError("OSTRAKA_RESOURCE_EXHAUSTED", why));
    });
    const timer = setTimeout(onSlow, slowMsMax);
    call.once("drain", onDrain);
    signal.addEventListener("abort", onDrain, { once: true });
    if (signal.aborted) onDrain();
  });
}

function remainingMsOf(deadline: Date | number): number {
  return (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
}
