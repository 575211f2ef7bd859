// The door of threat intelligence.

export { IntelBook } from "./intel-book.ts";
export {
  INTEL_FORMATS,
  type IntelEntries,
  type IntelFormat,
  IntelReader,
  readIntelList,
} from "./read-intel-list.ts";
