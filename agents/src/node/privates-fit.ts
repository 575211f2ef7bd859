// Whether the private parts beside an entry are the ones that its commitments ask for. A channel
// may alter what lies beside signed bytes: then the record is fetched again, never taken as a
// verdict that fails.

import {
  type Crypto,
  decode,
  type Entry,
  equalBytes,
  LIMITS,
  type PrivatePart,
  ProposalSchema,
  type SignalProof,
  type Warrant,
} from "@ostraka/proto";
import { commitmentOf, readSignal } from "../kernel/index.ts";

export function privatesFit(
  crypto: Crypto,
  entry: Entry,
  privates: readonly PrivatePart[],
): boolean {
  const commitments = commitmentsOf(entry);
  if (commitments === undefined || commitments.length !== privates.length) return false;
  return commitments.every((commitment, i) =>
    equalBytes(commitment, commitmentOf(crypto, privates[i] as PrivatePart)),
  );
}

/**
 * Whether private parts are some of those that an entry asks for, in its order: what is missing may
 * have been erased or pruned, what is there must open a commitment of its own.
 */
export function arePartsOf(
  crypto: Crypto,
  entry: Entry,
  privates: readonly PrivatePart[],
): boolean {
  const commitments = commitmentsOf(entry);
  if (commitments === undefined) return false;
  let at = 0;
  return privates.every((part) => {
    const opened = commitmentOf(crypto, part);
    const found = commitments.findIndex((c, i) => i >= at && equalBytes(c, opened));
    at = found + 1;
    return found >= 0;
  });
}

/**
 * Commitments of an entry in the order of its private parts; `undefined` when it cannot be read.
 */
export function commitmentsOf({ effect }: Entry): readonly Uint8Array[] | undefined {
  switch (effect.case) {
    case "proposal":
      return commitmentsOfProposal(effect.value.body);
    case "suggestion":
      return commitmentsOfSignals(effect.value.signals);
    case "inquiry":
      return [effect.value.commitment];
    case "revocation":
    case "lift":
      return commitmentsOfWarrant(effect.value.warrant);
    default:
      return [];
  }
}

function commitmentsOfWarrant(warrant: Warrant | undefined): readonly Uint8Array[] | undefined {
  if (warrant?.proposal !== undefined) return commitmentsOfProposal(warrant.proposal.body);
  return commitmentsOfSignals(warrant?.signals ?? []);
}

function commitmentsOfSignals(proofs: readonly SignalProof[]): readonly Uint8Array[] | undefined {
  const commitments: Uint8Array[] = [];
  for (const { signal } of proofs) {
    const decoded = readSignal(signal);
    if (decoded === undefined) return undefined;
    commitments.push(decoded.commitment);
  }
  return commitments;
}

/** Its own, then those of the signals that it takes along. */
function commitmentsOfProposal(body: Uint8Array): readonly Uint8Array[] | undefined {
  const proposal = decode(ProposalSchema, body, LIMITS.commandBytesMax);
  const evidence = proposal && commitmentsOfSignals(proposal.evidence);
  return evidence && [proposal.commitment, ...evidence];
}
