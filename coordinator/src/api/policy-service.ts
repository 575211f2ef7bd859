// Reads policy documents as their authors have signed them, how the newest is coming in, and which
// hosts lag, by their own receipts. Decides nothing: the rollout is the control machine's.

import { orderedKey } from "@ostraka/agents/kernel";
import { type Entry, type EntryRecord, type Envelope, LIMITS, RolloutStep } from "@ostraka/proto";
import type { PolicyService } from "@ostraka/proto/gen/admin";
import type { Handlers } from "./grpc-service.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { laggardsOf } from "./policy-laggards.ts";
import { waitFor } from "./read-barrier.ts";
import type { FoundRecord, SealedReader } from "./sealed-reader.ts";

const SCOPE = "policy-documents";
/** Hosts named one by one. */
const HOSTS_NAMED_MAX = 100;

export function policyHandlers(reader: SealedReader): Handlers<typeof PolicyService> {
  const { mesh } = reader.runtime.parts.genesis;
  return {
    listDocuments: async ({ pageSize, pageToken: token, minIndex }, context) => {
      const after = Number(cursorOf(mesh, SCOPE, token) ?? 0);
      await waitFor(reader, minIndex, context);
      const countMax = pageSizeOf(pageSize, LIMITS.pageRecordsMax);
      const documents = [];
      let size = 0;
      const newest = newestEpoch(reader);
      let epoch = after + 1;
      for (; epoch <= newest && documents.length < countMax; epoch++) {
        // An epoch that brings an earlier content back has no document of its own.
        const document = documentOf(reader, epoch);
        if (document === undefined) continue;
        size += document.document.body.length;
        if (size > LIMITS.pageBytesMax) break;
        documents.push(document);
      }
      const nextPageToken = epoch > newest ? "" : pageToken(mesh, SCOPE, String(epoch - 1));
      return { documents, nextPageToken };
    },
    getRollout: async ({ minIndex }, context) => {
      await waitFor(reader, minIndex, context);
      return rollout(reader);
    },
  };
}

/** Entries of the control ledger that are about an epoch, in order. */
function entriesOf(reader: SealedReader, epoch: number): FoundRecord[] {
  return [...reader.find("epoch", `${orderedKey(epoch)}/`)];
}

function documentOf(reader: SealedReader, epoch: number) {
  const entries = entriesOf(reader, epoch);
  for (const { index, entry } of entries) {
    if (entry.effect.case !== "policy") continue;
    const active = entries.find((other) => isActivation(other.entry));
    return {
      epoch,
      index: BigInt(index),
      document: entry.effect.value,
      activeIndex: BigInt(active?.index ?? 0),
    };
  }
  return undefined;
}

function isActivation({ effect }: Entry): boolean {
  if (effect.case === "activation") return true;
  return effect.case === "rolloutChange" && effect.value.step === RolloutStep.ACTIVE;
}

function rollout(reader: SealedReader) {
  const { node } = reader.runtime;
  const { view } = node.control.mesh;
  const newest = newestRollout(reader);
  const wanted = newest?.epoch ?? 0;
  const { unprepared, lagging, hosts } = laggardsOf(reader.runtime, view.epoch, wanted);
  return {
    activeEpoch: view.epoch,
    epoch: wanted,
    ...(newest !== undefined && {
      step: newest.step,
      rollout: newest.order,
      changes: newest.changes,
    }),
    unpreparedHosts: unprepared.slice(0, HOSTS_NAMED_MAX),
    laggingHosts: lagging.slice(0, HOSTS_NAMED_MAX),
    hosts,
  };
}

/** The rollout of the highest epoch that has one, with what the machine has entered of it. */
function newestRollout(reader: SealedReader) {
  let newest:
    | { epoch: number; order: Envelope; changes: EntryRecord[]; step: RolloutStep }
    | undefined;
  for (const epoch of epochs(reader)) {
    let order: Envelope | undefined;
    const changes: EntryRecord[] = [];
    let step = RolloutStep.UNSPECIFIED;
    for (const { record, entry } of entriesOf(reader, epoch)) {
      const { effect } = entry;
      if (effect.case === "rollout") {
        order = effect.value;
        step = RolloutStep.PREPARE;
      } else if (effect.case === "rolloutChange") {
        changes.push(record);
        step = effect.value.step;
      }
    }
    if (order !== undefined) newest = { epoch, order, changes, step };
  }
  return newest;
}

/** Epochs so far, ascending. */
function* epochs(reader: SealedReader): Iterable<number> {
  for (let epoch = 1; epoch <= newestEpoch(reader); epoch++) yield epoch;
}

function newestEpoch(reader: SealedReader): number {
  return reader.runtime.node.control.mesh.policies.newestEpoch;
}
