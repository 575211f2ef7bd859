// Who may call what at a real coordinator, by certificate, and what a hostile caller with a stock
// gRPC client gets: words and a code, never a crash.

import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { joinClient } from "@ostraka/coordinator";
import { openSigner } from "@ostraka/host";
import { addressSubject, hex, type SubjectText } from "@ostraka/proto";
import {
  file_ostraka_v1_admin,
  LedgerService,
  ListEntriesRequestSchema,
  VerdictServiceListRequestSchema,
} from "@ostraka/proto/gen/admin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const METHODS: readonly DescMethod[] = file_ostraka_v1_admin.services
  .flatMap((service) => service.methods)
  .filter((method) => method.parent.name !== "EnrollmentService");
const COMMANDS = ["CommandService/Submit", "JournalService/SubmitRepair"];
const OF_HOSTS = ["LedgerService/GetSealedHead", "HostService/Get"];

const CALLERS = [
  { role: "person", name: "ada", may: () => true },
  { role: "coordinator", name: "coordinator-1", may: () => true },
  { role: "auditor", name: "vera", may: (path: string) => !COMMANDS.includes(path) },
  { role: "host", name: "web-1", may: (path: string) => OF_HOSTS.includes(path) },
  { role: "stranger", name: "eve", may: () => false },
] as const;

interface Answer {
  readonly code: string;
  readonly details: string;
  readonly nextStep: string;
}

const same = (bytes: Buffer) => bytes;

/** Calls with bytes; of a stream it takes whether it is opened. */
function call(client: Client, path: string, isStream: boolean, request: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const said = (error: ServiceError | null) => {
      const [code] = error?.metadata?.get("ostraka-code") ?? [];
      const [nextStep] = error?.metadata?.get("ostraka-next-step") ?? [];
      const bare = error === null ? "OK" : (status[error.code] ?? "");
      const details = error?.details ?? "";
      resolve({ code: String(code ?? bare), details, nextStep: String(nextStep ?? "") });
    };
    const options = { deadline: Date.now() + 5_000 };
    if (!isStream) {
      client.makeUnaryRequest(path, same, same, request, options, (error) => said(error));
      return;
    }
    const metadata = new Metadata();
    const stream = client.makeServerStreamRequest(path, same, same, request, metadata, options);
    stream.once("metadata", () => {
      said(null);
      stream.cancel();
    });
    stream.on("error", (error: ServiceError) => said(error));
  });
}

describe.skipIf(natsVersion() === undefined)("callers of the admin API (need nats-server)", () => {
  let mesh: MeshFixture;
  let one: TestCoordinator;
  const clients = new Map<string, Client>();

  beforeAll(async () => {
    mesh = await MeshFixture.make();
    one = await mesh.startCoordinator();
    for (const command of mesh.commands.policy()) await submitOk(one.admin, command);
    const token = openSigner(new Uint8Array(32).fill(3));
    await submitOk(one.admin, mesh.commands.grant("web-1", "rack-1", token.publicKey));
    const joining = await mesh.commands.joining(token);
    const door = await joinClient(one.join, hex(mesh.ca.fingerprint));
    const { certificate } = await door.enrollment.join(joining.request, { timeoutMs: 20_000 });
    door.close();
    for (const { role, name } of CALLERS) {
      const wish = { name, use: "client" as const };
      const made = await mesh.ca.issue(role === "auditor" ? { ...wish, role } : wish);
      const pair = role === "host" ? { certPem: certificate, keyPem: joining.tlsKeyPem } : made;
      clients.set(role, stockClient(pair));
    }
  });
  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await mesh[Symbol.asyncDispose]();
  });

  function stockClient({ certPem, keyPem }: { certPem: string; keyPem: string }): Client {
    const [ca, key, cert] = [mesh.ca.certPem, keyPem, certPem].map((text) => Buffer.from(text));
    return new Client(one.api, credentials.createSsl(ca, key, cert));
  }

  const person = () => clients.get("person") as Client;
  const nothing = Buffer.alloc(0);

  test.each(CALLERS)(
    "one who is $role is let through to what its role may call",
    async (caller) => {
      const client = clients.get(caller.role) as Client;
      for (const method of METHODS) {
        const short = `${method.parent.name}/${method.name}`;
        const path = `/${method.parent.typeName}/${method.name}`;
        // A host that names itself is asked for below: here everybody asks for nobody.
        const isStream = method.methodKind === "server_streaming";
        const answer = await call(client, path, isStream, nothing);
        const isOwnOnly = caller.role === "host" && short === "HostService/Get";
        const isRefused = answer.code === "OSTRAKA_NOT_ALLOWED";
        expect([short, isRefused]).toEqual([short, isOwnOnly || !caller.may(short)]);
        if (isRefused) expect(answer.nextStep).toMatch(/certificate/);
      }
    },
  );

  test("a host reads its own membership, not another's, and no list of any", async () => {
    const host = await mesh.connect([one.api], "web-1");
    expect((await host.host.get({ name: "web-1" })).host?.name).toBe("web-1");
    const refused = { code: "OSTRAKA_NOT_ALLOWED" };
    await expect(host.host.get({ name: "web-2" })).rejects.toMatchObject(refused);
    await expect(host.host.list({})).rejects.toMatchObject(refused);
    host.close();
    const ada = await mesh.connect([one.api], "ada");
    const listed = await ada.host.list({});
    expect(listed.hosts.map(({ name }) => name)).toEqual(["web-1"]);
    ada.close();
  });

  test("a command of a person goes through whoever carries it", async () => {
    const asked = mesh.commands.revoke(addressSubject("203.0.113.1") as SubjectText);
    const request = { command: asked.envelope, privates: [asked.part] };
    const carrier = await mesh.connect([one.api], "sam");
    expect((await carrier.command.submit(request)).index).toBeGreaterThan(0n);
    carrier.close();
  });

  test("the door for joining hosts tells health without a certificate, and no more", async () => {
    const bare = new Client(one.join, credentials.createSsl(Buffer.from(mesh.ca.certPem)));
    expect((await call(bare, "/grpc.health.v1.Health/Check", false, nothing)).code).toBe("OK");
    for (const path of ["MeshService/GetStatus", "CommandService/Submit"]) {
      expect((await call(bare, `/ostraka.v1.${path}`, false, nothing)).code).toBe("UNIMPLEMENTED");
    }
    bare.close();
  });

  const entries = `/${LedgerService.typeName}/ListEntries`;
  const verdicts = "/ostraka.v1.VerdictService/List";
  const list = (fields: object) =>
    Buffer.from(
      toBinary(VerdictServiceListRequestSchema, create(VerdictServiceListRequestSchema, fields)),
    );
  const read = (fields: object) =>
    Buffer.from(toBinary(ListEntriesRequestSchema, create(ListEntriesRequestSchema, fields)));
  /** Field 1, a varint of all ones: minus one as the wire has it. */
  const minusOne = Buffer.from([0x08, ...Array(9).fill(0xff), 0x01]);

  test.each([
    [
      "a token of a million characters",
      verdicts,
      list({ pageToken: "A".repeat(100_000) }),
      "USAGE",
    ],
    ["a token of another list", verdicts, list({ pageToken: "AAAAAAAAAAAAYzox" }), "USAGE"],
    ["a token that is no text", verdicts, list({ pageToken: "\u0000\u202e" }), "USAGE"],
    ["a page size of minus one", verdicts, minusOne, "OK"],
    ["no ledger", entries, read({}), "USAGE"],
    ["a ledger that there is none of", entries, read({ ledger: 7 }), "USAGE"],
    ["an index past every number", entries, read({ ledger: 1, fromIndex: 2n ** 64n - 1n }), "OK"],
    ["bytes that are no message", entries, Buffer.alloc(64, 0xff), "INTERNAL"],
  ])("%s is answered in words", async (_, path, request, code) => {
    const answer = await call(person(), path, false, request);
    expect(answer.code.replace("OSTRAKA_", "")).toBe(code);
    // No path of a file, no stack.
    expect(answer.details).not.toMatch(/node_modules|\.ts|\n\s+at /);
  });

  test("a request that is larger than any command is refused before it is read", async () => {
    const huge = Buffer.alloc(400_000);
    const answer = await call(person(), "/ostraka.v1.CommandService/Submit", false, huge);
    expect(answer.code).toBe("RESOURCE_EXHAUSTED");
    const after = await call(person(), "/ostraka.v1.MeshService/GetStatus", false, nothing);
    expect(after.code).toBe("OK");
  });

  test("whoever waits for what never comes keeps nobody else waiting", async () => {
    const far = list({ minIndex: { control: 2n ** 63n, signals: 0n } });
    const waiting = Array.from({ length: 80 }, () => call(person(), verdicts, false, far));
    const other = await mesh.connect([one.api], "rui");
    expect((await other.verdict.list({})).verdicts).toEqual([]);
    other.close();
    const codes = (await Promise.all(waiting)).map(({ code }) => code);
    expect(codes.filter((code) => code === "OSTRAKA_RESOURCE_EXHAUSTED")).toHaveLength(16);
    expect(codes.filter((code) => code === "OSTRAKA_BEHIND")).toHaveLength(64);
  }, 30_000);
});
