// Who is let in at a coordinator's two doors: the admin API by certificate, joining hosts by
// their grant. And what any gRPC tool sees there: health and reflection.

import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Client, credentials } from "@grpc/grpc-js";
import { type AdminClient, connectAdmin, joinClient } from "@ostraka/coordinator";
import { openSigner } from "@ostraka/host";
import { certPublicKey, createMeshCa } from "@ostraka/host/mesh-ca";
import {
  channelsOf,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  hex,
  type MeshId,
  OstrakaError,
  ReceiptSchema,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import { Outcome } from "@ostraka/proto/gen/admin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const TOKEN_SEED = new Uint8Array(32).fill(7);

describe.skipIf(natsVersion() === undefined)("a coordinator's doors (need nats-server)", () => {
  let mesh: MeshFixture;
  let one: TestCoordinator;

  beforeAll(async () => {
    mesh = await MeshFixture.make();
    one = await mesh.startCoordinator();
    for (const command of mesh.commands.policy()) await submitOk(one.admin, command);
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  async function grantAndJoin(name: string, token: Signer, operators?: string[]) {
    const grant = mesh.commands.grant(name, "rack-1", token.publicKey, operators);
    await submitOk(one.admin, grant);
    const joining = await mesh.commands.joining(token);
    const door = await joinClient(one.join, hex(mesh.ca.fingerprint));
    const answer = await door.enrollment.join(joining.request, { timeoutMs: 20_000 });
    return { joining, door, answer };
  }

  test("a host with a co-signed grant joins as a witness and gets what it needs", async () => {
    const { joining, door, answer } = await grantAndJoin("host-1", openSigner(TOKEN_SEED));
    expect([answer.outcome, answer.code]).toEqual([Outcome.OK, ""]);
    expect(answer.hostName).toBe("host-1");
    expect(answer.genesis?.body).toEqual(mesh.genesis.envelope.body);
    expect(answer.natsUrls).toEqual([mesh.nats.url]);
    expect(answer.caCertificate).toBe(mesh.ca.certPem);
    const certificate = new X509Certificate(answer.certificate);
    expect(certificate.checkIssued(new X509Certificate(mesh.ca.certPem))).toBe(true);
    expect(certificate.subject).toBe("CN=host-1");
    const { hosts } = await one.admin.mesh.listHosts({});
    const host = hosts.find(({ name }) => name === "host-1");
    expect(host?.isWitness).toBe(true);
    expect(host?.hostKey).toEqual(joining.host.publicKey);
    expect(host?.membershipIndex).toBe(answer.membershipIndex);

    const again = await door.enrollment.join(joining.request);
    expect(again.outcome).toBe(Outcome.OK);
    expect(again.membershipIndex).toBe(answer.membershipIndex);
    expect(certPublicKey(again.certificate)).toEqual(certPublicKey(answer.certificate));

    const other = await mesh.commands.joining(openSigner(TOKEN_SEED));
    const refused = await door.enrollment.join(other.request);
    expect([refused.outcome, refused.code]).toEqual([Outcome.REFUSED, "grant-used-up"]);
    expect(refused.certificate).toBe("");
    door.close();
  });

  test("a host with one operator's grant joins and is no witness", async () => {
    const token = openSigner(new Uint8Array(32).fill(8));
    const { door, answer } = await grantAndJoin("host-2", token, ["olga"]);
    expect(answer.outcome).toBe(Outcome.OK);
    const { hosts } = await one.admin.mesh.listHosts({});
    expect(hosts.find(({ name }) => name === "host-2")?.isWitness).toBe(false);
    door.close();
  });

  test("a join without a grant, with another TLS key, or forged is refused", async () => {
    const door = await joinClient(one.join, hex(mesh.ca.fingerprint));
    const code = async (request: object) => (await door.enrollment.join(request)).code;
    const ungranted = await mesh.commands.joining(openSigner(new Uint8Array(32).fill(9)));
    expect(await code(ungranted.request)).toBe("unknown-grant");
    const other = await mesh.commands.joining(openSigner(new Uint8Array(32).fill(9)));
    const { certificateRequest } = other.request;
    expect(await code({ ...ungranted.request, certificateRequest })).toBe("commitment-mismatch");
    const noise = new Uint8Array(100).fill(1);
    expect(await code({ ...ungranted.request, certificateRequest: noise })).toBe("malformed");
    expect(await code({ certificateRequest })).toBe("malformed");
    const { join } = ungranted.request;
    const [byToken] = join.signatures;
    const half = { ...join, signatures: [byToken] };
    expect(await code({ ...ungranted.request, join: half })).toBe("threshold-short");
    const bent = { ...join, body: Uint8Array.from(join.body).fill(1, -2) };
    expect(await code({ ...ungranted.request, join: bent })).toMatch(/malformed|bad-signature/);
    door.close();
  });

  test("a joining host turns away from a coordinator with another CA", async () => {
    const { fingerprint } = await createMeshCa("another");
    const joining = joinClient(one.join, hex(fingerprint));
    await expect(joining).rejects.toMatchObject({ code: "OSTRAKA_NOT_VERIFIED" });
  });

  test("the admin API lets nobody in without a certificate of the mesh CA", async () => {
    const other = await createMeshCa("another");
    const stranger = await other.issue({ name: "olga", use: "client" });
    const bare = new Client(one.api, credentials.createSsl(Buffer.from(mesh.ca.certPem)));
    const health = await check(bare);
    expect(health).toBe("UNAVAILABLE");
    bare.close();
    const wrong = connectAdmin({
      addresses: [one.api],
      ca: mesh.ca.certPem,
      certificate: stranger.certPem,
      key: stranger.keyPem,
    });
    await expect(wrong.mesh.getStatus({})).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
    wrong.close();
    // The nearest that is let in: the same name, certified by this mesh.
    const right = await mesh.connect([one.api]);
    expect((await right.mesh.getStatus({})).coordinator).toBe("coordinator-1");
    right.close();
  });

  test("the admin API does not serve joins, and the join door nothing else", async () => {
    const joins = await mesh.connect([one.join]);
    await expect(joins.mesh.getStatus({})).rejects.toMatchObject({ code: "OSTRAKA_USAGE" });
    joins.close();
  });

  test("a client goes on to the next coordinator when one is gone", async () => {
    const client = await mesh.connect(["127.0.0.1:1", one.api]);
    expect((await client.mesh.getStatus({})).coordinator).toBe("coordinator-1");
    client.close();
    const lost = await mesh.connect(["127.0.0.1:1"]);
    await expect(lost.mesh.getStatus({})).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
    lost.close();
  });

  test("a host's receipt is watched and listed; streams are bounded and given back", async () => {
    const token = openSigner(new Uint8Array(32).fill(10));
    const { joining, door } = await grantAndJoin("host-3", token);
    door.close();
    const receipt = receiptOf(mesh.genesis.mesh, joining.host);
    const bus = await mesh.watch();
    bus.publish(
      channelsOf(mesh.genesis.mesh).receipts(joining.host.publicKey),
      encode(EnvelopeSchema, receipt),
    );
    const client = await mesh.connect([one.api]);
    const streams = Array.from({ length: 16 }, () =>
      client.mesh.watchReceipts({})[Symbol.asyncIterator](),
    );
    const first = await Promise.all(streams.map((stream) => stream.next()));
    expect(first.map(({ value }) => value.receipt)).toEqual(Array(16).fill(receipt));
    expect(await watchOnce(client)).toBe("OSTRAKA_RESOURCE_EXHAUSTED");
    // Nobody else is kept out by it.
    const other = await mesh.connect([one.api], "omar");
    expect(await watchOnce(other)).toBe("open");
    other.close();
    await Promise.all(streams.map((stream) => stream.return?.()));
    await eventually(async () => (await watchOnce(client)) === "open", "there is room again");
    const { hosts } = await client.mesh.listHosts({});
    expect(hosts.find(({ name }) => name === "host-3")?.receipt).toEqual(receipt);
    client.close();
    await bus.close();
  });

  test("both doors refuse TLS 1.2", async () => {
    for (const address of [one.api, one.join]) {
      const port = Number(address.split(":")[1]);
      const options = { host: "127.0.0.1", port, rejectUnauthorized: false, maxVersion: "TLSv1.2" };
      const said = await new Promise((resolve) => {
        const socket = tls.connect(options as tls.ConnectionOptions, () => resolve("connected"));
        socket.on("error", (error) => resolve((error as NodeJS.ErrnoException).code));
      });
      expect(said).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    }
  });

  test("health says serving", async () => {
    const client = await rawClient();
    await eventually(async () => (await check(client)) === "SERVING", "it serves");
    client.close();
  });

  test("a reflection client lists the services and calls one by what it was told", async () => {
    const client = await rawClient();
    const [listed] = await reflect(client, new BinaryWriter().tag(7, 2).string("*").finish());
    const names = fieldsOf(fieldsOf(listed as Uint8Array, 6)[0] as Uint8Array, 1).map((service) =>
      Buffer.from(fieldsOf(service, 1)[0] as Uint8Array).toString(),
    );
    expect(names).toEqual(
      expect.arrayContaining([
        "ostraka.v1.CommandService",
        "ostraka.v1.MeshService",
        "ostraka.v1.LedgerService",
        "grpc.health.v1.Health",
      ]),
    );
    const symbol = new BinaryWriter().tag(4, 2).string("ostraka.v1.MeshService").finish();
    const [found] = await reflect(client, symbol);
    const files = fieldsOf(fieldsOf(found as Uint8Array, 4)[0] as Uint8Array, 1);
    const file = files.map(
      (bytes): FileDescriptorProto => fromBinary(FileDescriptorProtoSchema, bytes),
    );
    const set = { $typeName: FileDescriptorSetSchema.typeName, file: inOrder(file) } as const;
    const service = createFileRegistry(set).getService("ostraka.v1.MeshService");
    const method = service?.method["getStatus"];
    const bytes = await raw(client, `/${service?.typeName}/${method?.name}`, new Uint8Array());
    const status = fromBinary(method?.output as never, bytes) as { coordinator?: string };
    expect(status.coordinator).toBe("coordinator-1");
    client.close();
  });

  async function rawClient(): Promise<Client> {
    const { certPem, keyPem } = await mesh.ca.issue({ name: "omar", use: "client" });
    const [ca, key, cert] = [mesh.ca.certPem, keyPem, certPem].map((text) => Buffer.from(text));
    return new Client(one.api, credentials.createSsl(ca, key, cert));
  }
});

/** Opens a stream for one receipt. @returns `open`, or the code of the refusal. */
async function watchOnce(client: AdminClient): Promise<string> {
  try {
    for await (const _ of client.mesh.watchReceipts({})) return "open";
    return "ended";
  } catch (error) {
    return error instanceof OstrakaError ? error.code : String(error);
  }
}

function receiptOf(mesh: MeshId, host: Signer): Envelope {
  const body = encodeNew(ReceiptSchema, {
    format: 1,
    hostKey: host.publicKey,
    incarnation: new Uint8Array(16).fill(1),
    number: 1n,
    controlIndex: 1n,
    denySetDigest: new Uint8Array(32),
    isFresh: true,
  });
  return signEnvelope(mesh, "receipt", body, host);
}

/** Dependencies first, as a registry wants them. */
function inOrder(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const done = new Map<string, FileDescriptorProto>();
  const add = (file: FileDescriptorProto | undefined): void => {
    if (file === undefined || done.has(file.name)) return;
    for (const name of file.dependency) add(files.find((other) => other.name === name));
    done.set(file.name, file);
  };
  for (const file of files) add(file);
  return [...done.values()];
}

/** The length-delimited fields of a message that have one number. */
function fieldsOf(bytes: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === number && wire === 2) found.push(reader.bytes());
    else reader.skip(wire);
  }
  return found;
}

const asBytes = (bytes: Uint8Array) => Buffer.from(bytes);
const fromBytes = (bytes: Buffer) => new Uint8Array(bytes);

function raw(client: Client, path: string, request: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, fail) => {
    const deadline = Date.now() + 5_000;
    client.makeUnaryRequest(path, asBytes, fromBytes, request, { deadline }, (error, answer) =>
      error === null ? resolve(answer as Uint8Array) : fail(error),
    );
  });
}

async function check(client: Client): Promise<string> {
  try {
    const answer = await raw(client, "/grpc.health.v1.Health/Check", new Uint8Array());
    return ["UNKNOWN", "SERVING", "NOT_SERVING"][answer[1] as number] ?? "";
  } catch (error) {
    return (error as { code: number }).code === 14 ? "UNAVAILABLE" : String(error);
  }
}

/** Answers of the reflection service to one request. */
function reflect(client: Client, request: Uint8Array): Promise<Uint8Array[]> {
  return new Promise((resolve, fail) => {
    const answers: Uint8Array[] = [];
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const stream = client.makeBidiStreamRequest(path, asBytes, fromBytes);
    stream.on("data", (answer: Uint8Array) => answers.push(answer));
    stream.on("error", fail);
    stream.on("end", () => resolve(answers));
    stream.write(request);
    stream.end();
  });
}
