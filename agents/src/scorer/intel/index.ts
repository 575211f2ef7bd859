// The door of threat intelligence.

export { IntelBook, type IntelEdition } from "./intel-book.ts";
export {
  INTEL_FORMATS,
  type IntelEntries,
  type IntelFault,
  type IntelFormat,
  IntelReader,
  readIntelList,
} from "./read-intel-list.ts";
