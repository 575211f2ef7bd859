// @ts-check
// Replays one log file to its end in a process of its own and prints the summary. Its records are
// counted and dropped: printing them is not what is measured. Plain JavaScript that opens the cache
// of compiled code before anything else, as the command line does.

import { enableCompileCache } from "node:module";

enableCompileCache();
const { runReplay } = await import("@ostraka/sidecar/replay");

const [path = ""] = process.argv.slice(2);
const summary = await runReplay({
  path,
  source: "auth-log",
  year: 2017,
  onRecord: () => undefined,
});
process.stdout.write(`${JSON.stringify(summary)}\n`);
