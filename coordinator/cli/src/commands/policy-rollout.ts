// `ostraka policy rollout`: the authors' order to bring a published epoch in by steps: prepared
// hosts, a canary, then everybody, watched by guardrails that take it back by themselves.

import { create } from "@bufbuild/protobuf";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import {
  type Bytes,
  decode,
  encode,
  GuardrailsSchema,
  LIMITS,
  type PolicyRollout,
  PolicyRolloutSchema,
} from "@ostraka/proto";
import { withAccess } from "../access.ts";
import { durationOf } from "../duration.ts";
import { EXIT, refused, usage } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { pathsOf } from "../mesh-dir.ts";
import {
  type AuthorFlags,
  checkEnough,
  cosignFile,
  isSignedFile,
  openAuthors,
  signBody,
  speakerOf,
  tellSigned,
} from "../policy/policy-authors.ts";
import { permilleOf } from "../policy/share.ts";
import { readSignedFile, writeSignedFile } from "../signed-file.ts";
import type { Terminal } from "../terminal.ts";
import { epochOf } from "./policy-check.ts";
import { send } from "./policy-publish.ts";

export interface RolloutFlags extends AuthorFlags {
  readonly canary?: string;
  readonly canaryLabel?: readonly string[];
  readonly dryRun?: boolean;
  readonly bake?: string;
  readonly ready: string;
  readonly watch: string;
  readonly maxRevocations: string;
  readonly maxLifts: string;
  readonly maxErrors: string;
}

const BAKE = "10m";

/** `policy rollout EPOCH` or `policy rollout FILE` with a signed order. */
export async function runPolicyRollout(
  args: readonly string[],
  flags: RolloutFlags,
  terminal: Terminal,
): Promise<number> {
  const named = args[0] as string;
  if (flags.addSignature === true) {
    const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
    cosignFile(named, "rollout", genesis, flags, terminal);
    terminal.note(`when enough have signed: ostraka policy rollout ${named}`);
    return EXIT.done;
  }
  return await withAccess(speakerOf(flags), async (access) => {
    const mesh = new VerifiedMesh(access);
    await mesh.refresh("control");
    const { policies, roster } = mesh.walk.mesh;
    const { document } = roster;
    const tell = (epoch: number, index: bigint) => {
      if (flags.json) terminal.json({ kind: "rollout", epoch, index });
      else terminal.say(`c:${index}  the rollout of epoch ${epoch} has begun: hosts prepare`);
      terminal.note("look: ostraka policy status");
      return EXIT.done;
    };
    if (isSignedFile(named)) {
      const signed = readSignedFile(named, "rollout", access.genesis.mesh);
      checkEnough(signed, document, "order");
      const order = decode(PolicyRolloutSchema, signed.body, LIMITS.commandBytesMax);
      return tell(order?.epoch ?? 0, await send(access, "rollout", signed, flags, terminal));
    }
    const epoch = epochOf(named);
    const hash = policies.hashOf(epoch);
    if (hash === undefined) throw refused(`epoch ${epoch} was not published: publish it first`);
    checkLabels([...mesh.walk.mesh.view.hosts()], flags.canaryLabel ?? []);
    const body = orderBody(epoch, new Uint8Array(Buffer.from(hash, "hex")), flags);
    const order = signBody(
      access.genesis.mesh,
      "rollout",
      body,
      openAuthors(flags, { roster: document }),
    );
    if (flags.signOnly !== undefined) {
      writeSignedFile(flags.signOnly, "rollout", order);
      tellSigned(flags.signOnly, order, document, flags, terminal);
      return EXIT.done;
    }
    checkEnough(order, document, "order");
    return tell(epoch, await send(access, "rollout", order, flags, terminal));
  });
}

function orderBody(epoch: number, policyHash: Bytes, flags: RolloutFlags): Bytes {
  const canaryPermille = flags.canary === undefined ? 0 : permilleOf("--canary", flags.canary);
  const canaryLabels = [...(flags.canaryLabel ?? [])];
  const hasCanary = canaryPermille > 0 || canaryLabels.length > 0;
  checkCanary(flags, hasCanary, canaryPermille > 0 && canaryLabels.length > 0);
  const nowMs = Date.now();
  const order: PolicyRollout = create(PolicyRolloutSchema, {
    format: 1,
    epoch,
    policyHash,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + durationOf("--valid", flags.valid)),
    readyPermille: permilleOf("--ready", flags.ready),
    canaryLabels,
    canaryPermille,
    isDryRun: flags.dryRun === true,
    bakeMs: hasCanary ? BigInt(durationOf("--bake", flags.bake ?? BAKE)) : 0n,
    guardrails: create(GuardrailsSchema, {
      revocationsMax: countOf("--max-revocations", flags.maxRevocations),
      liftsMax: countOf("--max-lifts", flags.maxLifts),
      errorsMax: countOf("--max-errors", flags.maxErrors),
    }),
    watchMs: BigInt(durationOf("--watch", flags.watch)),
  });
  return encode(PolicyRolloutSchema, order);
}

/** A misspelt label would make a canary of nobody, which finds nothing. */
function checkLabels(
  hosts: readonly { readonly labels: readonly string[] }[],
  labels: readonly string[],
): void {
  if (labels.length === 0) return;
  if (hosts.some((host) => labels.every((label) => host.labels.includes(label)))) return;
  throw usage(`no host has all of the labels ${labels.join(", ")}: nobody would try it first`);
}

function checkCanary(flags: RolloutFlags, hasCanary: boolean, isTwice: boolean): void {
  if (isTwice) throw usage("choose the canary by --canary SHARE or by --canary-label, not both");
  if (!hasCanary && flags.dryRun === true) {
    throw usage("--dry-run needs a canary that tries it: --canary 10% or --canary-label KEY=VALUE");
  }
  if (!hasCanary && flags.bake !== undefined) throw usage("--bake is how long a canary lasts");
}

function countOf(flag: string, text: string): number {
  const count = /^(0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : undefined;
  if (count === undefined)
    throw usage(`${flag} ${text.slice(0, 40)}: give a number; 0 = not watched`);
  return count;
}
