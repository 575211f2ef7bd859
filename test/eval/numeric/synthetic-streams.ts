// Seeded streams of our own, on which the univariate detector's threshold and constants were
// chosen: servers, counts, weather, roads, prices, typing. Owns their making and their labels. It
// must never be shaped by a benchmark's labels, only by what such meters are known to look like.

import { Random } from "../../sim/random.ts";
import type { LabelWindow } from "./nab-marks.ts";

export interface SyntheticStream {
  readonly name: string;
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly windows: readonly LabelWindow[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A Tuesday, so that weekends fall anywhere. */
const START_MS = 1_700_000_000_000;

/** What a stream is without trouble: its value at a row, from its own chance. */
interface Meter {
  readonly stepMs: number;
  /** Share of rows whose time is moved, and of rows left out. */
  readonly jitter: number;
  readonly missing: number;
  readonly unit: number;
  value(row: number, timeMs: number): number;
}

type Maker = (chance: Random) => Meter;
type Trouble = (
  values: number[],
  at: number,
  unit: number,
  chance: Random,
  dayRows: number,
) => void;

/** Standard normal, by Box and Muller. */
export function normal(chance: Random): number {
  const u = 1 - chance.float();
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * chance.float());
}

function exponential(chance: Random): number {
  return -Math.log(1 - chance.float());
}

/** Gamma by the sum of exponentials: shapes are whole numbers here. */
function gamma(chance: Random, shape: number): number {
  let sum = 0;
  for (let i = 0; i < shape; i++) sum += exponential(chance);
  return sum / shape;
}

/** Daily shape in [0, 1]: low at night, a peak whose place and width are the stream's own. */
function dayShape(chance: Random): (timeMs: number) => number {
  const peak = chance.float();
  const sharpness = 1 + 3 * chance.float();
  const second = chance.float() * 0.5;
  const secondAt = chance.float();
  const weekend = chance.chance(0.5) ? 0.4 + 0.6 * chance.float() : 1;
  return (timeMs) => {
    const day = (timeMs % DAY_MS) / DAY_MS;
    const bump = (at: number) => (0.5 + 0.5 * Math.cos(2 * Math.PI * (day - at))) ** sharpness;
    const isWeekend = Math.floor(timeMs / DAY_MS + 4) % 7 >= 5;
    return ((bump(peak) + second * bump(secondAt)) / (1 + second)) * (isWeekend ? weekend : 1);
  };
}

const MAKERS: Readonly<Record<string, Maker>> = {
  seasonal(chance) {
    const shape = dayShape(chance);
    const noise = 0.01 + 0.15 * chance.float();
    const unit = 0.2 + noise;
    const base = 20 + 80 * chance.float();
    const value = (_: number, timeMs: number) =>
      base + 5 * (shape(timeMs) + noise * normal(chance));
    return { ...minutes(chance), unit: 5 * unit, value };
  },
  cpu(chance) {
    const base = 1 + 60 * chance.float();
    const noise = base * (0.01 + 0.1 * chance.float());
    const every = chance.int(20, 400);
    const height = noise * (4 + 20 * chance.float());
    const blips = chance.chance(0.6) ? 0.005 * chance.float() : 0;
    const value = (row: number) => {
      const cron = row % every < 2 ? height * (0.7 + 0.3 * chance.float()) : 0;
      const blip = chance.chance(blips) ? height * exponential(chance) : 0;
      return base + noise * normal(chance) + cron + blip;
    };
    return { ...minutes(chance), unit: noise * 3 + height / 4, value };
  },
  counts(chance) {
    const shape = dayShape(chance);
    const mean = 3 + 60 * chance.float();
    const depth = 0.8 * chance.float();
    let burst = 0;
    const value = (_: number, timeMs: number) => {
      if (chance.chance(0.002)) burst += mean * exponential(chance);
      burst *= 0.8;
      const rate = mean * (1 - depth + depth * shape(timeMs)) * gamma(chance, 4) + burst;
      return Math.max(0, Math.round(rate + Math.sqrt(rate) * normal(chance)));
    };
    return { ...minutes(chance), unit: mean, value };
  },
  bytes(chance) {
    const scale = 10 ** (2 + 5 * chance.float());
    let busy = false;
    const value = () => {
      if (chance.chance(busy ? 0.15 : 0.02)) busy = !busy;
      return scale * Math.exp(0.4 * normal(chance)) * (busy ? 12 : 1);
    };
    return { ...minutes(chance), unit: scale * 5, value };
  },
  idle(chance) {
    const height = 10 ** (6 * chance.float());
    const rate = 0.01 * chance.float();
    const value = () => (chance.chance(rate) ? height * (0.5 + exponential(chance)) : 0);
    return { ...minutes(chance), unit: height, value };
  },
  weather(chance) {
    const shape = dayShape(chance);
    const swing = 6 * chance.float();
    let level = 0;
    const value = (_: number, timeMs: number) => {
      level = 0.995 * level + 0.3 * normal(chance);
      return 65 + level + swing * shape(timeMs) + 0.2 * normal(chance);
    };
    return { stepMs: 60 * MINUTE_MS, jitter: 0, missing: 0.02, unit: 4, value };
  },
  machine(chance) {
    let level = 0;
    const keep = 0.98 + 0.019 * chance.float();
    const value = () => {
      level = keep * level + normal(chance);
      return 80 + level + 0.5 * normal(chance);
    };
    return { stepMs: 5 * MINUTE_MS, jitter: 0, missing: 0, unit: 2 / Math.sqrt(1 - keep), value };
  },
  road(chance) {
    const shape = dayShape(chance);
    const value = (_: number, timeMs: number) => {
      const jam = shape(timeMs) > 0.75 && chance.chance(0.3) ? 25 * chance.float() : 0;
      return Math.max(0, 70 - jam - 10 * shape(timeMs) + 4 * normal(chance));
    };
    return { stepMs: 7 * MINUTE_MS, jitter: 0.8, missing: 0.1, unit: 12, value };
  },
  prices(chance) {
    const shape = dayShape(chance);
    const value = (_: number, timeMs: number) =>
      (0.2 + 0.3 * shape(timeMs)) * Math.exp(0.35 * normal(chance));
    return { stepMs: 60 * MINUTE_MS, jitter: 0, missing: 0.01, unit: 0.2, value };
  },
  typing(chance) {
    const value = () => 0.05 + 0.04 * gamma(chance, 3) + (chance.chance(0.01) ? 0.2 : 0);
    return { stepMs: 5 * MINUTE_MS, jitter: 0.5, missing: 0.2, unit: 0.04, value };
  },
  taxi(chance) {
    const shape = dayShape(chance);
    const scale = 10_000 + 10_000 * chance.float();
    const value = (_: number, timeMs: number) =>
      scale * (0.2 + shape(timeMs)) * (1 + 0.05 * normal(chance));
    return { stepMs: 30 * MINUTE_MS, jitter: 0, missing: 0, unit: scale * 0.3, value };
  },
  square(chance) {
    const [low, high] = [10 + 30 * chance.float(), 60 + 40 * chance.float()];
    const noise = chance.chance(0.5) ? 0 : 3 * chance.float();
    const [on, off] = [6 + 4 * chance.float(), 15 + 5 * chance.float()];
    const value = (_: number, timeMs: number) => {
      const hour = (timeMs % DAY_MS) / 3_600_000;
      return (hour >= on && hour < off ? high : low) + noise * normal(chance);
    };
    return { stepMs: 5 * MINUTE_MS, jitter: 0, missing: 0, unit: (high - low) / 2, value };
  },
};

function minutes(chance: Random): { stepMs: number; jitter: number; missing: number } {
  const missing = chance.chance(0.3) ? 0.02 * chance.float() : 0;
  return { stepMs: 5 * MINUTE_MS, jitter: 0, missing };
}

/** What goes wrong, in place; `unit` is a change of the size that a person would call odd. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  spike(values, at, unit, chance) {
    const rows = chance.int(1, 4);
    const height = unit * (3 + 6 * chance.float()) * (chance.chance(0.8) ? 1 : -1);
    change(values, at, rows, (value) => value + height);
  },
  shift(values, at, unit, chance, dayRows) {
    const height = unit * (1.5 + 3 * chance.float()) * (chance.chance(0.6) ? 1 : -1);
    const rows = chance.chance(0.5) ? values.length : chance.int(dayRows >> 3, dayRows);
    change(values, at, rows, (value) => value + height);
  },
  burst(values, at, unit, chance) {
    const height = unit * (3 + 8 * chance.float());
    const half = chance.int(3, 20);
    change(values, at, half * 6, (value, i) => value + height * 0.5 ** (i / half));
  },
  flat(values, at, _, chance, dayRows) {
    const held = values[at] as number;
    change(values, at, chance.int(dayRows >> 2, dayRows), () => held);
  },
  silence(values, at, _, chance, dayRows) {
    const low = Math.min(0, ...values.slice(0, 500));
    change(values, at, chance.int(dayRows >> 3, dayRows >> 1), () => low);
  },
  noise(values, at, unit, chance, dayRows) {
    const more = unit * (1 + 2 * chance.float());
    const rows = chance.int(dayRows >> 3, dayRows);
    change(values, at, rows, (value) => value + more * normal(chance));
  },
  drift(values, at, unit, chance, dayRows) {
    const height = unit * (3 + 3 * chance.float()) * (chance.chance(0.5) ? 1 : -1);
    change(values, at, dayRows, (value, i) => value + (height * i) / dayRows);
  },
  denser(values, at, unit, chance, dayRows) {
    const every = chance.int(3, 15);
    const height = unit * (2 + 2 * chance.float());
    change(values, at, dayRows, (value, i) => (i % every === 0 ? value + height : value));
  },
  absent(values, at, _, chance, dayRows) {
    const rows = Math.max(6, Math.floor(dayRows * (0.3 + 0.4 * chance.float())));
    const base = [...values].sort((a, b) => a - b)[values.length >> 2] as number;
    const pad = chance.float();
    change(values, at, rows, (value) => base + (value - base) * 0.05 * pad);
  },
};

function change(
  values: number[],
  at: number,
  rows: number,
  become: (value: number, i: number) => number,
): void {
  for (let i = 0; i < rows && at + i < values.length; i++) {
    values[at + i] = become(values[at + i] as number, i);
  }
}

const WINDOW_SHARE = 0.1;

/**
 * The stream of a seed. As in the benchmark, its windows take a tenth of the stream together, each
 * centred on the start of its trouble, none in the first 15 %.
 */
export function syntheticStream(seed: number): SyntheticStream {
  const chance = new Random(seed);
  const kinds = Object.keys(MAKERS);
  const kind = kinds[seed % kinds.length] as string;
  const meter = (MAKERS[kind] as Maker)(chance);
  const count = chance.pick([0, 1, 1, 2, 2, 3, 4]);
  const dayRows = Math.max(12, Math.round(DAY_MS / meter.stepMs));
  const length = meter.stepMs > 20 * MINUTE_MS ? chance.int(1_500, 7_000) : chance.pick(LENGTHS);
  const times: number[] = [];
  const values: number[] = [];
  for (let row = 0; row < length; row++) {
    const even = START_MS + row * meter.stepMs;
    const value = meter.value(row, even);
    if (chance.chance(meter.missing)) continue;
    times.push(even + Math.round(meter.jitter * meter.stepMs * (chance.float() - 0.5)));
    values.push(value);
  }
  const names: string[] = [];
  const starts = troubleStarts(values.length, count, chance);
  for (const at of starts) {
    const name = chance.pick(Object.keys(TROUBLES));
    names.push(name);
    (TROUBLES[name] as Trouble)(values, at, meter.unit, chance, dayRows);
  }
  const half = Math.floor((WINDOW_SHARE * values.length) / Math.max(1, count) / 2);
  const windows = starts.map((at) => ({
    first: at - half,
    last: Math.min(values.length - 1, at + half),
  }));
  return { name: [kind, ...names].join("+"), times, values, windows };
}

const LENGTHS = [1_500, 4_000, 4_000, 4_000, 4_700, 15_000];

/** Apart by more than a window each, so that no two overlap. */
function troubleStarts(rows: number, count: number, chance: Random): number[] {
  const from = Math.floor(rows * 0.25);
  const slot = Math.floor((rows * 0.93 - from) / Math.max(1, count));
  return Array.from({ length: count }, (_, i) => {
    const width = Math.max(1, slot - Math.floor((WINDOW_SHARE * rows) / count));
    return from + i * slot + chance.int(0, width - 1);
  });
}
