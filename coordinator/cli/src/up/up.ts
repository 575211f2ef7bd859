// `ostraka up`: an embedded mesh of separate processes on this machine, and the story that shows
// what it does. Owns the order of a run and its end: whatever happens, no process that it started
// is left.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { watchParent } from "@ostraka/host/parent-watch";
import { askCoordinators, furthestOf, troublesOf } from "../ask-coordinators.ts";
import { EXIT, sentenceOf, usage } from "../failure.ts";
import { initMesh } from "../init/init-mesh.ts";
import { pathsOf, readMeshFile } from "../mesh-dir.ts";
import { bringUp, type EmbeddedMesh } from "./embedded-mesh.ts";
import { ledgerAct } from "./ledger-act.ts";
import { Narrator } from "./narrator.ts";
import { StopRequest } from "./stop-request.ts";
import { type StoryTold, tellStory } from "./story.ts";
import type { StoryParts } from "./story-parts.ts";
import { Supervisor } from "./supervisor.ts";
import { TraceBook } from "./trace-book.ts";
import { HostLog } from "./traffic/host-log.ts";
import { Random } from "./traffic/random.ts";
import { endVisits } from "./traffic/visitor.ts";
import { readUpOptions, type UpOptions, type UpWishes } from "./up-options.ts";
import { UpState } from "./up-state.ts";

const DEFAULT_DATA = ".ostraka";
const DEFAULT_COORDINATORS = 1;
const DEFAULT_NATS = 1;
const DEFAULT_SIDECARS = 3;
/**
 * The default policy asks for two hosts, and the attacker is refused on one that it never attacked.
 */
const STORY_HOSTS_MIN = 2;
/** Of the default policy: witness hosts, and fault domains, that a machine verdict needs. */
const POLICY_HOSTS_MIN = 2;

/**
 * Runs an embedded mesh until the end of the story (`once`) or until somebody stops it.
 * @returns exit code: 0, or 1 when the story did not hold.
 * @throws OstrakaError OSTRAKA_USAGE for flags or another shape of mesh, OSTRAKA_DATA_LOCKED.
 */
export async function runUp(options: UpOptions): Promise<number> {
  const wishes = readUpOptions(options);
  const isTemporary = wishes.data === undefined && wishes.isOnce;
  if (!isTemporary) checkShape(resolve(wishes.data ?? DEFAULT_DATA), wishes);
  const dir = isTemporary
    ? mkdtempSync(join(tmpdir(), "ostraka-up-"))
    : resolve(wishes.data ?? DEFAULT_DATA);
  try {
    const { code, isStopped } = await runIn(dir, wishes);
    // What was under way when somebody stopped may wait long for an answer: it is let go.
    if (isStopped) setImmediate(() => process.exit(code));
    return code;
  } finally {
    if (isTemporary) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A mesh of another shape is somebody's mesh: it is neither changed nor started. */
function checkShape(dir: string, wishes: UpWishes): void {
  if (!existsSync(pathsOf(dir).mesh)) {
    checkFollow(wishes, wishes.sidecars ?? DEFAULT_SIDECARS);
    return;
  }
  const file = readMeshFile(dir);
  const { coordinators, nats, sidecars } = wishes;
  const shape = [
    { what: "coordinators", wanted: coordinators, has: file.coordinators.length },
    { what: "NATS servers", wanted: nats, has: file.nats.length },
    { what: "sidecars", wanted: sidecars, has: file.sidecars },
  ];
  for (const { what, wanted, has } of shape) {
    if (wanted === undefined || wanted === has) continue;
    throw usage(`${dir} holds a mesh of ${has} ${what}, not ${wanted}: ${OTHER}`);
  }
  checkFollow(wishes, file.sidecars);
}

const OTHER = "leave the flag out, or name another directory with --data";

function checkFollow({ follow, hasReplay }: UpWishes, sidecars: number): void {
  if (sidecars < POLICY_HOSTS_MIN) {
    throw usage(
      `a mesh of ${sidecars} sidecar cannot meet its policy, which asks for ${POLICY_HOSTS_MIN} ` +
        "hosts of as many fault domains: --sidecars 2 or more",
    );
  }
  for (const [host, file] of follow) {
    const number = Number(/^host-(\d+)$/.exec(host)?.[1]);
    if (!(number >= 1 && number <= sidecars)) {
      throw usage(`--follow ${host}: this mesh has host-1 to host-${sidecars}`);
    }
    if (!existsSync(file)) throw usage(`--follow ${host}=${file}: there is no such file`);
  }
  if (hasReplay && sidecars - follow.size < STORY_HOSTS_MIN) {
    throw usage("the replay needs two hosts of its own: more --sidecars, or --no-replay");
  }
}

interface Outcome {
  readonly code: number;
  /** Somebody stopped it. */
  readonly isStopped: boolean;
}

async function runIn(dir: string, wishes: UpWishes): Promise<Outcome> {
  const narrator = new Narrator(wishes.isJson ? process.stderr : process.stdout);
  const startedMs = performance.now();
  // Whoever insists ends this process, and its end takes the children along.
  const stop = new StopRequest(() => process.exit(EXIT.no));
  // The front door may be killed without a word: the mesh does not outlive it.
  const unwatch = watchParent(process.env, () => stop.ask());
  if (existsSync(pathsOf(dir).mesh)) narrator.plain(`going on with the mesh in ${dir} …`);
  else {
    narrator.plain(`making a mesh in ${dir} …`);
    await makeMesh(dir, wishes);
  }
  const state = await UpState.take(dir);
  const book = new TraceBook();
  const supervisor = new Supervisor({
    env: process.env,
    onTrace: (line) => book.add(line),
    say: (line) => narrator.event(line, "yellow"),
    onPids: (pids) => state.setChildren(pids),
  });
  try {
    const say = (line: string) => narrator.plain(line);
    const starting = bringUp({ dir, state, supervisor, follow: wishes.follow, say });
    const running = starting.then(async (mesh) => {
      showMesh(narrator, mesh, startedMs);
      try {
        await tellTroubles(narrator, mesh);
        return await runStory(mesh, { wishes, narrator, book, state, stop });
      } finally {
        mesh.client.close();
      }
    });
    running.catch(() => undefined); // when somebody stopped first, what it was doing fails: no news
    const code = await Promise.race([running, stop.wanted().then(() => interrupted(wishes))]);
    return { code, isStopped: stop.signal.aborted };
  } finally {
    endVisits();
    await supervisor.stop();
    state.release();
    stop.dispose();
    unwatch();
  }
}

/** Stopping a mesh that stays up is its proper end; stopping the story is not. */
function interrupted({ isOnce }: UpWishes): number {
  return isOnce ? EXIT.no : EXIT.done;
}

/** What `init` makes in a directory; a run that was killed on the way has left some of it. */
const HALF_MADE = ["ca", "coordinators", "genesis.json", "hosts", "keys", "nats", "pending"];

/** Makes the mesh; what a killed run left half made is made anew, and nothing else is touched. */
async function makeMesh(dir: string, wishes: UpWishes): Promise<void> {
  const marker = `${dir}.making`;
  if (existsSync(marker)) {
    const known = [...HALF_MADE, "policy.yaml"];
    const names = existsSync(dir) ? readdirSync(dir) : [];
    if (names.every((name) => known.includes(name))) rmSync(dir, { recursive: true, force: true });
  }
  mkdirSync(dirname(dir), { recursive: true });
  writeFileSync(marker, "");
  try {
    await initMesh({
      dir,
      coordinators: wishes.coordinators ?? DEFAULT_COORDINATORS,
      nats: wishes.nats ?? DEFAULT_NATS,
      sidecars: wishes.sidecars ?? DEFAULT_SIDECARS,
    });
  } finally {
    rmSync(marker, { force: true });
  }
}

interface RunParts {
  readonly wishes: UpWishes;
  readonly narrator: Narrator;
  readonly book: TraceBook;
  readonly state: UpState;
  readonly stop: StopRequest;
}

async function runStory(mesh: EmbeddedMesh, parts: RunParts): Promise<number> {
  const { wishes, narrator, stop } = parts;
  if (wishes.isOnce && !wishes.hasReplay) return await verifyOnly(mesh, parts);
  const told = wishes.hasReplay ? await tell(mesh, parts) : undefined;
  if (wishes.isOnce) return told?.faults.length === 0 ? EXIT.done : EXIT.no;
  showNext(narrator, mesh, wishes, told?.figures.verdicts[0]?.id);
  await stop.wanted();
  return EXIT.done;
}

async function tell(mesh: EmbeddedMesh, parts: RunParts): Promise<StoryTold> {
  const { wishes, narrator, book, state } = parts;
  const run = state.runs;
  state.countRun();
  const random = new Random(wishes.seed + run);
  const logs = mesh.hosts
    .filter((host) => !host.isFollowing)
    .map(({ name, log }, i) => new HostLog(name, log, i % 2 === 0 ? "iso" : "rfc3164", random));
  const isFast = wishes.isJson || !narrator.isTerminal;
  const asked = { count: 0 };
  const story: StoryParts = { mesh, book, narrator, random, logs, run, asked, isFast };
  const told = await tellStory(story, wishes.seed);
  showEnd(narrator, told.faults);
  if (wishes.isJson) process.stdout.write(`${JSON.stringify(told.figures)}\n`);
  return told;
}

/** `--once --no-replay`: the mesh comes up, its ledger is checked, and it goes. */
async function verifyOnly(mesh: EmbeddedMesh, { wishes, narrator }: RunParts): Promise<number> {
  const ledger = await ledgerAct(mesh, narrator);
  if (wishes.isJson) {
    const { seed } = wishes;
    const none = { events: 0, signals: 0, verdicts: [], coverage: { expected: 0, got: 0 } };
    const people = { honestDenied: 0, killSwitch: { approvals: 0, latencyMs: 0 } };
    process.stdout.write(`${JSON.stringify({ seed, ...none, ...people, ledger })}\n`);
  }
  return ledger.verified ? EXIT.done : EXIT.no;
}

function showMesh(narrator: Narrator, mesh: EmbeddedMesh, startedMs: number): void {
  const { file, hosts, natsText } = mesh;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const many = file.coordinators.length;
  const coordinators = many === 1 ? "1 coordinator" : `${many} coordinators`;
  narrator.title(`A mesh runs on this machine, ready in ${seconds} s`);
  narrator.plain(`  ${natsText}, ${coordinators}, ${hosts.length} sidecars, each a process`);
  for (const { name, ports, isFollowing, log } of hosts) {
    const follows = isFollowing ? `, follows ${log}` : "";
    narrator.plain(
      `  ${name}: a service on http://127.0.0.1:${ports.service} behind its gate${follows}`,
    );
  }
}

/** What is wrong comes up all the same: that is said here, not found out. */
async function tellTroubles(narrator: Narrator, mesh: EmbeddedMesh): Promise<void> {
  try {
    const asked = await askCoordinators(mesh);
    const { notes } = furthestOf(asked);
    const troubles = troublesOf(asked).filter(({ state }) => state !== "damaged");
    for (const { sentence } of troubles) narrator.event(sentence, "red");
    const damage = notes.filter((note) => note.startsWith("JOURNAL_DAMAGED"));
    for (const note of damage) narrator.event(note, "red");
  } catch (error) {
    narrator.plain(`  its status cannot be asked: ${sentenceOf(error, {})}`);
  }
}

function showEnd(narrator: Narrator, faults: StoryTold["faults"]): void {
  narrator.title(faults.length === 0 ? "All of it held." : "NOT all of it held:");
  for (const fault of faults) narrator.plain(`  ${fault}`);
}

function showNext(
  narrator: Narrator,
  mesh: EmbeddedMesh,
  wishes: UpWishes,
  verdictId: string | undefined,
): void {
  const isDefault = mesh.paths.dir === resolve(DEFAULT_DATA);
  const data = isDefault ? "" : ` --data ${wishes.data ?? mesh.paths.dir}`;
  narrator.title("The mesh stays up; Ctrl-C stops it. In another terminal, try:");
  narrator.plain(`  npx ostraka status${data}`);
  narrator.plain(
    verdictId === undefined
      ? `  npx ostraka host list${data}`
      : `  npx ostraka explain ${verdictId}${data}`,
  );
  narrator.plain(
    `  npx ostraka propose user:local/ana --stage suspend --ttl 10m --reason "lost phone" ` +
      `--as olga${data}`,
  );
  narrator.plain(`  npx ostraka ledger tail${data}`);
}
