// The door of the ledger agent.

export {
  type Effect,
  type JournalPoint,
  LedgerBook,
  type Written,
} from "./ledger-book.ts";
export { RefusalCounts, type RefusalMinute } from "./refusal-counts.ts";
