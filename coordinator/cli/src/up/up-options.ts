// What `ostraka up` is asked for, checked and completed. Owns the meaning of its flags; starts
// nothing.

import { isName } from "@ostraka/agents/node";
import { usage } from "../failure.ts";

/** As the command line gives them: numbers still as text. */
export interface UpOptions {
  /** Data directory; without it `.ostraka`, or with `once` a temporary one that is removed. */
  readonly data?: string;
  /** 1 or 3; by default what the directory holds, else 1. */
  readonly coordinators?: number | string;
  /** NATS servers, 1 or 3; by default what the directory holds, else 1. */
  readonly nats?: number | string;
  /** By default what the directory holds, else 3. */
  readonly sidecars?: number | string;
  readonly seed?: number | string;
  /** To the end of the story, then stop everything. */
  readonly once?: boolean;
  /** `false` brings the mesh up and replays nothing (`--no-replay`). */
  readonly replay?: boolean;
  /** `HOST=FILE`: that host follows a real log. */
  readonly follow?: readonly string[];
  /** Narrate on stderr and print one line of JSON last on stdout. */
  readonly json?: boolean;
}

export interface UpWishes {
  readonly data: string | undefined;
  readonly coordinators: 1 | 3 | undefined;
  readonly nats: 1 | 3 | undefined;
  readonly sidecars: number | undefined;
  readonly seed: number;
  readonly isOnce: boolean;
  readonly hasReplay: boolean;
  readonly isJson: boolean;
  /** Host name to absolute or relative path of its log. */
  readonly follow: ReadonlyMap<string, string>;
}

const SIDECARS_MAX = 100;
const SEED_MAX = 2 ** 31;

/** @throws OstrakaError OSTRAKA_USAGE naming the flag. */
export function readUpOptions(options: UpOptions): UpWishes {
  const coordinators = oneOrThree("--coordinators", options.coordinators);
  const nats = oneOrThree("--nats", options.nats);
  return {
    data: options.data,
    coordinators,
    nats,
    sidecars: wholeOf("--sidecars", options.sidecars, 1, SIDECARS_MAX),
    seed: wholeOf("--seed", options.seed, 0, SEED_MAX) ?? 1,
    isOnce: options.once === true,
    hasReplay: options.replay !== false,
    isJson: options.json === true,
    follow: followed(options.follow ?? []),
  };
}

function oneOrThree(flag: string, value: number | string | undefined): 1 | 3 | undefined {
  const number = wholeOf(flag, value, 1, 3);
  if (number === 2) throw usage(`${flag} 2: a mesh has 1 or 3`);
  return number as 1 | 3 | undefined;
}

function wholeOf(
  flag: string,
  value: number | string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === "number" || /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw usage(`${flag} ${String(value).slice(0, 40)}: give a whole number from ${min} to ${max}`);
}

function followed(flags: readonly string[]): ReadonlyMap<string, string> {
  const follow = new Map<string, string>();
  for (const flag of flags) {
    const at = flag.indexOf("=");
    const host = flag.slice(0, Math.max(at, 0));
    const file = flag.slice(at + 1);
    if (!isName(host) || file === "") {
      throw usage(`--follow ${flag.slice(0, 80)}: give HOST=FILE, as host-1=/var/log/auth.log`);
    }
    if (follow.has(host)) throw usage(`--follow names ${host} twice: a host follows one log`);
    follow.set(host, file);
  }
  return follow;
}
