// Which answers of one coordinator make a call or a watch go on to the next. Real gRPC over TLS,
// no mesh.

import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { createMeshCa } from "@ostraka/host/mesh-ca";
import { type ErrorCode, OstrakaError } from "@ostraka/proto";
import { LedgerService, MeshService, type WatchEntriesRequest } from "@ostraka/proto/gen/admin";
import { afterEach, expect, test } from "vitest";
import { statusOfError } from "./api/error-status.ts";
import { type AnyService, serviceDefinition } from "./api/grpc-service.ts";
import { type AdminClient, connectAdmin } from "./client.ts";

const ca = await createMeshCa("test");
const own = await ca.issue({ name: "coordinator-1", use: "server" });
const caller = await ca.issue({ name: "anna", use: "client" });

const servers: Server[] = [];
let client: AdminClient | undefined;
afterEach(() => {
  client?.close();
  for (const server of servers.splice(0)) server.forceShutdown();
});

/** A coordinator that answers every call of the mesh service with this code, or well. */
async function coordinator(code: ErrorCode | undefined, asked: string[]): Promise<string> {
  const answer = (_call: unknown, done: (error: object | null, value?: object) => void) => {
    asked.push(code ?? "well");
    if (code === undefined) done(null, {});
    else done(statusOfError(new OstrakaError(code, "said so")));
  };
  const names = MeshService.methods.map(({ localName }) => [localName, answer]);
  return await serve(MeshService, Object.fromEntries(names));
}

/** Serves one service. @returns its address. */
async function serve(service: AnyService, handlers: UntypedServiceImplementation): Promise<string> {
  const server = new Server();
  servers.push(server);
  server.addService(serviceDefinition(service), handlers);
  const pair = { cert_chain: Buffer.from(own.certPem), private_key: Buffer.from(own.keyPem) };
  const secure = ServerCredentials.createSsl(Buffer.from(ca.certPem), [pair], true);
  const port = await new Promise<number>((resolve, fail) => {
    server.bindAsync("127.0.0.1:0", secure, (error, bound) =>
      error === null ? resolve(bound) : fail(error),
    );
  });
  return `127.0.0.1:${port}`;
}

async function call(codes: readonly (ErrorCode | undefined)[]) {
  const asked: string[] = [];
  const addresses: string[] = [];
  for (const code of codes) addresses.push(await coordinator(code, asked));
  const { certPem: certificate, keyPem: key } = caller;
  client = connectAdmin({ addresses, ca: ca.certPem, certificate, key });
  const outcome = await client.mesh.getStatus({}).then(
    () => "well",
    (error: OstrakaError) => error.code,
  );
  return { outcome, asked };
}

const ALONE = ["OSTRAKA_JOURNAL_DAMAGED", "OSTRAKA_STORE", "OSTRAKA_UNREACHABLE"] as const;

test.each(ALONE)("a coordinator that says %s does not keep others from answering", async (code) => {
  expect(await call([code, undefined])).toEqual({ outcome: "well", asked: [code, "well"] });
});

test("the code is kept when every coordinator says it, each asked ONCE", async () => {
  const code = "OSTRAKA_JOURNAL_DAMAGED";
  expect(await call([code, code])).toEqual({ outcome: code, asked: [code, code] });
});

test("what the mesh itself refuses is not asked of another", async () => {
  const code = "OSTRAKA_REFUSED";
  expect(await call([code, undefined])).toEqual({ outcome: code, asked: [code] });
});

test("a coordinator that is behind is left for one that is not", async () => {
  expect(await call(["OSTRAKA_BEHIND", undefined])).toEqual({
    outcome: "well",
    asked: ["OSTRAKA_BEHIND", "well"],
  });
});

test("what one coordinator has said is told rather than that another one is away", async () => {
  const asked: string[] = [];
  const behind = await coordinator("OSTRAKA_BEHIND", asked);
  const { certPem: certificate, keyPem: key } = caller;
  const addresses = [behind, "127.0.0.1:1"];
  client = connectAdmin({ addresses, ca: ca.certPem, certificate, key });
  await expect(client.mesh.getStatus({})).rejects.toMatchObject({ code: "OSTRAKA_BEHIND" });
});

test("one coordinator can be asked alone, however it answers", async () => {
  const asked: string[] = [];
  const broken = await coordinator("OSTRAKA_STORE", asked);
  const well = await coordinator(undefined, asked);
  const { certPem: certificate, keyPem: key } = caller;
  client = connectAdmin({ addresses: [broken, well], ca: ca.certPem, certificate, key });
  const alone = client.only(broken).mesh.getStatus({});
  await expect(alone).rejects.toMatchObject({ code: "OSTRAKA_STORE" });
  expect(asked).toEqual(["OSTRAKA_STORE"]);
});

/** Entries up to 6; breaks off after each third, which the next coordinator does not know of. */
async function breakingCoordinator(asked: (bigint | undefined)[]): Promise<string> {
  const watchEntries = (call: ServerWritableStream<WatchEntriesRequest, object>) => {
    const { resumeAfter } = call.request;
    asked.push(resumeAfter?.control);
    const from = resumeAfter?.control ?? 0n;
    for (let index = from + 1n; index <= from + 3n; index++) {
      const record = { entry: Uint8Array.of(Number(index)) };
      call.write({ item: { case: "record", value: record }, at: { control: index } });
    }
    call.emit("error", statusOfError(new OstrakaError("OSTRAKA_STORE", "the disk failed")));
  };
  const rest = LedgerService.methods.map(({ localName }) => [localName, () => undefined]);
  return await serve(LedgerService, { ...Object.fromEntries(rest), watchEntries });
}

test("a watch that breaks goes on at the next coordinator, without gap or repeat", async () => {
  const asked: (bigint | undefined)[] = [];
  const addresses = [await breakingCoordinator(asked), await breakingCoordinator(asked)];
  const { certPem: certificate, keyPem: key } = caller;
  client = connectAdmin({ addresses, ca: ca.certPem, certificate, key });
  const seen: bigint[] = [];
  for await (const { at } of client.ledger.watchEntries({ ledger: 1 })) {
    seen.push(at?.control ?? 0n);
    if (seen.length === 8) break;
  }
  expect(seen).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
  expect(asked).toEqual([undefined, 3n, 6n]);
});

test("a watch that the mesh refuses ends with its code, asked of nobody else", async () => {
  const asked: string[] = [];
  const refuse = (callee: ServerWritableStream<unknown, unknown>) => {
    asked.push("refused");
    callee.emit("error", statusOfError(new OstrakaError("OSTRAKA_NOT_ALLOWED", "no")));
  };
  const methods = LedgerService.methods.map(({ localName }) => [localName, refuse]);
  const address = await serve(LedgerService, Object.fromEntries(methods));
  const addresses = [address, address];
  const { certPem: certificate, keyPem: key } = caller;
  client = connectAdmin({ addresses, ca: ca.certPem, certificate, key });
  const watching = client.ledger.watchEntries({ ledger: 1 })[Symbol.asyncIterator]().next();
  await expect(watching).rejects.toMatchObject({ code: "OSTRAKA_NOT_ALLOWED" });
  expect(asked).toEqual(["refused"]);
});

test("a watch that no coordinator answers ends after one round", async () => {
  const { certPem: certificate, keyPem: key } = caller;
  const addresses = ["127.0.0.1:1", "127.0.0.1:2"];
  client = connectAdmin({ addresses, ca: ca.certPem, certificate, key });
  const watching = client.ledger.watchEntries({ ledger: 1 })[Symbol.asyncIterator]().next();
  await expect(watching).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
});
