// Lets hosts in. Checks a join against the grant that it uses, has its membership entered by the
// mesh, and only then issues what the host needs to speak. Never sees a secret of the host.

import { createHash } from "node:crypto";
import { type HostMember, orderedKey } from "@ostraka/agents/kernel";
import { hostPermissions, type NatsAuthority } from "@ostraka/host";
import { type MeshCa, requestPublicKey } from "@ostraka/host/mesh-ca";
import {
  decode,
  type Entry,
  EntryRecordSchema,
  EntrySchema,
  type Envelope,
  encodeNew,
  equalBytes,
  isReject,
  type Join,
  JoinSchema,
  LIMITS,
  MembershipSchema,
  OstrakaError,
  type RejectCode,
  signEnvelope,
} from "@ostraka/proto";
import {
  type EnrollmentService,
  type JoinRequest,
  type JoinResponse,
  Outcome,
} from "@ostraka/proto/gen/admin";
import type { CoordinatorRuntime } from "../runtime.ts";
import { waitMsOf } from "./command-service.ts";
import type { CallContext, Handlers } from "./grpc-service.ts";

export interface Issuers {
  readonly ca: MeshCa;
  readonly nats: NatsAuthority;
  /** PEM of who issued the NATS servers' certificates, or "". */
  readonly natsCa: string;
}

const JOIN_WAIT_MS = 20_000;

export function enrollmentHandlers(
  runtime: CoordinatorRuntime,
  issuers: Issuers,
): Handlers<typeof EnrollmentService> {
  return {
    join: async (request, context) => {
      const refusal = runtime.refusal();
      if (refusal !== undefined) throw refusal;
      const checked = checkJoin(runtime, request);
      if (typeof checked === "string") return refused(checked);
      const { join, requestPem } = checked;
      const member = findMember(runtime, join) ?? (await enter(runtime, request, join, context));
      if (member === "unknown") return { outcome: Outcome.UNKNOWN };
      if (typeof member === "string") return refused(member);
      return issue(runtime, issuers, member, join, requestPem);
    },
  };
}

type JoinAnswer = Pick<JoinResponse, "outcome"> & Partial<Omit<JoinResponse, "$typeName">>;

function refused(code: RejectCode): JoinAnswer {
  return { outcome: Outcome.REFUSED, code };
}

function checkJoin(
  runtime: CoordinatorRuntime,
  request: JoinRequest,
): { readonly join: Join; readonly requestPem: string } | RejectCode {
  const { roster } = runtime.node.control.mesh;
  const join = roster.openJoin(request.join);
  if (isReject(join)) return join.reject;
  if (Number(join.notAfterMs) <= runtime.node.control.point.machineTimeMs) return "expired";
  if (request.certificateRequest.length > LIMITS.privateBytesMax) return "too-large";
  const requestPem = pemOf(request.certificateRequest);
  let spki: Uint8Array;
  try {
    spki = requestPublicKey(requestPem);
  } catch (error) {
    if (error instanceof OstrakaError) return "malformed";
    throw error;
  }
  const tlsKey = new Uint8Array(createHash("sha256").update(spki).digest());
  if (!equalBytes(tlsKey, join.tlsKey)) return "commitment-mismatch";
  if (roster.grantOf(join.joinKey) === undefined) return "unknown-grant";
  return { join, requestPem };
}

/** The member that this very join, or an earlier one with the same keys, has made. */
function findMember(runtime: CoordinatorRuntime, join: Join): HostMember | RejectCode | undefined {
  const member = runtime.node.control.mesh.roster.memberOfJoinKey(join.joinKey);
  if (member === undefined) return undefined;
  const entered = joinOfEntry(runtime, member.index);
  const isSame =
    entered !== undefined &&
    equalBytes(entered.hostKey, join.hostKey) &&
    equalBytes(entered.tlsKey, join.tlsKey) &&
    equalBytes(entered.natsKey, join.natsKey);
  return isSame ? member : "grant-used-up";
}

function joinOfEntry(runtime: CoordinatorRuntime, index: number): Join | undefined {
  const bytes = runtime.parts.store.get(`record/c/${orderedKey(index)}`);
  const record = bytes && decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
  const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
  const envelope = entry && memberOf(entry)?.membership;
  const membership =
    envelope && decode(MembershipSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
  const join = membership?.join;
  return join && decode(JoinSchema, join.body, LIMITS.envelopeBodyBytesMax);
}

function memberOf(entry: Entry) {
  return entry.effect.case === "member" ? entry.effect.value : undefined;
}

/**
 * Has the membership entered. The same join makes the same command, so a repeat makes no second.
 */
async function enter(
  runtime: CoordinatorRuntime,
  request: JoinRequest,
  join: Join,
  context: CallContext,
): Promise<HostMember | RejectCode | "unknown"> {
  const { genesis, signer } = runtime.parts;
  const body = encodeNew(MembershipSchema, {
    format: 1,
    join: request.join as Envelope,
    notAfterMs: join.notAfterMs,
  });
  const command = signEnvelope(genesis.mesh, "membership", body, signer);
  const answer = await runtime.submit(command, [], waitMsOf(JOIN_WAIT_MS, context));
  if (answer.outcome === "unknown") return "unknown";
  if (answer.outcome === "busy") {
    throw new OstrakaError("OSTRAKA_RESOURCE_EXHAUSTED", "too many commands wait: join again");
  }
  // Another coordinator may have entered the same join first: that one counts.
  const member = findMember(runtime, join);
  if (member !== undefined) return member;
  return answer.outcome === "refused" ? answer.code : "unknown";
}

async function issue(
  runtime: CoordinatorRuntime,
  issuers: Issuers,
  member: HostMember,
  join: Join,
  requestPem: string,
): Promise<JoinAnswer> {
  const { channels } = runtime.node;
  const { config, genesis } = runtime.parts;
  // A client's certificate only: no host can pass for a coordinator.
  const wish = { name: member.name, use: "client" } as const;
  const certificate = await issuers.ca.issueFromRequest(requestPem, wish);
  const natsJwt = issuers.nats.issueUser({
    name: member.name,
    publicKey: join.natsKey,
    permissions: hostPermissions(channels, join.hostKey),
  });
  return {
    outcome: Outcome.OK,
    membershipIndex: BigInt(member.index),
    certificate,
    caCertificate: issuers.ca.certPem,
    natsJwt,
    natsUrls: [...config.nats.urls],
    natsCa: issuers.natsCa,
    genesis: genesis.envelope,
    hostName: member.name,
  };
}

function pemOf(der: Uint8Array): string {
  const body = Buffer.from(der).toString("base64");
  const lines = body.match(/.{1,64}/g) ?? [];
  const label = "CERTIFICATE REQUEST";
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
