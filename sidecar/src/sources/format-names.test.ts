import { expect, test } from "vitest";
import { formatNames, isFormat, isRecordFormat } from "./format-names.ts";
import * as formats from "./formats.ts";
import { RECORD_FORMATS, recordFormatOf } from "./records/records.ts";
import { TEXT_FORMATS } from "./text/format-table.ts";

test("the names that a configuration is checked by are those of the formats", () => {
  expect(formatNames()).toEqual(formats.formatNames());
  const aliases = [...RECORD_FORMATS, ...TEXT_FORMATS].flatMap((format) => format.aliases ?? []);
  for (const name of [...formatNames(), ...aliases, "__proto__", "nothing"]) {
    expect([name, isFormat(name)]).toEqual([name, formats.isFormat(name)]);
    expect([name, isRecordFormat(name)]).toEqual([name, recordFormatOf(name) !== undefined]);
  }
});
