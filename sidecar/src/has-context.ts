// Whether a host's sources can say where accounts are, on which device and with which rights; the
// detectors of that take part of an account's bankroll only then. Owns that choice, made from the
// configuration alone, BEFORE any event. Must never look at what a source has said.

import type { SidecarConfig } from "./config.ts";
import { AUTO_FORMAT, isRecordFormat } from "./sources/format-names.ts";

/** A database of places says where; records of a service say the rest. Text logs say neither. */
export function hasContext({ geo, sources }: Pick<SidecarConfig, "geo" | "sources">): boolean {
  if (geo !== undefined) return true;
  return sources.some(
    (source) =>
      source.type === "file" && (source.format === AUTO_FORMAT || isRecordFormat(source.format)),
  );
}
