// What a coordinator or a host pays to come to where the others are: replay of the own journal,
// restart with and without a snapshot, a wiped replica, a newcomer. Each beside the floor that no
// program can pass: reading the same rows and hashing them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore, type SqliteStore } from "@ostraka/host";
import { type Crypto, LEDGERS, Ledger } from "@ostraka/proto";
import { catchUpReplica, catchUpSidecar } from "../catch-up.ts";
import { History, Seat } from "../history.ts";
import { type Bench, interleave, newRow, type Result, type Row } from "../row.ts";

const ROUNDS = 3;
/** As `LIMITS.snapshotEvery` messages of hosts that signal one subject each. */
const SNAPSHOT_EVERY = 50;
const NO_SNAPSHOT = 100_000;

export const history: Bench = {
  name: "history",
  run: (say) => measure(5_000, ROUNDS, say),
};

/** The same with as many revocations as the goals name: minutes, so only when it is asked for. */
export const fullHistory: Bench = {
  name: "history-100k",
  isOnRequest: true,
  run: (say) => measure(100_000, 1, say),
};

async function measure(
  revocations: number,
  rounds: number,
  say: (line: string) => void,
): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), "ostraka-bench-"));
  const path = join(dir, "state.sqlite");
  try {
    const startMs = performance.now();
    const made = History.make({ path, revocations, snapshotEvery: SNAPSHOT_EVERY });
    const tookMs = performance.now() - startMs;
    say(`${revocations} revocations made through the real machine in ${Math.round(tookMs)} ms`);
    const caughtUp = await catchUps(made, revocations, dir, rounds);
    const plainPath = join(dir, "plain.sqlite");
    const isFull = rounds === 1;
    const plain = isFull
      ? undefined
      : History.make({ path: plainPath, revocations, snapshotEvery: NO_SNAPSHOT });
    const restarted = plain === undefined ? [] : await restarts(made, plain, rounds);
    plain?.seat.store.close();
    made.seat.store.close();
    return { rows: [...restarted, ...caughtUp], skipped: [] };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Milliseconds that something takes. */
function timed(act: () => void): number {
  const startMs = performance.now();
  act();
  return performance.now() - startMs;
}

/** Reads rows and hashes them. @returns how many there were. */
function readAndHash(crypto: Crypto, store: SqliteStore, ...prefixes: readonly string[]): number {
  let rows = 0;
  for (const prefix of prefixes) {
    for (const [, bytes] of store.scan(prefix)) {
      crypto.sha256(bytes);
      rows++;
    }
  }
  return rows;
}

async function catchUps(
  made: History,
  revocations: number,
  dir: string,
  rounds: number,
): Promise<Row[]> {
  const { crypto } = made.kit;
  const { store } = made.seat;
  let files = 0;
  const withNew = (act: (fresh: SqliteStore) => void) => {
    const path = join(dir, `fresh-${files++}.sqlite`);
    const fresh = openSqliteStore(path);
    try {
      return timed(() => act(fresh));
    } finally {
      fresh.close();
      for (const end of ["", "-wal", "-shm", ".lock"]) rmSync(`${path}${end}`, { force: true });
    }
  };
  const sides = [
    () => withNew((fresh) => catchUpReplica(made, fresh)),
    () => timed(() => readAndHash(crypto, store, "record/", "snapshot/")),
    () => withNew((fresh) => catchUpSidecar(made, fresh, revocations)),
    () => timed(() => readAndHash(crypto, store, "record/")),
  ];
  // Where one round is all there is time for, it is the one that counts.
  const medians = rounds === 1 ? sides.map((side) => side()) : await interleave(rounds, ...sides);
  const [replica = 0, replicaFloor = 1, newcomer = 0, newcomerFloor = 1] = medians;
  const of = `${revocations.toLocaleString("en")} revocations`;
  const shared = { goal: 2, direction: "at-most", beside: "their rows read and hashed" } as const;
  return [
    newRow({
      ...shared,
      name: `wiped replica caught up, ${of}`,
      ours: replica,
      floor: replicaFloor,
      unit: "ms, snapshot, records, journal",
    }),
    newRow({
      ...shared,
      name: `newcomer enforces, ${of}`,
      ours: newcomer,
      floor: newcomerFloor,
      unit: "ms, every warrant verified",
    }),
  ];
}

/** Restarts of two coordinators with the same past: one has made snapshots, one never did. */
async function restarts(made: History, plain: History, rounds: number): Promise<Row[]> {
  const { crypto } = made.kit;
  const journal = () => readAndHash(crypto, plain.seat.store, "journal/");
  const messages = journal();
  const medians = await interleave(
    rounds,
    () => timed(() => reopen(plain)),
    () => timed(journal),
    () => timed(() => reopen(made)),
    () => timed(() => readAndHash(crypto, made.seat.store, "record/", "snapshot/")),
  );
  const [without = 1, bare = 1, quick = 1, quickFloor = 1] = medians;
  const shared = { goal: 2, direction: "at-most", unit: "ms" } as const;
  return [
    newRow({
      name: "journal replay",
      ours: (messages / without) * 1_000,
      floor: (messages / bare) * 1_000,
      goal: 0.5,
      direction: "at-least",
      unit: "messages/s, of up to 128 signals each",
      beside: "the same rows read and hashed",
    }),
    newRow({
      ...shared,
      name: "restart without a snapshot",
      ours: without,
      floor: bare,
      beside: "the journal read and hashed",
    }),
    newRow({
      ...shared,
      name: "restart with a snapshot",
      ours: quick,
      floor: quickFloor,
      beside: "records and snapshot read and hashed",
    }),
  ];
}

/** A coordinator's process comes back to its store, and stands where it stood. */
function reopen({ kit, seat }: History): void {
  const [person] = kit.coordinators as [(typeof kit.coordinators)[number]];
  const again = new Seat(kit, person, seat.store);
  again.open();
  const isLevel = LEDGERS.every((l) => again.node.nextPosition(l) === seat.node.nextPosition(l));
  if (!isLevel) throw new Error(`a restart stops: ${again.node.status(Ledger.SIGNALS).damage}`);
}
