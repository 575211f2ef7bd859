// What stands around a sidecar in these tests: a real nats-server, a coordinator in this process
// with its real admin API, and hosts that join it over TLS by token. Owns all of it and removes it
// when disposed.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinClient } from "@ostraka/coordinator";
import {
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  openClock,
  openCrypto,
  openLog,
  openSigner,
  openSqliteStore,
  writeSecretFile,
} from "@ostraka/host";
import { createMeshCa } from "@ostraka/host/mesh-ca";
import { channelsOf, type Envelope, hex, OstrakaError, type Signer } from "@ostraka/proto";
import { type JoinedHost, joinMesh, joinTokenText } from "@ostraka/sidecar/join";
import { type AdminServer, startAdminServer } from "../../coordinator/src/api/admin-server.ts";
import { CoordinatorRuntime } from "../../coordinator/src/runtime.ts";
import { MeshCommands, makeGenesis } from "./mesh-commands.ts";
import { startNats, type TestNats, until } from "./nats-server.ts";

const COORDINATOR = "coordinator-1";
const ANSWER_MS_MAX = 20_000;

export interface SidecarStand extends AsyncDisposable {
  readonly dir: string;
  readonly nats: TestNats;
  readonly coordinator: CoordinatorRuntime;
  readonly commands: MeshCommands;
  /** Submits and wants OK. */
  submit(command: Envelope, privates?: Parameters<CoordinatorRuntime["submit"]>[1]): Promise<void>;
  /** Grants, joins by token over TLS, and leaves a folder with a configuration. */
  addHost(name: string, domain: string, sources?: readonly object[]): Promise<JoinedHost>;
}

/** @param isPolicyActive false leaves the mesh without a policy: nobody is ready. */
export async function startStand(isPolicyActive = true): Promise<SidecarStand> {
  const dir = mkdtempSync(join(tmpdir(), "ostraka-sidecar-"));
  const crypto = openCrypto();
  const signers = new Map<string, Signer>();
  const signer = (name: string) => {
    const known = signers.get(name) ?? openSigner(randomBytes(32));
    signers.set(name, known);
    return known;
  };
  const ca = await createMeshCa("test");
  const domains = ["rack-1", "rack-2", "rack-3"];
  const genesis = makeGenesis(crypto, ca, signer, [COORDINATOR], domains);
  const authority = createNatsAuthority("test");
  const nats = await startNats(authority);
  const creds = join(dir, "coordinator.creds");
  const natsKey = createNatsUserKey();
  const permissions = coordinatorPermissions(
    channelsOf(genesis.mesh),
    signer(COORDINATOR).publicKey,
  );
  const user = { name: COORDINATOR, publicKey: natsKey.publicKey, permissions };
  writeSecretFile(creds, credsFile(authority.issueUser(user), natsKey.seed));
  const unused = join(dir, "unused");
  const log = openLog({ name: COORDINATOR, file: join(dir, "coordinator.log") });
  const coordinator = new CoordinatorRuntime({
    config: {
      name: COORDINATOR,
      ...{ genesis: unused, signingKey: unused, store: unused, natsAccount: { seed: unused } },
      nats: { urls: [nats.url], creds, replicas: 1 },
      api: { listen: "127.0.0.1:0", tls: unused },
      join: { listen: "127.0.0.1:0" },
      ca: { certificate: unused, key: unused },
      log: { level: "info" },
    },
    ...{ crypto, genesis, log },
    signer: signer(COORDINATOR),
    store: openSqliteStore(join(dir, "coordinator.sqlite")),
    clock: openClock(),
    onFailure: (error) => log.fatal({ err: error }, "the coordinator failed"),
  });
  const { certPem, keyPem } = await ca.issue({ name: COORDINATOR, use: "server" });
  const certificate = `${certPem}\n${ca.certPem}`;
  const issuers = { ca, nats: authority, natsCa: "" };
  const server = await startAdminServer(coordinator, { certificate, key: keyPem }, issuers);
  await coordinator.start();
  await until(() => coordinator.isTaking, "the coordinator takes commands");
  const commands = new MeshCommands(crypto, genesis.mesh, signer);
  const stand: SidecarStand = {
    ...{ dir, nats, coordinator, commands },
    submit: async (command, privates = []) => {
      // A test may just have started NATS again.
      await until(() => coordinator.refusal() === undefined, "the coordinator takes commands");
      const answer = await coordinator.submit(command, privates, ANSWER_MS_MAX);
      if (answer.outcome !== "ok") throw new Error(`not entered: ${JSON.stringify(answer)}`);
    },
    addHost: (name, domain, sources = []) =>
      addHost(stand, server, { ca: ca.fingerprint, mesh: genesis.mesh }, name, domain, sources),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await coordinator.stop();
      await nats[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  if (isPolicyActive) for (const command of commands.policy()) await stand.submit(command);
  return stand;
}

async function addHost(
  stand: SidecarStand,
  server: AdminServer,
  trust: { readonly ca: Uint8Array; readonly mesh: Parameters<typeof joinTokenText>[0]["mesh"] },
  name: string,
  domain: string,
  sources: readonly object[],
): Promise<JoinedHost> {
  const secret = new Uint8Array(randomBytes(32));
  await stand.submit(stand.commands.grant(name, domain, openSigner(secret).publicKey));
  const addresses = [server.join];
  const text = joinTokenText({ mesh: trust.mesh, caFingerprint: trust.ca, addresses, secret });
  const tokenFile = join(stand.dir, `${name}.token`);
  writeFileSync(tokenFile, `${text}\n`, { mode: 0o600 });
  return await joinMesh({
    tokenFile,
    dataDir: stand.dir,
    sources,
    gate: { port: 0, trustedProxies: ["127.0.0.1"] },
    enroll: async (address, caFingerprint, request) => {
      const client = await joinClient(address, hex(caFingerprint));
      try {
        return await client.enrollment.join(request, { timeoutMs: ANSWER_MS_MAX });
      } catch (error) {
        if (error instanceof OstrakaError) throw error;
        throw new OstrakaError("OSTRAKA_UNREACHABLE", String(error), { cause: error });
      } finally {
        client.close();
      }
    },
  });
}
