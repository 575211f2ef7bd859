// The door of the JSON record sources.

export { type JsonRefusal, readJsonRecords } from "./json-text.ts";
export type { JsonRecord, RecordFormat } from "./record-format.ts";
export { RECORD_TYPES, type RecordType } from "./record-names.ts";
export {
  openRecordReader,
  RECORD_FORMATS,
  type RecordReader,
  type RecordReaderConfig,
  recordFormatOf,
} from "./records.ts";
