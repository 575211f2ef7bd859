// What people of the mesh ask for in the story, signed with their own keys of DIR/keys and sent
// through the admin API as the commands do. Holds no key longer than a call.

import { randomBytes } from "node:crypto";
import { loadKeyFile, writeSecretFile } from "@ostraka/host";
import {
  ApprovalSchema,
  type Bytes,
  type Envelope,
  encodeNew,
  type PrivatePart,
  type Stage,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import type { Access } from "../access.ts";
import { makeGrant } from "../commands/host-grant.ts";
import { makeProposal, type ProposalWish } from "../make-proposal.ts";
import type { MeshPaths } from "../mesh-dir.ts";
import { submitCommand } from "../submit.ts";

/** What became of a command that was taken. */
export interface Taken {
  /** SHA-256 of the signed bytes: a proposal's id. */
  readonly id: Bytes;
  /** Verdict that it completed. */
  readonly verdictId: Bytes | undefined;
}

interface Asked {
  readonly subject: SubjectText;
  readonly reason: string;
}

const VALID_MS = 3_600_000;
const SUBMIT_MS_MAX = 60_000;
const OPERATORS = ["olga", "omar"] as const;

export class People {
  readonly #access: Access;
  readonly #paths: MeshPaths;
  readonly #epoch: () => number;

  /** @param epoch of the policy in force. */
  constructor(access: Access, paths: MeshPaths, epoch: () => number) {
    this.#access = access;
    this.#paths = paths;
    this.#epoch = epoch;
  }

  /** Proposes to cut a subject off everywhere. */
  proposeRevocation(as: string, asked: Asked & { stage: Stage; ttlMs: number }): Promise<Taken> {
    const { stage, ttlMs } = asked;
    return this.#propose(as, asked, { kind: "revoke", stage, ttlMs });
  }

  /** Proposes to end a revocation early. */
  proposeLift(as: string, asked: Asked & { revocationId: Uint8Array }): Promise<Taken> {
    const revocationIds = [asked.revocationId];
    return this.#propose(as, asked, { kind: "lift", revocationIds, pardonBeforeMs: 0 });
  }

  approve(as: string, proposalId: Bytes): Promise<Taken> {
    const nowMs = Date.now();
    const body = encodeNew(ApprovalSchema, {
      format: 1,
      proposalId,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + VALID_MS),
    });
    const { mesh } = this.#access.genesis;
    return this.submit("approval", signEnvelope(mesh, "approval", body, this.#key(as)));
  }

  /** Grants a host as a witness, its token in a file BEFORE the grant is sent. */
  async grantHost(name: string, tokenFile: string): Promise<void> {
    const { genesis, file } = this.#access;
    const addresses = file.coordinators.map((coordinator) => coordinator.join);
    const wish = { name, faultDomain: name, addresses, nowMs: Date.now() };
    const { envelope, token } = makeGrant(genesis, wish, ...OPERATORS.map((o) => this.#key(o)));
    writeSecretFile(tokenFile, `${token}\n`);
    await this.submit("grant", envelope);
  }

  /** Sends a command until its outcome is known. Errors as `submitCommand`. */
  async submit(
    what: string,
    command: Envelope,
    privates: readonly PrivatePart[] = [],
  ): Promise<Taken> {
    const wish = { command, privates, what, timeoutMs: SUBMIT_MS_MAX };
    const { id, verdictId } = await submitCommand(this.#access, wish);
    const verdict = verdictId.length === 0 ? undefined : new Uint8Array(verdictId);
    return { id: new Uint8Array(id), verdictId: verdict };
  }

  #propose(
    as: string,
    { subject, reason: statement }: Asked,
    wish: ProposalWish["wish"],
  ): Promise<Taken> {
    const { crypto, genesis } = this.#access;
    const ports = { crypto, mesh: genesis.mesh, signer: this.#key(as), random: randomBytes };
    const about = { subject, statement, epoch: this.#epoch(), nowMs: Date.now() };
    const { envelope, part } = makeProposal(ports, { ...about, validMs: VALID_MS, wish });
    return this.submit("proposal", envelope, [part]);
  }

  #key(name: string) {
    return loadKeyFile(this.#paths.key(name));
  }
}
