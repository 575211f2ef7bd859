// Looking: `status`, `verdicts`, `suggestions`, `explain`, `replay`.
// Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, jsonOption } from "./grammar.ts";

export function addReading(program: Command, bind: Bind): void {
  const status = asOptions(program.command("status").description("how the mesh is"));
  bind(status, async () => {
    const { runStatus } = await import("../commands/status.ts");
    return (_args, flags, terminal) => runStatus(flags, terminal);
  });
  const verdicts = asOptions(
    program.command("verdicts").description("revocations in force, each one verified here"),
  ).option("--all", "also what is over, and lifts");
  bind(verdicts, async () => {
    const { runVerdicts } = await import("../commands/verdicts.ts");
    return (_args, flags, terminal) => runVerdicts(flags, terminal);
  });
  const suggestions = asOptions(
    program.command("suggestions").description("what machines left to people, and waits for them"),
  );
  bind(suggestions, async () => (await import("../commands/suggestions.ts")).runSuggestions);
  const explain = asOptions(
    program
      .command("explain")
      .argument("<id>", "of a verdict, suggestion or inquiry, c:N, or X-Ostraka-Decision")
      .description("walk back from a denial to what it rests on"),
  );
  bind(explain, async () => (await import("../commands/explain.ts")).runExplain);
  const replay = program
    .command("replay")
    .argument("<file>", "a log")
    .description("what a sidecar would have done on logs you already have")
    .option("--source <source>", "auth-log, auto, or a log format such as dovecot")
    .option("--year <year>", "year of the first line, where the log names none")
    .option("--tz <zone>", "time zone of times without an offset", "UTC")
    .option("--host <name>", "name of the host in subjects of system accounts", "localhost")
    .option("--realm <realm>", "realm of user names", "local")
    .option("--learned-share <share>", "of the false-alarm budget for learned evidence", "0%")
    .option("--rules <places>", "starter, or rule files and folders, with commas between")
    .option("--without <detectors>", "names of detectors whose bets count for nothing")
    .addOption(jsonOption());
  bind(replay, async () => (await import("../commands/replay.ts")).runReplayCommand);
}
