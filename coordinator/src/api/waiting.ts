// What waits for people: open proposals of the control machine and suggestions on the signals
// ledger. Reads only; a proposal that has lapsed is told as such, never left out without a word.

import { orderedKey } from "@ostraka/agents/kernel";
import {
  ApprovalSchema,
  type Bytes,
  decode,
  type Entry,
  equalBytes,
  hex,
  Ledger,
  LIMITS,
  unhex,
} from "@ostraka/proto";
import { WaitingState } from "@ostraka/proto/gen/admin";
import type { FoundRecord, SealedReader } from "./sealed-reader.ts";

/** Suggestions and proposals looked through for one answer. */
const LOOKED_THROUGH_MAX = 10_000;

/**
 * Ids of open proposals, oldest first, then keys of suggestions that have not run out.
 * @param isDecidedToo with proposals that have been decided and have not lapsed.
 */
export function* waitingNames(reader: SealedReader, isDecidedToo = false): Iterable<string> {
  for (const id of reader.runtime.node.control.people.ids()) {
    const found = reader.runtime.node.control.people.find(unhex(id) as Bytes);
    if (found !== undefined && (isDecidedToo || !found.isDecided)) yield `p/${id}`;
  }
  for (const { index } of openSuggestions(reader)) yield `s/${index}`;
}

/** One of `waitingNames`; `undefined` when it is not sealed, or waits no more. */
export function waitingOf(reader: SealedReader, name: string) {
  const rest = name.slice(2);
  if (name.startsWith("s/")) return suggestionAt(reader, Number(rest));
  const id = unhex(rest);
  return id && proposalOf(reader, id);
}

/** A proposal, or a suggestion, by its id. */
export function waitingById(reader: SealedReader, id: Bytes) {
  if (id.length !== 32) return undefined;
  const proposal = proposalOf(reader, id);
  if (proposal !== undefined) return proposal;
  const found = [...openSuggestions(reader)].find(
    ({ entry: { effect } }) => effect.case === "suggestion" && equalBytes(effect.value.id, id),
  );
  return found && suggestionAt(reader, found.index);
}

/** What an entry has changed of what waits. */
export function changeBy(reader: SealedReader, { ledger, index, entry }: FoundRecord) {
  if (ledger === Ledger.SIGNALS) {
    return entry.effect.case === "suggestion" ? suggestionAt(reader, index) : undefined;
  }
  const id = proposalIdOf(reader, entry);
  return id && proposalOf(reader, id);
}

function proposalIdOf({ runtime }: SealedReader, { effect }: Entry): Bytes | undefined {
  const { crypto } = runtime.parts;
  switch (effect.case) {
    case "proposal":
      return crypto.sha256(effect.value.body);
    case "approval":
      return decode(ApprovalSchema, effect.value.body, LIMITS.commandBytesMax)?.proposalId;
    case "revocation":
    case "lift": {
      const body = effect.value.warrant?.proposal?.body;
      return body && crypto.sha256(body);
    }
    default:
      return undefined;
  }
}

function openSuggestions(reader: SealedReader): Iterable<FoundRecord> {
  const from = orderedKey(Number(reader.machineTimeMs()) + 1);
  return reader.find("suggestion", "", from, LOOKED_THROUGH_MAX);
}

function suggestionAt(reader: SealedReader, index: number) {
  const record = reader.record(Ledger.SIGNALS, index);
  const effect = record && reader.entryOf(record).effect;
  if (record === undefined || effect?.case !== "suggestion") return undefined;
  const isOpen = effect.value.expiresMs > reader.machineTimeMs();
  return {
    id: effect.value.id,
    state: isOpen ? WaitingState.OPEN : WaitingState.LAPSED,
    index: BigInt(index),
    item: { case: "suggestion" as const, value: record },
  };
}

function proposalOf(reader: SealedReader, id: Bytes) {
  const [entered] = reader.find("proposal", `${hex(id)}/`);
  if (entered === undefined) return undefined;
  const { record, entry } = entered;
  const index = BigInt(entered.index);
  const open = reader.runtime.node.control.people.find(id);
  if (open !== undefined) {
    const { envelope: proposal, part, approvals, evidenceParts } = open;
    const value = {
      proposal,
      private: part,
      approvals: [...approvals],
      evidencePrivates: [...evidenceParts],
    };
    const state = open.isDecided ? WaitingState.DECIDED : WaitingState.OPEN;
    return { id, state, index, item: { case: "proposal" as const, value } };
  }
  const { effect } = entry;
  if (effect.case !== "proposal") return undefined;
  const [part, ...evidencePrivates] = record.privates;
  const value = { proposal: effect.value, approvals: [], evidencePrivates };
  return {
    id,
    state: WaitingState.LAPSED,
    index,
    item: { case: "proposal" as const, value: { ...value, ...(part && { private: part }) } },
  };
}
