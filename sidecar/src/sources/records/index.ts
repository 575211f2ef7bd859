// The door of the JSON record sources.

export { RECORD_TYPES, type RecordType } from "./record-types.ts";
