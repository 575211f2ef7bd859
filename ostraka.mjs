#!/usr/bin/env node
// @ts-check
// The front door: runs on Node 20, makes the workspace whole, and hands over to the pinned Node 24.
// Owns the bootstrap (npm ci, then npm rebuild node) and its stamp. Speaks on stderr only: stdout
// belongs to the command. Must never leave a half-made install that the next run would trust.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LockHeld, nameOwner, releaseLock, takeLock } from "./bootstrap/lock.mjs";

const ROOT = dirname(fileURLToPath(import.meta.url));
const MODULES = join(ROOT, "node_modules");
const NODE = join(MODULES, "node", "bin", "node");
const STAMP = join(MODULES, ".cache", "ostraka", "bootstrap");
// Beside node_modules, not in it: `npm ci` begins by removing node_modules whole.
const LOCK = join(ROOT, ".bootstrap.lock");

const NODE_MAJOR_MIN = 20;
const INSTALL_MS_MAX = 15 * 60_000;
const NPM_OUTPUT_MAX = 64 * 1024;
/** @type {NodeJS.Signals[]} */
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];
const EXIT_USAGE = 2;

const MAIN = "coordinator/cli/src/main.mjs";
/** `ostraka.mjs run NAME`: what the npm scripts start behind the same bootstrap. */
const SCRIPTS = new Map([
  ["test", "test/run-test.ts"],
  ["test-long", "test/run-test-long.ts"],
  ["sim", "test/sim/main.ts"],
  ["bench", "test/bench/main.ts"],
  ["eval", "test/eval/main.ts"],
]);
// What an outer `npm start --json` or a production shell would otherwise impose on the inner npm.
const NPM_ENV_DROPPED =
  /^npm_config_(json|omit|include|dry_run|global|workspaces?|ignore_scripts)$/i;

const NPM_DETAIL = /^(code|errno|syscall|path|dest|address|port|type|network|command) /;

/** A failure that is told in one plain line. */
class Refusal extends Error {}

/** The bootstrap was told to stop; `signal` is passed on. */
class Stopped extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`ostraka: ${line}\n`);
}

/** @param {string} path @returns {any} the JSON in a file, or undefined where there is none. */
function readJson(path) {
  try {
    return JSON.parse(fs.readFileSync(path, "utf8"));
  } catch {
    return undefined; // absent, unreadable or cut short: all mean "not there"
  }
}

/** @param {string} path @param {string} text */
function writeWhole(path, text) {
  const part = `${path}.${process.pid}.part`;
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(part, text);
  fs.renameSync(part, path);
}

/** What a finished install is known by: the lockfile, the machine kind and the place. */
function installKey() {
  const hash = createHash("sha256").update(fs.readFileSync(join(ROOT, "package-lock.json")));
  return hash.update(`\0${process.platform}\0${process.arch}\0${ROOT}`).digest("hex");
}

/** @param {string} key */
function isReady(key) {
  try {
    return fs.readFileSync(STAMP, "utf8") === key && fs.statSync(NODE).size > 0;
  } catch {
    return false; // no stamp or no binary
  }
}

/**
 * True when node_modules holds what the lockfile says. npm writes its hidden lockfile last, so an
 * interrupted install has none.
 * @param {any} lock
 */
function isInstalled(lock) {
  const hidden = readJson(join(MODULES, ".package-lock.json"))?.packages ?? {};
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = hidden[path];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    const isSame = found.version === wanted.version && found.integrity === wanted.integrity;
    return isSame && fs.existsSync(join(ROOT, path, "package.json"));
  });
}

/** True when the pinned binary runs here and is the version of the lockfile. @param {any} lock */
async function isNodePinned(lock) {
  if (!fs.existsSync(NODE)) return false;
  const result = await runQuietly(NODE, ["--version"], process.env);
  return result.output.trim() === `v${lock.packages["node_modules/node"]?.version}`;
}

/**
 * Runs a command with its output kept (the last part of it), passing signals on.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {(pid: number) => void} [onPid]
 * @returns {Promise<{code: number | null, output: string, isMissing: boolean}>}
 */
function runQuietly(command, args, env, onPid) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    /** @type {NodeJS.Signals | undefined} */
    let stop;
    const keep = (/** @type {Buffer} */ part) => {
      output = (output + part).slice(-NPM_OUTPUT_MAX);
    };
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      stop = signal;
      child.kill(signal);
    };
    const timer = setTimeout(() => child.kill("SIGKILL"), INSTALL_MS_MAX);
    const settle = (/** @type {number | null} */ code, isMissing = false) => {
      clearTimeout(timer);
      for (const signal of FORWARDED) process.off(signal, onSignal);
      if (stop === undefined) resolve({ code, output, isMissing });
      else reject(new Stopped(stop));
    };
    for (const signal of FORWARDED) process.on(signal, onSignal);
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => settle(null, "code" in error && error.code === "ENOENT"));
    child.on("close", (code) => settle(code));
    if (child.pid !== undefined) onPid?.(child.pid);
  });
}

/** @param {string[]} args @param {string} what */
async function npm(args, what) {
  const kept = Object.entries(process.env).filter(([name]) => !NPM_ENV_DROPPED.test(name));
  const flags = ["--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const env = Object.fromEntries(kept);
  const result = await runQuietly("npm", [...args, ...flags], env, (pid) => nameOwner(LOCK, pid));
  if (result.isMissing) {
    throw new Refusal(
      `npm is not on the PATH. Install Node.js ${NODE_MAJOR_MIN} or newer with npm.`,
    );
  }
  if (result.code === 0) return;
  const lines = result.output.split("\n").map((line) => line.replace(/^npm (error|ERR!) ?/, ""));
  const told = lines.filter((line) => line.trim() !== "" && !NPM_DETAIL.test(line));
  const why = (told[0] ?? `exit code ${result.code}`).trim().replace(/\.+$/, "");
  const advice = why.includes("in sync")
    ? "package.json and package-lock.json must be changed together"
    : "Check the network and the npm registry, then run again";
  throw new Refusal(`${what} failed: ${why}. ${advice}.`);
}

/** @param {string} key */
async function installUnderLock(key) {
  const lock = readJson(join(ROOT, "package-lock.json"));
  if (lock === undefined) throw new Refusal("package-lock.json is missing or broken here.");
  const startMs = Date.now();
  let isTold = false;
  if (!isInstalled(lock)) {
    say(`installing dependencies (${fs.existsSync(STAMP) ? "lockfile changed" : "first run"})…`);
    isTold = true;
    await npm(["ci", "--ignore-scripts", "--include=dev"], "npm ci");
  }
  if (!(await isNodePinned(lock))) {
    if (!isTold) say("fetching the pinned Node.js…");
    isTold = true;
    // A wrong or cut-off binary stands first on the PATH of the script that would replace it.
    fs.rmSync(NODE, { force: true });
    fs.rmSync(join(MODULES, "node", "node_modules"), { recursive: true, force: true });
    await npm(["rebuild", "node", "--ignore-scripts=false"], "npm rebuild node");
    if (!(await isNodePinned(lock))) {
      throw new Refusal(`the pinned Node.js does not run here. Remove ${MODULES}, then run again.`);
    }
  }
  writeWhole(STAMP, key); // LAST: everything the stamp vouches for is in place
  if (isTold) say(`ready after ${Math.round((Date.now() - startMs) / 1000)} s`);
}

async function bootstrap() {
  const key = installKey();
  if (isReady(key)) return;
  await takeLock(LOCK, INSTALL_MS_MAX, (pid) => {
    say(`another start (process ${pid}) is installing; waiting for it…`);
  });
  try {
    if (!isReady(key)) await installUnderLock(key);
  } finally {
    releaseLock(LOCK);
  }
}

/** @param {string[]} argv @returns {string[]} arguments for the pinned Node */
function commandOf(argv) {
  if (argv[0] !== "run") return [join(ROOT, MAIN), ...argv];
  const name = argv[1] ?? "";
  if (name === "node-version") return ["--version"];
  const script = SCRIPTS.get(name);
  if (script === undefined)
    throw new Refusal(`run what? One of ${[...SCRIPTS.keys()].join(", ")}.`);
  return [join(ROOT, script), ...argv.slice(argv[2] === "--" ? 3 : 2)];
}

/** Runs the pinned Node in our place and ends as it ends. @param {string[]} args */
function handOver(args) {
  const cache = process.env["NODE_COMPILE_CACHE"] ?? join(MODULES, ".cache", "compile");
  // Whoever kills us without a word ends the command too; a script of `run` starts children of its
  // own, and they are not ours.
  const isCommand = args[0] === join(ROOT, MAIN);
  const parent = isCommand ? { OSTRAKA_PARENT_PID: String(process.pid) } : {};
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, ...parent };
  const child = spawn(fs.realpathSync(NODE), args, { stdio: "inherit", env });
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of FORWARDED) {
    // Ctrl-C reaches the whole foreground group: a second copy would read as "now, at once".
    process.on(signal, () => (signal === "SIGINT" && isTerminal) || child.kill(signal));
  }
  child.on("error", (error) => fail(new Refusal(`cannot start ${NODE}: ${error.message}`)));
  child.on("exit", (code, signal) => (signal ? endBy(signal) : process.exit(code ?? 1)));
}

/** @param {NodeJS.Signals} signal */
function endBy(signal) {
  for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
  process.exitCode = 128 + (constants.signals[signal] ?? 0);
  process.kill(process.pid, signal);
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof Stopped) return endBy(error.signal);
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof LockHeld) say(`${why}. End it, then run again.`);
  else say(why.replace(/\s*\n\s*/g, " "));
  process.exit(EXIT_USAGE);
}

try {
  if (parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
    throw new Refusal(`needs Node.js ${NODE_MAJOR_MIN} or newer; this is ${process.version}.`);
  }
  const args = commandOf(process.argv.slice(2));
  await bootstrap();
  if (args[0] !== "--version" && !fs.existsSync(/** @type {string} */ (args[0]))) {
    throw new Refusal(`${args[0]} is missing. Is this a whole checkout?`);
  }
  handOver(args);
} catch (error) {
  fail(error);
}
