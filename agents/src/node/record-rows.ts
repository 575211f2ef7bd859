// The rows under which an entry is stored, and those by which it is found again: a verdict by its
// id, a proposal by its id, a policy by its epoch. Owns those keys; a finding row is never
// evidence, the entry that it leads to is.

import {
  type Bytes,
  type Crypto,
  decode,
  type Entry,
  hex,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  PolicyRolloutSchema,
  utf8,
} from "@ostraka/proto";
import { orderedKey, type Store, type Write } from "../kernel/index.ts";

/** Marks a store in which every entry has its finding rows. */
export const ROWS_WHOLE_KEY = "by/whole";

/** What entries are found by. */
export type FoundBy = "verdict" | "coverage" | "proposal" | "suggestion" | "epoch";

/** Where an entry lies. */
export interface FoundEntry {
  readonly letter: string;
  readonly index: number;
  /** Case of its effect. */
  readonly effect: string;
  /** Key below `by/KIND/`. */
  readonly key: string;
}

/** Every row of an entry. @param bytes the encoded EntryRecord. */
export function recordRows(
  crypto: Pick<Crypto, "sha256">,
  ledger: LedgerId,
  made: { readonly index: number; readonly entry: Entry; readonly bytes: Bytes },
): Write[] {
  const key = `record/${ledgerLetter(ledger)}/${orderedKey(made.index)}`;
  return [{ key, value: made.bytes }, ...findingRows(crypto, ledger, made.index, made.entry)];
}

/** The rows by which an entry is found again. */
export function findingRows(
  crypto: Pick<Crypto, "sha256">,
  ledger: LedgerId,
  index: number,
  { effect }: Entry,
): Write[] {
  const by = nameOf(crypto, effect);
  if (by === undefined) return [];
  const key = `by/${by}/${ledgerLetter(ledger)}/${orderedKey(index)}`;
  return [{ key, value: utf8(effect.case as string) }];
}

/** Entries with a name, in the order of their names and indices. */
export function* findEntries(
  store: Store,
  kind: FoundBy,
  name = "",
  from = "",
  limit: number = LIMITS.pageRecordsMax,
): Iterable<FoundEntry> {
  const prefix = `by/${kind}/${name}`;
  for (const [key, value] of store.scan(prefix, `by/${kind}/${from}`, limit)) {
    const letter = key.slice(-18, -17);
    const index = Number(key.slice(-16));
    const effect = String.fromCharCode(...value);
    yield { letter, index, effect, key: key.slice(`by/${kind}/`.length) };
  }
}

/** `KIND/NAME` of an effect that somebody looks for. */
function nameOf(crypto: Pick<Crypto, "sha256">, effect: Entry["effect"]): string | undefined {
  switch (effect.case) {
    case "revocation":
    case "lift":
      return `verdict/${hex(effect.value.id)}`;
    case "coverage":
      return `coverage/${hex(effect.value.verdictId)}`;
    case "proposal":
      return `proposal/${hex(crypto.sha256(effect.value.body))}`;
    case "suggestion":
      // By the end of its time first: what still waits is a scan from now on.
      return `suggestion/${orderedKey(Number(effect.value.expiresMs))}/${hex(effect.value.id)}`;
    case "policy":
    case "activation":
    case "rollout":
    case "rolloutChange": {
      const epoch = epochOf(effect);
      return epoch === undefined ? undefined : `epoch/${orderedKey(epoch)}`;
    }
    default:
      return undefined;
  }
}

type PolicyEffect = Extract<
  Entry["effect"],
  { case: "policy" | "activation" | "rollout" | "rolloutChange" }
>;

function epochOf(effect: PolicyEffect): number | undefined {
  const most = LIMITS.envelopeBodyBytesMax;
  switch (effect.case) {
    case "policy":
      return decode(PolicyDocumentSchema, effect.value.body, most)?.epoch;
    case "activation":
      return decode(PolicyActivationSchema, effect.value.body, most)?.epoch;
    case "rollout":
      return decode(PolicyRolloutSchema, effect.value.body, most)?.epoch;
    case "rolloutChange":
      return effect.value.epoch;
  }
}
