// `up --coordinators 3 --nats 3`: the whole story on a cluster, one of whose servers is killed on
// the way. It is started again, the story names it, and nothing is lost.

import { describe, expect, it } from "vitest";
import { natsVersion } from "../../../integration/nats-server.ts";
import { verdictIdsOf } from "../../kit/exported.ts";
import { hasProc } from "../../kit/processes.ts";
import { readRun } from "../../kit/run-json.ts";
import { kill, Stand } from "../../kit/up-run.ts";

const STORY_MS = 170_000;

const isAble = hasProc && natsVersion() !== undefined;
if (!isAble) process.stderr.write("skipped: needs /proc and nats-server\n");

describe.skipIf(!isAble)("up with three of everything", () => {
  it(
    "tells its story to the end though a NATS server is killed, and says which",
    async () => {
      using stand = new Stand();
      const shape = ["--coordinators", "3", "--nats", "3"];
      const up = stand.start(["up", "--once", "--json", ...shape, "--data", stand.data]);
      await up.says(/guesses passwords/);
      const server = stand
        .processes()
        .find(({ args }) => args[0]?.endsWith("nats-server") && args.at(-1)?.includes("nats-2"));
      kill(server?.pid as number);
      const run = readRun(await up.ended, 3);
      expect(up.stderr).toMatch(/nats-2 ended \(SIGKILL\); starting it again/);
      const entered = verdictIdsOf(`${stand.data}/ledger.jsonl`);
      expect(entered.sort()).toEqual(run.verdicts.map(({ id }) => id).sort());
      expect(stand.processes()).toEqual([]);
    },
    STORY_MS,
  );
});
