// Opens a format and loads what reads it only then: a host that follows no log holds none of the
// readers, and one that follows its auth.log alone holds that one.

import { DEFAULT_FORMAT } from "./format-names.ts";
import type { FormatOptions, FormatParser } from "./formats.ts";
import { LINE_BYTES_MAX } from "./limits.ts";

/** As `openFormat`, which it stands in for where a log is followed. */
export async function loadFormat(
  name: string,
  options: FormatOptions,
): Promise<FormatParser | undefined> {
  if (name === DEFAULT_FORMAT) {
    const { openAuthLog } = await import("./auth-log/auth-log.ts");
    return { parse: openAuthLog(options).parse, lineBytesMax: LINE_BYTES_MAX };
  }
  const { openFormat } = await import("./formats.ts");
  return openFormat(name, options);
}
