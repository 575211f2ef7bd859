// Reads policy documents as their authors have signed them, how the newest is coming in, and which
// hosts lag, by their own receipts. Decides nothing: the rollout is the control machine's.

import { orderedKey } from "@ostraka/agents/kernel";
import { findEntries, openReceipt } from "@ostraka/agents/node";
import {
  type EntryRecord,
  type Envelope,
  isReject,
  Ledger,
  LIMITS,
  RolloutStep,
} from "@ostraka/proto";
import type { PolicyService } from "@ostraka/proto/gen/admin";
import type { Handlers } from "./grpc-service.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { waitFor } from "./read-barrier.ts";
import type { SealedReader } from "./sealed-reader.ts";

const SCOPE = "policy-documents";
/** Entries of one epoch that are looked through. */
const ENTRIES_MAX = 64;
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
      for (let epoch = after + 1; documents.length < countMax; epoch++) {
        const document = documentOf(reader, epoch);
        if (document === undefined) return { documents };
        size += document.document.body.length;
        if (size > LIMITS.pageBytesMax) break;
        documents.push(document);
      }
      const last = after + documents.length;
      const hasMore = documentOf(reader, last + 1) !== undefined;
      return { documents, nextPageToken: hasMore ? pageToken(mesh, SCOPE, String(last)) : "" };
    },
    getRollout: async ({ minIndex }, context) => {
      await waitFor(reader, minIndex, context);
      return rollout(reader);
    },
  };
}

interface PolicyEntry {
  readonly effect: string;
  readonly index: number;
}

function entriesOf(reader: SealedReader, epoch: number): PolicyEntry[] {
  const name = `${orderedKey(epoch)}/`;
  const found = findEntries(reader.runtime.parts.store, "epoch", name, name, ENTRIES_MAX);
  return [...found].filter(({ index }) => index <= reader.indexOf(Ledger.CONTROL));
}

function documentOf(reader: SealedReader, epoch: number) {
  const entries = entriesOf(reader, epoch);
  const at = entries.find(({ effect }) => effect === "policy");
  const record = at && reader.record(Ledger.CONTROL, at.index);
  const effect = record && reader.entryOf(record).effect;
  if (at === undefined || effect?.case !== "policy") return undefined;
  const active = entries.find((entry) => isActivation(reader, entry));
  return {
    epoch,
    index: BigInt(at.index),
    document: effect.value,
    activeIndex: BigInt(active?.index ?? 0),
  };
}

function isActivation(reader: SealedReader, { effect, index }: PolicyEntry): boolean {
  if (effect === "activation") return true;
  if (effect !== "rolloutChange") return false;
  const record = reader.record(Ledger.CONTROL, index);
  const change = record && reader.entryOf(record).effect;
  return change?.case === "rolloutChange" && change.value.step === RolloutStep.ACTIVE;
}

function rollout(reader: SealedReader) {
  const { node } = reader.runtime;
  const { view } = node.control.mesh;
  const newest = newestRollout(reader);
  const wanted = newest?.epoch ?? 0;
  const { unprepared, lagging, hosts } = laggards(reader, view.epoch, wanted);
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
    for (const { index } of entriesOf(reader, epoch)) {
      const record = reader.record(Ledger.CONTROL, index);
      const effect = record && reader.entryOf(record).effect;
      if (record === undefined || effect === undefined) continue;
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

/** Epochs that have a document, ascending. */
function* epochs(reader: SealedReader): Iterable<number> {
  for (let epoch = 1; entriesOf(reader, epoch).length > 0; epoch++) yield epoch;
}

function laggards(reader: SealedReader, activeEpoch: number, wanted: number) {
  const { node, parts } = reader.runtime;
  const { view } = node.control.mesh;
  const unprepared: string[] = [];
  const lagging: string[] = [];
  let hosts = 0;
  for (const host of view.hosts()) {
    hosts++;
    const envelope = node.receipts.of(host.key)?.envelope;
    const receipt = envelope && openReceipt(parts.crypto, view, envelope);
    const said = receipt === undefined || isReject(receipt) ? undefined : receipt;
    const epoch = said?.epoch ?? 0;
    if (epoch < activeEpoch) lagging.push(host.name);
    if (Math.max(said?.preparedEpoch ?? 0, epoch) < wanted) unprepared.push(host.name);
  }
  return { unprepared, lagging, hosts };
}
