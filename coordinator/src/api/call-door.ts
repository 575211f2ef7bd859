// Puts handlers behind grpc-js: bounds how many calls run at once, turns what they throw into a
// status, and cuts off streams whose caller does not keep up. Knows no service.

import type {
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Log } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";
import { statusOfError } from "./error-status.ts";
import type { AnyService, CallContext, StreamContext } from "./grpc-service.ts";

export interface CallBounds {
  /** Calls that run at once, over all methods of the listener. */
  readonly callsMax: number;
  /** Open streams at once. */
  readonly streamsMax: number;
}

/** Answers that may wait for a slow caller. */
const STREAM_WAITING_MAX = 256;

type Unary = (request: unknown, context: CallContext) => Promise<unknown>;
type Streaming = (request: unknown, stream: StreamContext<unknown>) => void;

/** Counts the calls of one listener. */
export class CallDoor {
  readonly #bounds: CallBounds;
  readonly #log: Log;
  readonly #streams = new Set<() => void>();
  #calls = 0;

  constructor(bounds: CallBounds, log: Log) {
    this.#bounds = bounds;
    this.#log = log;
  }

  /** The implementation of a service as grpc-js takes it. */
  admit(service: AnyService, handlers: object): UntypedServiceImplementation {
    const admitted = service.methods.map((method) => {
      const handler = (handlers as Record<string, unknown>)[method.localName];
      const entry =
        method.methodKind === "unary"
          ? this.#unary(method.name, handler as Unary)
          : this.#streaming(method.name, handler as Streaming);
      return [method.localName, entry] as const;
    });
    return Object.fromEntries(admitted);
  }

  /** Ends every open stream as finished: this process stops. */
  endStreams(): void {
    for (const finish of [...this.#streams]) finish();
  }

  #unary(name: string, handler: Unary) {
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      if (this.#calls >= this.#bounds.callsMax) {
        callback(statusOfError(tooBusy("calls")));
        return;
      }
      this.#calls++;
      handler(call.request, { remainingMs: remainingMs(call.getDeadline()) })
        .then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(this.#refusal(name, error)),
        )
        .finally(() => {
          this.#calls--;
        });
    };
  }

  #streaming(name: string, handler: Streaming) {
    return (call: ServerWritableStream<unknown, unknown>) => {
      const refuse = (error: unknown) => call.emit("error", this.#refusal(name, error));
      if (this.#streams.size >= this.#bounds.streamsMax) {
        refuse(tooBusy("streams"));
        return;
      }
      let onEnd: (() => void) | undefined;
      let isOpen = true;
      const end = () => {
        if (!isOpen) return;
        isOpen = false;
        this.#streams.delete(finish);
        onEnd?.();
      };
      const finish = () => {
        end();
        call.end();
      };
      this.#streams.add(finish);
      call.on("cancelled", end);
      call.on("close", end);
      const send = (message: unknown) => {
        if (!isOpen) return;
        call.write(message);
        if (call.writableLength < STREAM_WAITING_MAX) return;
        end();
        refuse(new OstrakaError("OSTRAKA_RESOURCE_EXHAUSTED", "read faster, or ask again"));
      };
      try {
        handler(call.request, {
          send,
          onEnd: (act) => {
            onEnd = act;
          },
        });
      } catch (error) {
        end();
        refuse(error);
      }
    };
  }

  #refusal(method: string, error: unknown) {
    const isKnown = error instanceof OstrakaError && error.code !== "OSTRAKA_INTERNAL";
    if (isKnown) this.#log.debug({ method, err: error }, "a call was refused");
    else this.#log.error({ method, err: error }, "a call failed");
    return statusOfError(error);
  }
}

function tooBusy(what: string): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_RESOURCE_EXHAUSTED",
    `this coordinator has too many ${what} open: wait a moment and ask again`,
  );
}

function remainingMs(deadline: Date | number): number {
  return (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
}
