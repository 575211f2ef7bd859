// `up` on a NATS server that somebody else runs: OSTRAKA_NATS_URL names it, OSTRAKA_NATS_CREDS lets
// it in. No server of ours is started, and credentials that do not fit are said in words.

import { join } from "node:path";
import {
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  type NatsAuthority,
  writeSecretFile,
} from "@ostraka/host";
import { describe, expect, it } from "vitest";
import { natsVersion, startNats } from "../../../integration/nats-server.ts";
import { readRun } from "../../kit/run-json.ts";
import { Stand, until } from "../../kit/up-run.ts";

const STORY_MS = 170_000;

/** Credentials of a user of that server who may do everything in its account. */
function writeCreds(stand: Stand, authority: NatsAuthority, name: string): string {
  const user = createNatsUserKey();
  const permissions = { publish: [">"], subscribe: [">"] };
  const jwt = authority.issueUser({ name: "mesh", publicKey: user.publicKey, permissions });
  const file = join(stand.dir, name);
  writeSecretFile(file, credsFile(jwt, user.seed));
  return file;
}

const isAble = natsVersion() !== undefined;
if (!isAble) process.stderr.write("skipped: no nats-server (apt install nats-server)\n");

describe.skipIf(!isAble)("up on somebody else's NATS server", () => {
  it(
    "tells the whole story there and starts no server of its own",
    async () => {
      using stand = new Stand();
      const authority = createNatsAuthority("theirs");
      await using nats = await startNats(authority);
      const env = {
        OSTRAKA_NATS_URL: nats.url,
        OSTRAKA_NATS_CREDS: writeCreds(stand, authority, "theirs.creds"),
      };
      const up = stand.start(["up", "--once", "--json", "--data", stand.data], env);
      await up.says(/the NATS server of OSTRAKA_NATS_URL/);
      expect(stand.natsServer()).toBeUndefined();
      readRun(await up.ended, 3);
      expect(stand.processes()).toEqual([]);
    },
    STORY_MS,
  );

  it(
    "says so when that server lets it not in, and leaves nothing running",
    async () => {
      using stand = new Stand();
      await using nats = await startNats(createNatsAuthority("theirs"));
      const env = {
        OSTRAKA_NATS_URL: nats.url,
        OSTRAKA_NATS_CREDS: writeCreds(stand, createNatsAuthority("others"), "others.creds"),
      };
      const up = stand.start(["up", "--once", "--json", "--data", stand.data], env);
      const { code, stderr } = await up.ended;
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/refuses the credentials of coordinator-1: renew them/);
      await until(() => stand.processes().length === 0, 10_000, "every process has ended");
    },
    STORY_MS,
  );
});
