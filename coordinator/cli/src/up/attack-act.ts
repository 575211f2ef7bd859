// Act one: an attack in real log lines, the local lease, the quorum's verdict, its proof, and what
// it means for the attacker's next request and for honest people.

import { hex, Ledger } from "@ostraka/proto";
import type { WalkedEntry } from "../ledger/ledger-walk.ts";
import type { TraceLine } from "./child-process.ts";
import { evidenceInWords, reasonInWords } from "./reason-words.ts";
import {
  ask,
  carryOut,
  pause,
  type StoryParts,
  showAnswer,
  type Told,
  untilVerdict,
} from "./story-parts.ts";
import { Attacker } from "./traffic/attacker.ts";
import type { HostLog } from "./traffic/host-log.ts";
import { attackerAddress, PEOPLE, type Person } from "./traffic/people.ts";
import { isRefusal } from "./traffic/visitor.ts";

const GUESS_MS_FAST = 110;
const GUESS_MS_SHOWN = 300;
/** How long one host is attacked before it must have seen it. */
const SEEN_MS_MAX = 45_000;
/** Signals are out; if they make no verdict in this time, a process was killed: attack again. */
const DECIDED_MS = 12_000;
const ROUNDS_MAX = 5;
const REASONS_SHOWN = 3;

export interface AttackTold extends Told {
  /** The attacker was refused where it had not been, and honest people were not. */
  readonly isJust: boolean;
}

export async function attackAct(parts: StoryParts): Promise<AttackTold> {
  const { narrator, logs, random, run, isFast, mesh } = parts;
  const [first, second] = logs as [HostLog, HostLog];
  const attacker = new Attacker({
    address: attackerAddress(run),
    random,
    everyMs: isFast ? GUESS_MS_FAST : GUESS_MS_SHOWN,
  });
  const subject = `address:${attacker.address}`;
  const elsewhere = mesh.hosts.map((h) => h.name).filter((n) => n !== first.host);
  const other = elsewhere.filter((name) => name !== second.host).at(-1) ?? second.host;
  narrator.title(`${attacker.address} guesses passwords on ${first.host}, among honest people`);
  await attackUntilSeen(parts, attacker, first, subject);
  await showLease(parts, attacker.address, first.host, other);
  await pause(parts, 2_500);
  narrator.title(`It goes on to ${second.host}`);
  await attackUntilSeen(parts, attacker, second, subject);
  const entry = await decided(parts, attacker, [first, second], subject);
  showVerdict(parts, entry);
  const told = await carryOut(parts, entry, { sealedMs: Date.now() });
  await pause(parts, 1_200);
  return { ...told, isJust: await showJustice(parts, attacker.address, other, [first, second]) };
}

async function attackUntilSeen(
  parts: StoryParts,
  attacker: Attacker,
  log: HostLog,
  subject: string,
): Promise<void> {
  const stop = attacker.attack(log);
  const line = await parts.book.first(isSignal(log.host, subject), SEEN_MS_MAX);
  stop();
  if (line !== undefined) showSignal(parts, line);
}

function isSignal(host: string, subject: string): (line: TraceLine) => boolean {
  return (line) =>
    line.child === host && line.what === "signalled" && line.fields["subject"] === subject;
}

function showSignal({ narrator }: StoryParts, line: TraceLine): void {
  const { fields, child } = line;
  narrator.event(`${child} sees it`, "yellow");
  narrator.detail(`${evidenceInWords(fields["evidenceMdb"])} if it were honest, because of:`);
  const reasons = Array.isArray(fields["reasons"]) ? fields["reasons"].map(String) : [];
  for (const reason of reasons.slice(0, REASONS_SHOWN))
    narrator.detail(`  ${reasonInWords(reason)}`);
}

async function showLease(
  parts: StoryParts,
  address: string,
  here: string,
  elsewhere: string,
): Promise<void> {
  const { narrator } = parts;
  const lease = await ask(parts, here, "/account", { address });
  const is = isRefusal(lease) ? "denies it at once, alone (a local lease)" : "has not denied it";
  narrator.event(`${here} ${is}`, "yellow");
  showAnswer(narrator, here, lease);
  const before = await ask(parts, elsewhere, "/account", { address });
  if (before.status === 200) narrator.detail(`${elsewhere} has seen nothing yet and lets it in`);
}

/**
 * The verdict; when a process was killed at the wrong moment, the attack goes on until it is there.
 */
async function decided(
  parts: StoryParts,
  attacker: Attacker,
  logs: readonly HostLog[],
  subject: string,
): Promise<WalkedEntry> {
  const isWanted = ({ verdict }: WalkedEntry) =>
    verdict?.kind === "revocation" && verdict.subject === subject;
  for (let round = 1; round < ROUNDS_MAX; round++) {
    try {
      return await untilVerdict(parts, isWanted, DECIDED_MS);
    } catch {
      // Said to nobody: the line about the process that ended has said why.
    }
    const stops = logs.map((log) => attacker.attack(log));
    await parts.book.first(isSignal(logs[0]?.host ?? "", subject), DECIDED_MS);
    for (const stop of stops) stop();
  }
  return await untilVerdict(parts, isWanted, DECIDED_MS);
}

function showVerdict({ narrator, mesh }: StoryParts, { verdict, index }: WalkedEntry): void {
  if (verdict?.kind !== "revocation") return;
  const { hostCount, evidenceMdb, id, rule, warrant } = verdict.revocation;
  const signals = warrant?.signals.length ?? 0;
  narrator.event(`the warrant is complete: ${signals} signals of ${hostCount} hosts`);
  narrator.detail(`together ${evidenceInWords(evidenceMdb)}`);
  const seals = mesh.verified.walk.headOf(Ledger.SIGNALS)?.sealed.seals.length ?? 0;
  const of = mesh.file.coordinators.length;
  narrator.event(
    `the head is sealed by ${seals} of ${of}: entry s:${index}, rule ${rule}`,
    "green",
  );
  narrator.detail(`revocation ${hex(id).slice(0, 16)}…: ${verdict.subject} is cut off everywhere`);
}

async function showJustice(
  parts: StoryParts,
  address: string,
  other: string,
  logs: readonly HostLog[],
): Promise<boolean> {
  const { narrator } = parts;
  const refused = await ask(parts, other, "/account", { address });
  const never = logs.some((log) => log.host === other) ? "" : ", which it never attacked,";
  narrator.event(`its next request to ${other}${never} is refused`, "red");
  showAnswer(narrator, other, refused);
  const person = PEOPLE[0] as Person;
  const places = [...new Set([...logs.map((log) => log.host), other])];
  const answers = await Promise.all(places.map((host) => ask(parts, host, "/account", person)));
  const isServed = answers.every(({ status }) => status === 200);
  const served = isServed ? "served" : "REFUSED";
  narrator.event(`${person.user}, honest, is ${served} on ${places.join(", ")}`, "green");
  return isServed && isRefusal(refused);
}
