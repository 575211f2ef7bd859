// The door of the sources: what turns activity on this host into events (PIP of DESIGN section 4).

export {
  type AuthLogConfig,
  type AuthLogParser,
  type LineRefusal,
  openAuthLog,
  type ParsedLine,
} from "./auth-log/auth-log.ts";
export {
  type FileCursor,
  type FilePlace,
  type FollowOptions,
  followFile,
} from "./follow.ts";
export {
  AUTO_FORMAT,
  DEFAULT_FORMAT,
  type FormatLine,
  type FormatOptions,
  type FormatParser,
  formatNames,
  isFormat,
  openFormat,
} from "./formats.ts";
export { type HttpEvents, type HttpEventsConfig, openHttpEvents } from "./http-events.ts";
export type { ByteRefusal } from "./line-splitter.ts";
export { type ReadFileLinesOptions, readFileLines } from "./read-file-lines.ts";
