import { expect, test } from "vitest";
import { formatNames, isFormat, isRecordFormat } from "./format-names.ts";
import * as formats from "./formats.ts";
import { recordFormatOf } from "./records/records.ts";

test("the names that a configuration is checked by are those of the formats", () => {
  expect(formatNames()).toEqual(formats.formatNames());
  for (const name of [...formatNames(), "__proto__", "nothing"]) {
    expect([name, isFormat(name)]).toEqual([name, formats.isFormat(name)]);
    expect([name, isRecordFormat(name)]).toEqual([name, recordFormatOf(name) !== undefined]);
  }
});
