// The version of this program, from its manifest: one place says it. Read once, when it is asked
// for.

import { readFileSync } from "node:fs";

interface Manifest {
  readonly version: string;
}

const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");

export const VERSION = (JSON.parse(manifest) as Manifest).version;
