// Which answers of one coordinator make a call go on to the next. Real gRPC over TLS, no mesh.

import { Server, ServerCredentials } from "@grpc/grpc-js";
import { createMeshCa } from "@ostraka/host/mesh-ca";
import { type ErrorCode, OstrakaError } from "@ostraka/proto";
import { MeshService } from "@ostraka/proto/gen/admin";
import { afterEach, expect, test } from "vitest";
import { statusOfError } from "./api/error-status.ts";
import { serviceDefinition } from "./api/grpc-service.ts";
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
  const server = new Server();
  servers.push(server);
  const answer = (_call: unknown, done: (error: object | null, value?: object) => void) => {
    asked.push(code ?? "well");
    if (code === undefined) done(null, {});
    else done(statusOfError(new OstrakaError(code, "said so")));
  };
  const names = MeshService.methods.map(({ localName }) => [localName, answer]);
  server.addService(serviceDefinition(MeshService), Object.fromEntries(names));
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
