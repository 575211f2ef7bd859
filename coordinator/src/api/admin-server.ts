// The two listeners of a coordinator: the admin API, which asks for a client certificate of the
// mesh CA, and the door for joining hosts, which have none yet. Both speak TLS 1.3 only (see
// main).

import { Server, ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import type { Log } from "@ostraka/host";
import { LIMITS, OstrakaError } from "@ostraka/proto";
import {
  CommandService,
  EnrollmentService,
  HostService,
  JournalService,
  LedgerService,
  MeshService,
  PolicyService,
  ProposalService,
  VerdictService,
} from "@ostraka/proto/gen/admin";
import { HealthImplementation } from "grpc-health-check";
import type { CoordinatorRuntime } from "../runtime.ts";
import { checkAccess } from "./access-rules.ts";
import { CallDoor, type Gatekeeper } from "./call-door.ts";
import { ANYONE, callerOf } from "./caller.ts";
import { commandHandlers } from "./command-service.ts";
import { enrollmentHandlers, type Issuers } from "./enrollment-service.ts";
import { completeFindingRows } from "./finding-rows.ts";
import { type AnyService, serviceDefinition } from "./grpc-service.ts";
import { hostHandlers } from "./host-service.ts";
import { journalHandlers } from "./journal-service.ts";
import { ledgerHandlers } from "./ledger-service.ts";
import { meshHandlers } from "./mesh-service.ts";
import { policyHandlers } from "./policy-service.ts";
import { proposalHandlers } from "./proposal-service.ts";
import { addReflection } from "./reflection.ts";
import { SealedReader } from "./sealed-reader.ts";
import { verdictHandlers } from "./verdict-service.ts";

export interface AdminServer {
  /** `host:port` that each listener took. */
  readonly api: string;
  readonly join: string;
  /** Lets calls in flight end, within a bound. */
  close(): Promise<void>;
}

export interface TlsTexts {
  /** PEM of this coordinator's certificate and key. */
  readonly certificate: string;
  readonly key: string;
}

/** A command with its private part and room for framing. */
const REQUEST_BYTES_MAX = LIMITS.commandBytesMax + 2 * LIMITS.privateBytesMax;
const JOIN_BYTES_MAX = 32_768;
const API_BOUNDS = {
  callsMax: 256,
  callsPerCallerMax: 64,
  streamsMax: 128,
  streamsPerCallerMax: 16,
  slowMsMax: 10_000,
};
const JOIN_BOUNDS = {
  callsMax: 16,
  callsPerCallerMax: 16,
  streamsMax: 0,
  streamsPerCallerMax: 0,
  slowMsMax: 0,
};
const READ_ALWAYS = [
  MeshService,
  HostService,
  VerdictService,
  ProposalService,
  PolicyService,
  JournalService,
  LedgerService,
];
const HEALTH_EVERY_MS = 250;
const CLOSE_MS_MAX = 2_000;

const API_OPTIONS: ServerOptions = {
  "grpc.max_receive_message_length": REQUEST_BYTES_MAX,
  "grpc.max_concurrent_streams": 128,
  "grpc.max_connection_idle_ms": 300_000,
};
/** Who joins asks once and goes: nobody unknown holds a connection for long. */
const JOIN_OPTIONS: ServerOptions = {
  "grpc.max_receive_message_length": JOIN_BYTES_MAX,
  "grpc.max_concurrent_streams": 4,
  "grpc.max_connection_idle_ms": 10_000,
  "grpc.max_connection_age_ms": 60_000,
  "grpc.max_connection_age_grace_ms": 10_000,
};

/** Starts both listeners. @throws OstrakaError OSTRAKA_CONFIG_INVALID when an address is taken. */
export async function startAdminServer(
  runtime: CoordinatorRuntime,
  tls: TlsTexts,
  issuers: Issuers,
): Promise<AdminServer> {
  const { config, log, store, crypto } = runtime.parts;
  completeFindingRows(store, crypto);
  const ca = Buffer.from(issuers.ca.certPem);
  // The CA goes along: a joining host knows it by its fingerprint only.
  const pair = {
    private_key: Buffer.from(tls.key),
    cert_chain: Buffer.from(`${tls.certificate.trimEnd()}\n${issuers.ca.certPem}`),
  };
  const api = new Server(API_OPTIONS);
  const whoReads: Gatekeeper = (method, auth) => {
    const caller = callerOf(auth, runtime.node.control.mesh);
    checkAccess(method, caller);
    return caller;
  };
  const door = new CallDoor(API_BOUNDS, whoReads, log);
  const reader = new SealedReader(runtime);
  const add = (server: Server, at: CallDoor, service: AnyService, handlers: object) =>
    server.addService(serviceDefinition(service), at.admit(service, handlers));
  add(api, door, CommandService, commandHandlers(runtime));
  add(api, door, MeshService, meshHandlers(runtime));
  add(api, door, HostService, hostHandlers(reader));
  add(api, door, VerdictService, verdictHandlers(reader));
  add(api, door, ProposalService, proposalHandlers(reader));
  add(api, door, PolicyService, policyHandlers(reader));
  add(api, door, JournalService, journalHandlers(runtime));
  add(api, door, LedgerService, ledgerHandlers(reader));
  addReflection(api);
  const join = new Server(JOIN_OPTIONS);
  const whoJoins: Gatekeeper = (method) => {
    checkAccess(method, ANYONE);
    return ANYONE;
  };
  const joinDoor = new CallDoor(JOIN_BOUNDS, whoJoins, log);
  add(join, joinDoor, EnrollmentService, enrollmentHandlers(runtime, issuers));
  // Who starts and stops coordinators has no certificate and asks at the door for joining hosts.
  const stopHealth = addHealth([api, join], runtime);
  const apiCredentials = ServerCredentials.createSsl(ca, [pair], true);
  const joinCredentials = ServerCredentials.createSsl(ca, [pair], false);
  return {
    api: await bind(api, config.api.listen, apiCredentials),
    join: await bind(join, config.join.listen, joinCredentials),
    close: async () => {
      stopHealth();
      door.endStreams();
      await Promise.all([shutDown(api, log), shutDown(join, log)]);
    },
  };
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<string> {
  return new Promise((resolve, fail) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error === null) resolve(listen.replace(/:\d+$/, `:${port}`));
      else {
        const why = `cannot listen on ${listen}: free it, or choose another address`;
        fail(new OstrakaError("OSTRAKA_CONFIG_INVALID", why, { cause: error }));
      }
    });
  });
}

function shutDown(server: Server, log: Log): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, CLOSE_MS_MAX);
    server.tryShutdown((error) => {
      clearTimeout(timer);
      if (error !== undefined) log.debug({ err: error }, "a listener was closed already");
      resolve();
    });
  });
}

/** Health by service; the whole is well while commands are taken and deciding goes on. */
function addHealth(servers: readonly Server[], runtime: CoordinatorRuntime): () => void {
  const health = new HealthImplementation();
  const shown = new Map<string, boolean>();
  const show = (name: string, isServing: boolean) => {
    if (shown.get(name) === isServing) return;
    shown.set(name, isServing);
    health.setStatus(name, isServing ? "SERVING" : "NOT_SERVING");
  };
  // What is only read can be read always.
  for (const service of READ_ALWAYS) show(service.typeName, true);
  const look = () => {
    const isTaking = runtime.refusal() === undefined;
    show(CommandService.typeName, isTaking);
    show("", isTaking && !runtime.isStopped);
  };
  look();
  for (const server of servers) health.addToServer(server);
  const timer = setInterval(look, HEALTH_EVERY_MS);
  return () => clearInterval(timer);
}
