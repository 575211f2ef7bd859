// The way between protobuf-es descriptors and grpc-js: definitions of services, and the types of
// their handlers and clients. Owns no behaviour of any method.

import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { Caller } from "./caller.ts";

/** What a handler may know of its call. */
export interface CallContext {
  /** Milliseconds until the caller gives up; infinite without a deadline. */
  readonly remainingMs: number;
  readonly caller: Caller;
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
}

type Handler<M> = M extends {
  methodKind: "unary";
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? (request: MessageShape<I>, context: CallContext) => Promise<MessageInitShape<O>>
  : M extends {
        methodKind: "server_streaming";
        input: infer I extends DescMessage;
        output: infer O extends DescMessage;
      }
    ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
    : never;

/** The handlers of a service, by method. */
export type Handlers<S> =
  S extends GenService<infer T> ? { readonly [K in keyof T]: Handler<T[K]> } : never;

export interface CallOptions {
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

export interface WatchOptions {
  readonly signal?: AbortSignal;
  /** How long no coordinator may answer before a watch gives up. Default 30 s. */
  readonly patienceMs?: number;
}

type ClientMethod<M> = M extends {
  methodKind: "unary";
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
  : M extends {
        methodKind: "server_streaming";
        input: infer I extends DescMessage;
        output: infer O extends DescMessage;
      }
    ? (request: MessageInitShape<I>, options?: WatchOptions) => AsyncIterable<MessageShape<O>>
    : never;

/** The client of a service, by method. */
export type ServiceClient<S> =
  S extends GenService<infer T> ? { readonly [K in keyof T]: ClientMethod<T[K]> } : never;

/** Any generated service. */
export type AnyService = GenService<GenServiceMethods>;

/** One method as grpc-js takes it: bytes out of messages and back. */
export function methodDefinition(method: DescMethod): MethodDefinition<unknown, unknown> {
  const { input, output, methodKind } = method;
  const serialize = (schema: DescMessage) => (message: unknown) =>
    Buffer.from(toBinary(schema, create(schema, message as MessageInitShape<DescMessage>)));
  const deserialize = (schema: DescMessage) => (bytes: Buffer) =>
    fromBinary(schema, new Uint8Array(bytes));
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: serialize(input),
    requestDeserialize: deserialize(input),
    responseSerialize: serialize(output),
    responseDeserialize: deserialize(output),
  };
}

export function serviceDefinition(service: AnyService): ServiceDefinition {
  const methods = service.methods.map((m) => [m.localName, methodDefinition(m)] as const);
  return Object.fromEntries(methods);
}
