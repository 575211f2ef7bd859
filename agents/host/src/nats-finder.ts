// Finds the NATS server this process may use: one that already runs, one on the PATH, or Debian's
// package unpacked into a cache. Never needs root, never starts a service, never writes outside its
// cache directory, and never fetches when OSTRAKA_INSTALL=0. Bounded: each command has a deadline.

import { type ExecFileException, execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { OstrakaError } from "@ostraka/proto";

const BINARY = "nats-server";
/** Where distributions put it that are often missing from a user's PATH. */
const EXTRA_DIRS = ["/usr/sbin", "/usr/local/sbin"];
const VERSION_MS_MAX = 10_000;
const FETCH_MS_MAX = 180_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
/** As `nats-server --version` prints it: `nats-server: v2.9.10`. */
const VERSION = /^nats-server: v?(\d+\.\d+\.\d+\S*)\s*$/m;

const ADVICE =
  "Install nats-server (Debian, Ubuntu: apt-get install nats-server), " +
  "or set OSTRAKA_NATS_URL to a server that runs.";

export interface NatsFinderOptions {
  /** Environment to read OSTRAKA_NATS_URL, _CREDS and _CA, OSTRAKA_INSTALL and PATH from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory for a fetched server, absolute; made when needed, kept for the next start. */
  readonly cacheDir: string;
  /** Told one line when something is fetched. */
  readonly say: (line: string) => void;
  /** Directories searched after the PATH; a test empties it. */
  readonly extraDirs?: readonly string[];
  /** os-release(5) file that names the distribution. */
  readonly osReleaseFile?: string;
}

export type NatsServer =
  | {
      readonly kind: "external";
      /** One, or those of a cluster. */
      readonly urls: readonly string[];
      readonly credsFile?: string;
      /** PEM of who issued the servers' certificates. */
      readonly caFile?: string;
    }
  | { readonly kind: "binary"; readonly path: string; readonly version: string };

/**
 * The NATS server to use, in this order: OSTRAKA_NATS_URL; `nats-server` on the PATH; the cache;
 * Debian's or Ubuntu's package, fetched and unpacked into the cache.
 * @throws {OstrakaError} OSTRAKA_NATS_NOT_FOUND in one line that says what to install.
 */
export async function findNatsServer(options: NatsFinderOptions): Promise<NatsServer> {
  const { env } = options;
  if (env["OSTRAKA_NATS_URL"]) return externalServer(env["OSTRAKA_NATS_URL"], env);
  const dirs = (env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  for (const dir of [...dirs, ...(options.extraDirs ?? EXTRA_DIRS)]) {
    const found = await tryBinary(join(dir, BINARY));
    if (found !== undefined) return found;
  }
  const cached = await tryBinary(cachedPath(options.cacheDir));
  return cached ?? (await fetchServer(options));
}

/** Servers of a cluster are separated by commas. */
function externalServer(text: string, env: NatsFinderOptions["env"]): NatsServer {
  const urls = text.split(",").map((url) => url.trim());
  const isUrl = (url: string) =>
    URL.canParse(url) && ["nats:", "tls:", "ws:", "wss:"].includes(new URL(url).protocol);
  if (!urls.every(isUrl)) {
    // The URL may carry a password: it is not quoted.
    throw notFound("OSTRAKA_NATS_URL is not a nats:// or tls:// URL. Correct it or unset it.");
  }
  const { OSTRAKA_NATS_CREDS: credsFile, OSTRAKA_NATS_CA: caFile } = env;
  return {
    kind: "external",
    urls,
    ...(credsFile && { credsFile }),
    ...(caFile && { caFile }),
  };
}

function cachedPath(cacheDir: string): string {
  return join(cacheDir, "unpacked", "usr", "sbin", BINARY);
}

/** The binary at a path when it is there and says a version; a broken one is passed over. */
async function tryBinary(path: string): Promise<NatsServer | undefined> {
  try {
    await access(path, constants.X_OK);
    if (!(await stat(path)).isFile()) return undefined;
  } catch {
    return undefined; // not there, or not ours to run
  }
  const result = await run(path, ["--version"], { timeoutMs: VERSION_MS_MAX });
  const version = VERSION.exec(result.output)?.[1];
  return result.error || version === undefined ? undefined : { kind: "binary", path, version };
}

async function fetchServer(options: NatsFinderOptions): Promise<NatsServer> {
  if (options.env["OSTRAKA_INSTALL"] === "0") {
    throw notFound(`No nats-server found, and OSTRAKA_INSTALL=0 forbids fetching it. ${ADVICE}`);
  }
  if (!(await isDebian(options.osReleaseFile ?? "/etc/os-release"))) {
    throw notFound(`No nats-server found on the PATH. ${ADVICE}`);
  }
  options.say(
    "no nats-server found: fetching Debian's package into the cache (no root, no service)",
  );
  await mkdir(options.cacheDir, { recursive: true });
  // A directory for each try: two starts may fetch at once, and a cut-off try is no cache.
  const work = await mkdtemp(join(options.cacheDir, "fetch-"));
  try {
    const deb = await download(work, options.env);
    const unpacked = join(work, "unpacked");
    await must("dpkg", ["-x", deb, unpacked], { timeoutMs: FETCH_MS_MAX, cwd: work });
    await putInPlace(unpacked, join(options.cacheDir, "unpacked"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const found = await tryBinary(cachedPath(options.cacheDir));
  if (found === undefined) throw notFound(`The fetched nats-server does not run here. ${ADVICE}`);
  return found;
}

/** Ubuntu says `ID_LIKE=debian`. */
async function isDebian(osReleaseFile: string): Promise<boolean> {
  try {
    const text = await readFile(osReleaseFile, "utf8");
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text);
  } catch {
    return false; // no os-release: not a Debian
  }
}

/** Downloads the package into `work`: by apt's own lists, else by lists of its own in there. */
async function download(work: string, env: NatsFinderOptions["env"]): Promise<string> {
  const common = { cwd: work, timeoutMs: FETCH_MS_MAX, env };
  // As root apt makes these itself; as anyone else it asks for them.
  await mkdir(join(work, "lists", "partial"), { recursive: true });
  await mkdir(join(work, "cache", "archives", "partial"), { recursive: true });
  const direct = await run("apt-get", ["download", ...ownState(work, false), BINARY], common);
  if (direct.error) {
    await must("apt-get", ["update", "-qq", ...ownState(work, true)], common);
    await must("apt-get", ["download", ...ownState(work, true), BINARY], common);
  }
  const deb = (await readdir(work)).find((name) => name.endsWith(".deb"));
  if (deb === undefined) throw notFound(`apt-get downloaded no package of ${BINARY}. ${ADVICE}`);
  return join(work, deb);
}

/** apt options that keep every file it writes under `work`, so that no root is needed. */
function ownState(work: string, isOwnLists: boolean): string[] {
  const options = [`Dir::Cache=${join(work, "cache")}`, "APT::Sandbox::User="];
  if (isOwnLists) options.push(`Dir::State::lists=${join(work, "lists")}`);
  return options.flatMap((option) => ["-o", option]);
}

/** Moves a whole unpacked tree to its place; another start's equal tree there is as good. */
async function putInPlace(from: string, to: string): Promise<void> {
  const isThere = (await tryBinary(join(to, "usr", "sbin", BINARY))) !== undefined;
  if (isThere) return;
  await rm(to, { recursive: true, force: true });
  try {
    await rename(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

interface RunOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NatsFinderOptions["env"];
}

interface RunResult {
  readonly error: ExecFileException | null;
  readonly output: string;
}

function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { timeoutMs: timeout, cwd, env } = options;
  return new Promise((resolve) => {
    const settings = { timeout, cwd, env: { ...process.env, ...env, LC_ALL: "C" } };
    const bounds = { maxBuffer: OUTPUT_BYTES_MAX, killSignal: "SIGKILL" } as const;
    execFile(command, args, { ...settings, ...bounds }, (error, stdout, stderr) => {
      resolve({ error, output: `${stdout}\n${stderr}` });
    });
  });
}

async function must(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { error, output } = await run(command, args, options);
  if (error === null) return;
  const told = output.split("\n").find((line) => /^(E:|dpkg)/.test(line)) ?? `${error.code ?? "?"}`;
  const what = `${command} ${args[0] ?? ""}`;
  throw notFound(`No nats-server found, and ${what} failed (${told.trim()}). ${ADVICE}`, error);
}

function notFound(message: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_NATS_NOT_FOUND", message, cause === undefined ? {} : { cause });
}
