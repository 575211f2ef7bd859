// Decision look-up with a million revocations in force: the real deny set answering permits,
// beside a Map and a Set of the same subjects; what its table and what each revocation costs in
// memory; and whether answers stay as quick while verdicts arrive.

import { openCrypto } from "@ostraka/host";
import { decode, encode, Ledger, RevocationSchema, type SubjectText } from "@ostraka/proto";
import { DenyIndex } from "../../../agents/src/enforcer/deny-index.ts";
import { DenySet } from "../../../agents/src/enforcer/index.ts";
import { keyedHash } from "../../../agents/src/enforcer/keyed-hash.ts";
import { liveBytes } from "../collect.ts";
import { addressSubject, revocation } from "../revocations.ts";
import { type Bench, interleave, newRow, quantile, type Result, type Row } from "../row.ts";

const HELD = 1_000_000;
const FEW = 100_000;
/** Requests of one measurement: each subject is asked for once, as a fresh string. */
const ASKED = 100_000;
const ROUNDS = 7;
/** Revocations that arrive a second in the last row. */
const ARRIVING = 10_000;
/** Decisions taken in a row for one sample of their time. */
const SAMPLE = 64;
const SAMPLES = 3_000;
const NOW_MS = 1_900_000_000_000;
const TIME = { machineMs: NOW_MS, headMs: NOW_MS, wallMs: NOW_MS };
const AT = { ledger: Ledger.SIGNALS, index: 1 } as const;
const KEY = Uint8Array.of(3, 1, 4, 1, 5, 9, 2, 6);

export const lookUp: Bench = { name: "look-up", run };

async function run(say: (line: string) => void): Promise<Result> {
  const memory = [tableMemory(), heldMemory(say)];
  const crypto = openCrypto();
  const denySet = new DenySet(crypto, { host: "host-1", labels: () => [] });
  for (let n = 0; n < HELD; n++) denySet.add(revocation(n), addressSubject(n), AT);
  const speed = await speeds(denySet);
  checkAnswers(denySet);
  return { rows: [...speed, ...memory, arrivals(denySet)], skipped: [] };
}

async function speeds(denySet: DenySet): Promise<Row[]> {
  const map = new Map<SubjectText, number>();
  for (let n = 0; n < HELD; n++) map.set(addressSubject(n), n);
  const set = new Set(map.keys());
  let from = HELD;
  const side = (isDenied: (subject: SubjectText) => boolean) => () => {
    from += ASKED;
    return permitsPerSecond(from, isDenied);
  };
  const [ours = 0, ofMap = 1, ofSet = 1] = await interleave(
    ROUNDS,
    side((subject) => denySet.decide({ subjects: [subject] }, TIME) !== undefined),
    side((subject) => map.get(subject) !== undefined),
    side((subject) => set.has(subject)),
  );
  const shared = { ours, direction: "at-least", goal: 4, unit: "permits/s, 1M in force" } as const;
  return [
    newRow({ ...shared, name: "decision look-up", floor: ofMap, beside: "Map.get" }),
    newRow({ ...shared, name: "decision look-up, Set", floor: ofSet, beside: "Set.has" }),
  ];
}

function permitsPerSecond(from: number, isDenied: (subject: SubjectText) => boolean): number {
  const asked = Array.from({ length: ASKED }, (_, i) => addressSubject(from + i));
  const startMs = performance.now();
  let denied = 0;
  for (const subject of asked) if (isDenied(subject)) denied++;
  const tookMs = performance.now() - startMs;
  if (denied > 0) throw new Error(`${denied} of ${ASKED} honest subjects were denied`);
  return (ASKED / tookMs) * 1000;
}

function checkAnswers(denySet: DenySet): void {
  for (let n = 0; n < HELD; n += 97) {
    const held = denySet.decide({ subjects: [addressSubject(n)] }, TIME);
    if (held?.subject !== addressSubject(n)) throw new Error(`revocation ${n} was not enforced`);
  }
}

/**
 * The table alone: the subjects' texts are the revocations' own, in the Set they are its content.
 */
function tableMemory(): Row {
  const isOf = (value: number, subject: SubjectText) => addressSubject(value - 1) === subject;
  const index = new DenyIndex(keyedHash(KEY), isOf);
  for (let n = 0; n < HELD; n++) index.set(addressSubject(n), n + 1);
  const before = liveBytes();
  const set = new Set<SubjectText>();
  for (let n = 0; n < HELD; n++) set.add(addressSubject(n));
  const floor = (liveBytes() - before) / set.size;
  const ours = index.tableBytes / index.size;
  return newRow({
    name: "look-up memory",
    ours,
    floor,
    goal: 0.25,
    direction: "at-most",
    unit: "bytes an entry at 1M",
    beside: "Set of strings",
  });
}

/** Everything that the deny set keeps of a revocation. */
function heldMemory(say: (line: string) => void): Row {
  const crypto = openCrypto();
  const beforeSet = liveBytes();
  const set = new Set<SubjectText>();
  for (let n = 0; n < FEW; n++) set.add(addressSubject(n));
  const floor = liveBytes() - beforeSet;
  const before = liveBytes();
  const denySet = new DenySet(crypto, { host: "host-1", labels: () => [] });
  for (let n = 0; n < FEW; n++) {
    const bytes = encode(RevocationSchema, revocation(n));
    const decoded = decode(RevocationSchema, bytes, bytes.length);
    if (decoded !== undefined) denySet.add(decoded, addressSubject(n), AT);
  }
  denySet.digest();
  const ours = liveBytes() - before;
  say(`${Math.round(ours / denySet.size)} bytes a revocation; ${set.size} subjects in the Set`);
  return newRow({
    name: "100,000 revocations held",
    ours: ours / 2 ** 20,
    floor: floor / 2 ** 20,
    // 4 MiB, over the 77 bytes a subject that a Set was measured to take.
    goal: (4 * 2 ** 20) / (77 * FEW),
    direction: "at-most",
    unit: "MiB",
    beside: "Set of their subjects",
  });
}

/** Decisions with verdicts arriving between them, the time of the verdicts included. */
function arrivals(denySet: DenySet): Row {
  let next = HELD;
  const sample = (isArriving: boolean): number => {
    const took: number[] = [];
    let dueMs = performance.now();
    for (let i = 0; i < SAMPLES; i++) {
      const from = 2 * HELD + i * SAMPLE;
      const asked = Array.from({ length: SAMPLE }, (_, j) => addressSubject(from + j));
      const arriving = { revocation: revocation(next), subject: addressSubject(next) };
      const startMs = performance.now();
      if (isArriving && startMs >= dueMs) {
        denySet.add(arriving.revocation, arriving.subject, AT);
        next++;
        dueMs = startMs + 1000 / ARRIVING;
      }
      for (const subject of asked) denySet.decide({ subjects: [subject] }, TIME);
      took.push(performance.now() - startMs);
    }
    return quantile(took, 0.99) * 1000;
  };
  sample(false);
  const quiet: number[] = [];
  const arriving: number[] = [];
  for (let round = 0; round < 5; round++) {
    quiet.push(sample(false));
    arriving.push(sample(true));
  }
  return newRow({
    name: "look-up p99, verdicts arriving",
    ours: quantile(arriving, 0.5),
    floor: quantile(quiet, 0.5),
    goal: 1,
    direction: "at-most",
    unit: `µs for ${SAMPLE} decisions, p99`,
    beside: "the same in quiet",
  });
}
