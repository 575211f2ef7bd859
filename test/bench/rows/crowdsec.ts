// `replay` from log lines to evidence, beside CrowdSec over the same file in its time machine, with
// the parsers and scenarios that its package enables: whole processes, their start included.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { AUTH_LOG, type LongLog, linesPerSecond, replayLog, writeLongLog } from "../long-log.ts";
import { type Bench, interleave, newRow, only, type Result, skip } from "../row.ts";

const NAME = "crowdsec";
/** A third of what fail2ban is given: it takes its time. */
const REPEATS = 8;
const ROUNDS = 3;
/** GOALS.md. */
const GOAL = 20;
/** Where its package puts what it enables. */
const SETTINGS = "/etc/crowdsec";
const HUB = "/var/lib/crowdsec";
const NEEDED = [`${SETTINGS}/scenarios/ssh-bf.yaml`, `${HUB}/hub/.index.json`];

export const crowdsec: Bench = { name: NAME, run };

async function run(): Promise<Result> {
  const isThere = (await exitCode("crowdsec", ["-version"])) !== undefined;
  if (!isThere || !NEEDED.every((path) => existsSync(path))) {
    return skip(NAME, "no CrowdSec with its sshd collection beside it (apt install crowdsec)");
  }
  using log = writeLongLog(REPEATS);
  if (log === undefined) return skip(NAME, `no ${AUTH_LOG}`);
  const { path, lines } = log;
  const config = await writeConfig(log);
  const [ours = 0, floor = 1] = await interleave(
    ROUNDS,
    () => linesPerSecond(lines, () => replayLog(path)),
    () => linesPerSecond(lines, () => timeMachine(config, path)),
  );
  return only(
    newRow({
      ...{ name: "replay, CrowdSec", ours, floor, goal: GOAL, direction: "at-least" },
      ...{ unit: "log lines/s, whole process", beside: "CrowdSec as its package enables it" },
    }),
  );
}

async function timeMachine(config: string, path: string): Promise<void> {
  const args = ["-c", config, "-no-capi", "-type", "syslog", "-dsn", `file://${path}`];
  const code = await exitCode("crowdsec", args);
  if (code !== 0) throw new Error(`crowdsec ${args.join(" ")} ended with ${code}`);
}

/** A setting of its own, with a store, a log-in and a port that nobody else uses. */
async function writeConfig({ folder }: LongLog): Promise<string> {
  const listen = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "crowdsec.yaml");
  const credentials = join(folder, "credentials.yaml");
  mkdirSync(join(folder, "data"));
  writeFileSync(credentials, "");
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      common: { daemonize: false, log_media: "stdout", log_level: "error" },
      config_paths: {
        config_dir: SETTINGS,
        data_dir: join(HUB, "data"),
        simulation_path: join(SETTINGS, "simulation.yaml"),
        hub_dir: join(HUB, "hub"),
        index_path: join(HUB, "hub", ".index.json"),
      },
      crowdsec_service: { parser_routines: 1 },
      cscli: { output: "human" },
      db_config: { type: "sqlite", db_path: join(folder, "data", "crowdsec.db"), use_wal: true },
      api: {
        client: { credentials_path: credentials },
        server: { listen_uri: listen, profiles_path: join(SETTINGS, "profiles.yaml") },
      },
      prometheus: { enabled: false },
    }),
  );
  const logIn = ["-c", config, "machines", "add", "bench", "--auto", "--force", "-f", credentials];
  const code = await exitCode("cscli", [...logIn, "--url", `http://${listen}`]);
  if (code !== 0) throw new Error(`cscli ${logIn.join(" ")} ended with ${code}`);
  return config;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** @returns its exit code; `undefined` when it is not there. */
async function exitCode(command: string, args: readonly string[]): Promise<number | undefined> {
  const child = spawn(command, args, { stdio: "ignore" });
  try {
    const [code] = await once(child, "exit");
    return code;
  } catch {
    return undefined; // not installed
  }
}
