// The door before every handler: slow callers, callers that leave, a door that closes. Real gRPC
// without TLS, handlers made up here.

import {
  Client,
  type ClientReadableStream,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { openLog } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";
import { LedgerService } from "@ostraka/proto/gen/admin";
import { afterEach, expect, test } from "vitest";
import { CallDoor, type Gatekeeper } from "./call-door.ts";
import type { CallContext } from "./grpc-service.ts";
import { serviceDefinition } from "./grpc-service.ts";

const BOUNDS = {
  callsMax: 2,
  callsPerCallerMax: 1,
  streamsMax: 4,
  streamsPerCallerMax: 2,
  slowMsMax: 10_000,
};
const RECORD = { item: { case: "record", value: { entry: new Uint8Array(100_000) } } };
const same = (bytes: Buffer) => bytes;
const ada: Gatekeeper = () => ({ name: "ada", role: "person" });

let server: Server | undefined;
let client: Client | undefined;
let door: CallDoor;
afterEach(() => {
  client?.close();
  server?.forceShutdown();
});

type Watching = (request: unknown, context: CallContext) => AsyncIterable<object>;

async function open(
  watchEntries: Watching,
  who: Gatekeeper = ada,
  slowMsMax = BOUNDS.slowMsMax,
): Promise<void> {
  door = new CallDoor({ ...BOUNDS, slowMsMax }, who, openLog({ name: "test", level: "fatal" }));
  server = new Server();
  const handlers = { watchEntries, getSealedHead: () => new Promise(() => undefined) };
  server.addService(serviceDefinition(LedgerService), door.admit(LedgerService, handlers));
  const port = await new Promise<number>((resolve, fail) => {
    server?.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : fail(error),
    );
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
}

function watch(): ClientReadableStream<Buffer> {
  const path = "/ostraka.v1.LedgerService/WatchEntries";
  const stream = (client as Client).makeServerStreamRequest(path, same, same, Buffer.alloc(0));
  // How it ends is looked at by whoever asks; the end of a test is no news.
  stream.on("error", () => undefined);
  return stream;
}

/** How a stream ends: its code, ours where one came. */
function endOf(stream: ClientReadableStream<Buffer>): Promise<string> {
  return new Promise((resolve) => {
    stream.on("error", (error: ServiceError) => {
      resolve(String(error.metadata?.get("ostraka-code")[0] ?? status[error.code]));
    });
    stream.on("end", () => resolve("OK"));
  });
}

test("a caller that takes nothing is ended with a code, and little was made for it", async () => {
  let made = 0;
  const closed = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (;;) {
        made++;
        yield RECORD;
      }
    } finally {
      closed.resolve();
    }
  }
  await open(endless, ada, 300);
  const stream = watch();
  // Nothing more is taken until the handler has been closed.
  stream.once("data", () => stream.pause());
  await closed.promise;
  expect(made).toBeLessThan(200);
  const ended = endOf(stream);
  stream.resume();
  expect(await ended).toBe("OSTRAKA_RESOURCE_EXHAUSTED");
});

test("a caller that keeps up gets everything", async () => {
  await open(async function* () {
    for (let i = 0; i < 300; i++) yield RECORD;
  });
  const stream = watch();
  let seen = 0;
  stream.on("data", () => seen++);
  expect([await endOf(stream), seen]).toEqual(["OK", 300]);
});

test("a handler hears that its caller has left, and its seat is free again", async () => {
  const left = Promise.withResolvers<void>();
  await open(async function* (_request, { signal }) {
    yield RECORD;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    left.resolve();
  });
  const [first, second] = [watch(), watch()];
  await Promise.all([first, second].map((stream) => new Promise((ok) => stream.once("data", ok))));
  expect(await endOf(watch())).toBe("OSTRAKA_RESOURCE_EXHAUSTED");
  first.cancel();
  await left.promise;
  const third = watch();
  await new Promise((ok) => third.once("data", ok));
});

test("a door that closes ends its streams as finished", async () => {
  await open(async function* (_request, { signal }) {
    yield RECORD;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  const stream = watch();
  await new Promise((ok) => stream.once("data", ok));
  door.endStreams();
  expect(await endOf(stream)).toBe("OK");
});

test("one caller's calls are bounded, the next is told so at once", async () => {
  await open(async function* () {
    yield RECORD;
  });
  const path = "/ostraka.v1.LedgerService/GetSealedHead";
  const call = () =>
    new Promise<string>((resolve) => {
      const options = { deadline: Date.now() + 2_000 };
      client?.makeUnaryRequest(path, same, same, Buffer.alloc(0), options, (error) =>
        resolve(String(error?.metadata?.get("ostraka-code")[0] ?? error?.code)),
      );
    });
  const [first, second] = [call(), call()];
  expect(await Promise.race([first, second])).toBe("OSTRAKA_RESOURCE_EXHAUSTED");
});

test("who is refused is so before anything runs; a fault of ours tells nothing", async () => {
  const refusing: Gatekeeper = () => {
    throw new OstrakaError("OSTRAKA_NOT_ALLOWED", "not you");
  };
  let hasRun = false;
  await open(async function* () {
    hasRun = true;
    yield RECORD;
  }, refusing);
  expect(await endOf(watch())).toBe("OSTRAKA_NOT_ALLOWED");
  expect(hasRun).toBe(false);
  server?.forceShutdown();
  await open(async function* () {
    yield RECORD;
    throw new Error("/secret/path");
  });
  const stream = watch();
  stream.resume();
  const details = await new Promise((resolve) =>
    stream.on("error", (error: ServiceError) => resolve(error.details)),
  );
  expect(details).toBe("this coordinator failed: its log says why");
});
