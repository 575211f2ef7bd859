// The door of the repair agent: rules of what a next generation keeps, and of poison.

export { type Choice, chooseHead, contradicts, type PromisedHead } from "./choose-head.ts";
export { type CheckedOpening, checkOpening, readOpening } from "./opening.ts";
export { openPoisonNote, type PoisonCase, poisonFault } from "./poison-note.ts";
export { type PoisonMajority, PoisonTally } from "./poison-tally.ts";
export { type OpenedPromise, openPromise } from "./promise.ts";
export { RepairBook, type RepairState } from "./repair-book.ts";
export { type OpenedOrder, openOrder } from "./repair-order.ts";
