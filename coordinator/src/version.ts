// The version of this program, as its package states it. Read ONCE, when the process starts; shown
// by status and used for nothing else.

import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

export const VERSION = manifest.version;
