// `ostraka journal repair`: an operator's signed order to open the next generation of a damaged
// journal, handed to every coordinator and followed until deciding goes on. Says what is kept. Must
// never choose between histories: people do, by the head's hash.

import { setTimeout as delay } from "node:timers/promises";
import {
  decode,
  type Entry,
  EntrySchema,
  type Envelope,
  encodeNew,
  Frontier,
  HeadSchema,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ledgerName,
  OstrakaError,
  PromiseSchema,
  RepairOrderSchema,
  Role,
  signEnvelope,
  unhex,
} from "@ostraka/proto";
import { type JournalStatus, Outcome } from "@ostraka/proto/gen/admin";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { durationOf } from "../duration.ts";
import { refused, sentenceOf, usage } from "../failure.ts";
import { openIdentity } from "../identity.ts";
import { readAbove } from "../ledger/api-source.ts";
import { rejectWords } from "../reject-words.ts";
import { readSignedFile, writeSignedFile } from "../signed-file.ts";
import { printable, type Terminal } from "../terminal.ts";
import { type AskedJournals, askJournals } from "./journal.ts";

export interface RepairFlags extends AccessFlags {
  readonly ledger?: string;
  /** Hex of the SHA-256 of the head to keep. */
  readonly keep?: string;
  readonly generation?: string;
  readonly out?: string;
  readonly order?: string;
  readonly anyway?: boolean;
  readonly valid: string;
  readonly timeout: string;
}

interface Order {
  readonly envelope: Envelope;
  readonly ledger: LedgerId;
  readonly generation: number;
}

const ASK_EVERY_MS = 500;
/** How long the opening of a generation may take to be shown once it is there. */
const OPENING_MS_MAX = 10_000;
const HASH_BYTES = 32;

export async function runJournalRepair(
  _args: readonly string[],
  flags: RepairFlags,
  terminal: Terminal,
): Promise<number> {
  const timeoutMs = durationOf("--timeout", flags.timeout);
  return await withAccess(flags, async (access) => {
    const order =
      flags.order === undefined ? await makeOrder(access, flags) : readOrder(access, flags.order);
    if (flags.out !== undefined) {
      writeSignedFile(flags.out, "repair", order.envelope);
      terminal.note(`next, another operator: ostraka journal sign ${flags.out} --as NAME`);
      terminal.note(`then: ostraka journal repair --order ${flags.out}`);
      return 0;
    }
    await handOver(access, order, terminal);
    await followed(access, order, timeoutMs, terminal);
    await tellKept(access, order, flags, terminal);
    return 0;
  });
}

async function makeOrder(access: Access, flags: RepairFlags): Promise<Order> {
  const ledger = LEDGERS.find((known) => ledgerName(known) === flags.ledger);
  if (ledger === undefined) throw usage("say which journal: --ledger control or --ledger signals");
  const keep = flags.keep === undefined ? undefined : unhex(flags.keep);
  if (flags.keep !== undefined && keep?.length !== HASH_BYTES) {
    throw usage("--keep takes the hash of a head as `ostraka journal status` shows it: 64 digits");
  }
  if (keep !== undefined && flags.out === undefined) {
    throw usage("two operators choose a head: write the order with --out FILE, the other signs it");
  }
  const { signer } = openIdentity(flags, access.genesis, [Role.OPERATOR]);
  const journals = (await askJournals(access)).flatMap((asked) => journalIn(asked, ledger));
  const isDamaged = journals.some((j) => j.damage !== "" || j.repairGeneration > 0);
  if (!isDamaged && flags.anyway !== true) {
    const name = ledgerName(ledger);
    throw refused(`no coordinator says that its ${name} journal is damaged: nothing to repair`);
  }
  const generation = generationOf(journals, flags.generation);
  const nowMs = Date.now();
  const body = encodeNew(RepairOrderSchema, {
    format: 1,
    ledger,
    generation,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + durationOf("--valid", flags.valid)),
    ...(keep !== undefined && { keepHeadHash: keep }),
  });
  const envelope = signEnvelope(access.genesis.mesh, "repair", body, signer);
  return { envelope, ledger, generation };
}

/** The next one that no coordinator is in; one that is on its way is ordered again. */
function generationOf(journals: readonly JournalStatus[], given: string | undefined): number {
  const next = Math.max(...journals.map((j) => Math.max(j.generation + 1, j.repairGeneration)), 2);
  if (given === undefined) return next;
  const generation = Number(given);
  if (Number.isSafeInteger(generation) && generation >= next) return generation;
  throw usage(`--generation takes a number from ${next} on`);
}

function readOrder(access: Access, path: string): Order {
  const envelope = readSignedFile(path, "repair", access.genesis.mesh);
  const order = decode(RepairOrderSchema, envelope.body, LIMITS.commandBytesMax);
  const ledger = LEDGERS.find((known) => known === order?.ledger);
  if (order === undefined || ledger === undefined) {
    throw refused(`${path} holds no order that this program can read`);
  }
  return { envelope, ledger, generation: order.generation };
}

/** Gives the order to every coordinator; one that is away hears of it from the others. */
async function handOver(access: Access, order: Order, terminal: Terminal): Promise<void> {
  let followers = 0;
  let refusal: string | undefined;
  for (const { name, api } of access.file.coordinators) {
    try {
      const { journal } = access.client.only(api);
      const answer = await journal.submitRepair({ order: order.envelope });
      if (answer.outcome === Outcome.OK) followers++;
      else refusal = `${name} refuses the order (${answer.code}): ${rejectWords(answer.code)}`;
      terminal.note(`${name}: ${answer.outcome === Outcome.OK ? "follows" : answer.code}`);
    } catch (error) {
      terminal.note(`${name} does not take the order: ${sentenceOf(error)}`);
    }
  }
  if (followers === 0) throw refused(refusal ?? "no coordinator takes the order");
}

/** Waits until a majority decides in the new generation; says what is in the way. */
async function followed(
  access: Access,
  { ledger, generation }: Order,
  timeoutMs: number,
  terminal: Terminal,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  const majority = Math.floor(access.file.coordinators.length / 2) + 1;
  const told = new Set<string>();
  for (;;) {
    const asked = await askJournals(access);
    const open = asked.filter((one) =>
      journalIn(one, ledger).some((j) => j.generation >= generation && j.damage === ""),
    );
    if (open.length >= majority) return;
    for (const line of asked.flatMap((one) => notesIn(one, ledger))) {
      if (!told.has(line)) terminal.note(printable(line));
      told.add(line);
      if (line.includes("promises-contradict")) throw refused(line);
    }
    if (performance.now() >= deadlineMs) {
      throw new OstrakaError(
        "OSTRAKA_DEADLINE",
        `generation ${generation} of the ${ledgerName(ledger)} journal is not open yet: ` +
          "the coordinators go on by themselves; look with `ostraka journal status`",
      );
    }
    await delay(ASK_EVERY_MS);
  }
}

/** What the new generation goes on from, out of its opening entry. */
async function tellKept(
  access: Access,
  { ledger, generation }: Order,
  flags: RepairFlags,
  terminal: Terminal,
): Promise<void> {
  const opening = await readOpening(access, ledger, generation);
  const letter = ledgerLetter(ledger);
  const keptIndex = opening === undefined ? undefined : Number(opening.index) - 1;
  const lost = opening === undefined ? [] : lostAbove(opening, keptIndex ?? 0);
  if (flags.json) {
    terminal.json({ ledger: ledgerName(ledger), generation, keptIndex, lost });
    return;
  }
  terminal.say(`generation ${generation} of the ${ledgerName(ledger)} journal is open`);
  if (keptIndex === undefined) return;
  terminal.say(
    `kept: everything up to ${letter}:${keptIndex}, which holds all that was answered OK`,
  );
  for (const { head, index } of lost) {
    const count = index - keptIndex;
    terminal.say(
      `gone: ${count} tentative entries of a head at position ${head}, which no majority has ` +
        "sealed: whoever was answered UNKNOWN sends again",
    );
  }
}

/** The entry that opens a generation, once it is read from a coordinator that has come so far. */
async function readOpening(
  access: Access,
  ledger: LedgerId,
  generation: number,
): Promise<Entry | undefined> {
  const deadlineMs = performance.now() + OPENING_MS_MAX;
  for (;;) {
    const piece = await readAbove(access, ledger, new Frontier(access.crypto));
    for (const { entry } of piece?.records ?? []) {
      const opened = decode(EntrySchema, entry, LIMITS.entryBytesMax);
      if (opened?.effect.case === "opening" && opened.generation === generation) return opened;
    }
    if (performance.now() >= deadlineMs) return undefined;
    await delay(ASK_EVERY_MS);
  }
}

/** Promised heads that had more entries than the kept one. */
function lostAbove(opening: { readonly effect: { readonly value?: unknown } }, keptIndex: number) {
  const { promises } = opening.effect.value as { readonly promises: readonly Envelope[] };
  return promises.flatMap(({ body }) => {
    const promise = decode(PromiseSchema, body, LIMITS.envelopeBodyBytesMax);
    const head = promise && decode(HeadSchema, promise.lastHead, LIMITS.headBytesMax);
    return head === undefined || Number(head.index) <= keptIndex
      ? []
      : [{ head: Number(head.position), index: Number(head.index) }];
  });
}

function journalIn({ journals }: AskedJournals, ledger: LedgerId): JournalStatus[] {
  return journals.filter((journal) => journal.ledger === ledger);
}

function notesIn(asked: AskedJournals, ledger: LedgerId): string[] {
  return journalIn(asked, ledger).flatMap((j) => j.notes.map((note) => `${asked.name}: ${note}`));
}
