// Waits for a proposal's verdict and then for its coverage, showing a live bar on a terminal.
// Counts only what it has verified itself; names who is missing when the time is up.

import { setTimeout as delay } from "node:timers/promises";
import { Ledger, OstrakaError } from "@ostraka/proto";
import type { Access } from "./access.ts";
import { allHosts } from "./all-hosts.ts";
import { Coverage } from "./coverage.ts";
import { idOf, type WalkedEntry } from "./ledger/ledger-walk.ts";
import { VerifiedMesh } from "./ledger/verified-mesh.ts";
import type { Terminal } from "./terminal.ts";
import { verdictJson } from "./verdict-json.ts";

const LOOK_MS = 200;

export interface WaitedVerdict {
  readonly entry: WalkedEntry;
  readonly coverage: Coverage;
}

/**
 * Waits until the proposal of this id (hex) has made its verdict and every host within its scope
 * has shown
 * a receipt past it.
 * @throws OstrakaError OSTRAKA_DEADLINE naming what is missing.
 */
export async function waitForCoverage(
  access: Access,
  proposalId: string,
  deadlineMs: number,
  terminal: Terminal,
): Promise<WaitedVerdict> {
  const mesh = new VerifiedMesh(access);
  const entry = await waitForVerdict(mesh, proposalId, deadlineMs);
  const coverage = new Coverage(access.crypto, mesh.walk, entry);
  const bar = new CoverageBar(terminal);
  bar.show(coverage);
  while (!coverage.isComplete && performance.now() < deadlineMs) {
    await lookAtReceipts(access, coverage);
    bar.show(coverage);
    if (!coverage.isComplete) await delay(LOOK_MS);
  }
  bar.end();
  if (coverage.isComplete) return { entry, coverage };
  throw new OstrakaError("OSTRAKA_DEADLINE", laggardWords(coverage));
}

/** Waits as `waitForCoverage` and tells the outcome. */
export async function waitAndTell(
  access: Access,
  proposalId: string,
  deadlineMs: number,
  isJson: boolean,
  terminal: Terminal,
): Promise<void> {
  const { entry, coverage } = await waitForCoverage(access, proposalId, deadlineMs, terminal);
  const { got, expected } = coverage;
  if (isJson) {
    const hosts = coverage.hosts();
    terminal.json({ ...verdictJson(entry), coverage: { expected, got, hosts } });
    return;
  }
  const what = entry.verdict?.kind === "lift" ? "lifted" : "in force";
  terminal.say(`${what} on ${got} of ${expected} hosts, each with a verified receipt`);
}

async function waitForVerdict(
  mesh: VerifiedMesh,
  proposalId: string,
  deadlineMs: number,
): Promise<WalkedEntry> {
  for (;;) {
    await passing(mesh.refresh("control"));
    const verdictId = mesh.walk.people.find(proposalId)?.verdictId;
    const entry = mesh.walk
      .verdictsOf(Ledger.CONTROL)
      .find((v) => v.verdict !== undefined && isSame(idOf(v.verdict), verdictId));
    if (entry !== undefined) return entry;
    if (performance.now() >= deadlineMs) {
      const why = `proposal ${proposalId} lacks approvals: they still count when they come`;
      throw new OstrakaError("OSTRAKA_DEADLINE", why);
    }
    await delay(LOOK_MS);
  }
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

async function lookAtReceipts({ client }: Access, coverage: Coverage): Promise<void> {
  for (const { receipt } of (await passing(allHosts(client))) ?? []) coverage.take(receipt);
}

/** A coordinator that is away for a moment is asked again until the deadline. */
async function passing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const code = error instanceof OstrakaError ? error.code : undefined;
    if (code === "OSTRAKA_UNREACHABLE" || code === "OSTRAKA_DEADLINE") return undefined;
    throw error;
  }
}

export function laggardWords(coverage: Coverage): string {
  const missing = coverage
    .hosts()
    .filter((h) => h.state !== "enforced")
    .map((h) => (h.why === undefined ? h.name : `${h.name} (${h.why})`));
  return (
    `decided, but ${missing.length} of ${coverage.expected} hosts have not proven it: ` +
    `${missing.join(", ")}; look with \`ostraka host list\``
  );
}

const BAR_WIDTH = 24;

/** A bar that redraws in place on a terminal; elsewhere one line a change. */
class CoverageBar {
  readonly #terminal: Terminal;
  #last = -1;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(coverage: Coverage): void {
    const { got, expected } = coverage;
    if (got === this.#last) return;
    this.#last = got;
    const full = expected === 0 ? BAR_WIDTH : Math.round((BAR_WIDTH * got) / expected);
    const bar = this.#terminal.paint("green", "█".repeat(full)) + "░".repeat(BAR_WIDTH - full);
    this.#terminal.progress(`enforced ${bar} ${got}/${expected}`);
  }

  end(): void {
    this.#terminal.progress(undefined);
  }
}
