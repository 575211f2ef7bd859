// The part of a sidecar's configuration that names files of threat intelligence. Owns its keys and
// their checks. Opens nothing it names.

import { INTEL_FORMATS, type IntelFormat } from "@ostraka/agents/scorer";
import { ConfigMapping } from "@ostraka/host";

export interface IntelSource {
  /** Said in reasons: what a responder reads at night. */
  readonly name: string;
  readonly path: string;
  readonly format: IntelFormat;
  /** The file's age at which nothing is looked up in it any more. */
  readonly maxAgeDays: number;
  /** Largest share of an honest subject's days on which the list names it, in percent. */
  readonly ceilingPercent: number;
}

const KEYS = ["name", "path", "format", "maxAgeDays", "ceiling"];
/** A bit each in an observation. */
const LISTS_MAX = 16;
const NAME = /^[a-z0-9][a-z0-9.-]{0,31}$/;
const CEILING = /^(\d{1,2}(?:\.\d{1,4})?) ?%$/;
const CEILING_DEFAULT = "1%";
const CEILING_PERCENT_MAX = 50;
const AGE_DAYS_DEFAULT = 7;
const AGE_DAYS_MAX = 366;

/** Reads `intel`, none when it is left out. @throws OstrakaError naming the key. */
export function readIntelSources(
  top: ConfigMapping,
  file: string,
  at: (path: string) => string,
): readonly IntelSource[] {
  if (!top.has("intel")) return [];
  const sources = top.list("intel", 0, LISTS_MAX).map((value, i) => {
    const source = new ConfigMapping(value, KEYS, file, `intel[${i}]`);
    const name = source.text("name", "a short name for this list");
    if (!NAME.test(name)) throw source.fault("name", "up to 32 lower-case letters, digits, dashes");
    return {
      name,
      path: at(source.text("path", "the path of a list, an entry a line")),
      format: source.oneOf("format", INTEL_FORMATS, "addresses"),
      maxAgeDays: source.wholeOr("maxAgeDays", 1, AGE_DAYS_MAX) ?? AGE_DAYS_DEFAULT,
      ceilingPercent: ceilingOf(source),
    };
  });
  const twice = sources.find(({ name }, i) => sources.findIndex((s) => s.name === name) !== i);
  if (twice !== undefined) throw top.invalid(`intel names ${twice.name} twice: rename one`);
  return sources;
}

/** The same as text, for the effective configuration. */
export function intelSourceText({ ceilingPercent, ...rest }: IntelSource): object {
  return { ...rest, ceiling: `${ceilingPercent}%` };
}

function ceilingOf(source: ConfigMapping): number {
  const text = source.textOr("ceiling", "a share such as 1%") ?? CEILING_DEFAULT;
  const percent = Number(CEILING.exec(text)?.[1] ?? Number.NaN);
  if (percent > 0 && percent <= CEILING_PERCENT_MAX) return percent;
  throw source.fault("ceiling", `a share such as 1%, above 0% and up to ${CEILING_PERCENT_MAX}%`);
}
