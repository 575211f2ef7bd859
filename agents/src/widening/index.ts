// The door of the widening agent.

export { type HaltedWidening, WideningBook } from "./widening-book.ts";
