// What the acts of the story share: the mesh, its people's logs and services, the narrator, and the
// few doings that every act needs. Knows no act.

import { setTimeout as delay } from "node:timers/promises";
import { LEDGERS } from "@ostraka/proto";
import { allHosts } from "../all-hosts.ts";
import { Coverage } from "../coverage.ts";
import type { WalkedEntry } from "../ledger/ledger-walk.ts";
import type { EmbeddedMesh } from "./embedded-mesh.ts";
import type { SeenTimes } from "./figures.ts";
import type { Narrator } from "./narrator.ts";
import { type TraceBook, until } from "./trace-book.ts";
import type { HostLog } from "./traffic/host-log.ts";
import type { Random } from "./traffic/random.ts";
import { isRefusal, visit, type WebAnswer } from "./traffic/visitor.ts";

export interface StoryParts {
  readonly mesh: EmbeddedMesh;
  readonly book: TraceBook;
  readonly narrator: Narrator;
  readonly random: Random;
  /** Logs that the story writes; a host that follows a real log has none. */
  readonly logs: readonly HostLog[];
  /** Number of this story in its directory, from 0. */
  readonly run: number;
  /** Requests that the story's own people made, each an event at a service. */
  readonly asked: { count: number };
  /** Nobody watches: no pause for reading. */
  readonly isFast: boolean;
}

/** A verdict of the story and how far it was carried. */
export interface Told {
  readonly entry: WalkedEntry;
  readonly coverage: Coverage;
  readonly seen: SeenTimes;
}

/** Longest wait for one thing, also where a killed process comes back in between. */
export const WAIT_MS = 60_000;

/** A moment to read, where somebody does. */
export async function pause(parts: StoryParts, ms: number): Promise<void> {
  if (!parts.isFast) await delay(ms);
}

/** Waits for a verified verdict under a sealed head. */
export async function untilVerdict(
  { mesh }: StoryParts,
  isWanted: (entry: WalkedEntry) => boolean,
  waitMs: number,
): Promise<WalkedEntry> {
  return await until(
    async () => {
      await mesh.verified.refresh();
      const { walk } = mesh.verified;
      return LEDGERS.flatMap((ledger) => walk.verdictsOf(ledger)).find(isWanted);
    },
    "the verdict is sealed",
    waitMs,
  );
}

/** Shows receipts as they arrive until every host has one past the verdict. */
export async function carryOut(
  { mesh, narrator }: StoryParts,
  entry: WalkedEntry,
  seen: Omit<SeenTimes, "coveredMs">,
): Promise<Told> {
  const coverage = new Coverage(mesh.crypto, mesh.verified.walk, entry);
  const bar = (note: string) =>
    narrator.progress("receipts", coverage.got, coverage.expected, note);
  if (narrator.isTerminal) bar("");
  await until(
    async () => {
      for (const { receipt } of await allHosts(mesh.client)) {
        const host = coverage.take(receipt);
        if (host !== undefined) bar(`${host} proves that it enforces`);
      }
      return coverage.isComplete || undefined;
    },
    "every host has sent a receipt",
    WAIT_MS,
  );
  return { entry, coverage, seen: { ...seen, coveredMs: Date.now() } };
}

/**
 * Asks for a page until a gate has answered; a service that is being started again is asked again.
 */
export async function ask(
  { mesh, asked }: StoryParts,
  hostName: string,
  path: string,
  client: { readonly address: string; readonly user?: string },
): Promise<WebAnswer> {
  const host = mesh.hosts.find(({ name }) => name === hostName);
  return await until(
    async () => {
      const answer = await visit(host?.ports.service ?? 0, path, client);
      if (answer.status !== 200 && !isRefusal(answer)) return undefined;
      asked.count++;
      return answer;
    },
    `the service of ${hostName} answers`,
    WAIT_MS,
  );
}

/** An answer of a gate, as the client got it. */
export function showAnswer(narrator: Narrator, host: string, answer: WebAnswer): void {
  const { reason = "no reason given", until: untilTime } = answer.body;
  narrator.detail(`GET /account on ${host} → ${answer.status}`);
  if (answer.status === 200) return;
  narrator.detail(`  ${reason}`);
  if (untilTime !== undefined) narrator.detail(`  until ${untilTime.replace(/\.\d+Z$/, "Z")}`);
}
