// The sentences of a status: what is missing, damaged or worth knowing, and what to do about it.
// Reads only; says nothing that it did not see.

import { majorityOf } from "@ostraka/agents/kernel";
import {
  channelId,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ledgerName,
  Role,
  unhex,
} from "@ostraka/proto";
import { notesOf as notesOfRepair } from "../journal-repairs.ts";
import { catchingUpNote, damageText } from "../journal-words.ts";
import type { CoordinatorRuntime } from "../runtime.ts";
import { clockNotes } from "./clock-notes.ts";
import { convictionNotes } from "./conviction-notes.ts";
import { backlogNotes, placeNotes } from "./place-notes.ts";
import { rolloutNotes } from "./policy-laggards.ts";

/** A receipt is late after this many heartbeats. */
const LATE_HEARTBEATS = 3;
/** Seals are missing when none was completed for this many ticks; before, they are on their way. */
const UNSEALED_TICKS = 4;
/** Hosts named one by one; the rest is counted. */
const HOSTS_NAMED_MAX = 20;

export function notesOf(runtime: CoordinatorRuntime): string[] {
  const { view } = runtime.node.control.mesh;
  const coordinators = view.coordinatorKeys().length;
  return [
    ...(coordinators === 1
      ? ["1 coordinator: survives a crash, not the loss of its disk"]
      : [`${coordinators} coordinators: a majority of ${majorityOf(coordinators)} decides`]),
    ...(runtime.isBusConnected
      ? []
      : ["NATS is gone: nothing new is decided; what is in force stays in force until it expires"]),
    ...(view.epoch === 0 ? ["no policy is active yet: no verdict can be made"] : []),
    ...rolloutNotes(runtime),
    ...LEDGERS.flatMap((ledger) => ledgerNotes(runtime, ledger)),
    ...clocks(runtime),
    ...convictionNotes({ view, nameOf: (key) => coordinatorName(runtime, key) }),
    ...hostNotes(runtime),
  ];
}

/** How many coordinators have sealed, as a sentence, and whether that holds the ledger up. */
export function sealsOf(
  runtime: CoordinatorRuntime,
  ledger: LedgerId,
): { readonly text: string; readonly isHeldUp: boolean } {
  const { sealed, missingSeals } = runtime.node.status(ledger);
  const coordinators = runtime.node.control.mesh.view.coordinatorKeys().length;
  const needed = majorityOf(coordinators);
  // In our own monotonic time: machine time stands still without a majority.
  const sinceMs = runtime.sealedSince.get(ledger)?.monoMs ?? runtime.startedMonoMs;
  const behindMs = runtime.parts.clock.monotonicMs() - sinceMs;
  const have = coordinators - missingSeals.length;
  const isHeldUp =
    missingSeals.length > 0 && have < needed && behindMs >= UNSEALED_TICKS * LIMITS.tickMs;
  if (!isHeldUp) {
    return { text: `${sealed?.sealed.seals.length ?? 0} of ${coordinators}`, isHeldUp };
  }
  const names = missingSeals.map((key) => coordinatorName(runtime, key)).join(", ");
  return { text: `seals ${have} of ${needed}, missing ${names}`, isHeldUp };
}

/** Nothing while machine time stands still: then every clock runs ahead of it. */
function clocks(runtime: CoordinatorRuntime): string[] {
  const { control } = runtime.node;
  if (sealsOf(runtime, Ledger.CONTROL).isHeldUp) return [];
  return clockNotes({
    machineTimeMs: control.point.machineTimeMs,
    wallMs: runtime.parts.clock.wallMs(),
    ownName: runtime.parts.config.name,
    ticks: control.mesh.view.coordinatorKeys().map((key) => ({
      name: coordinatorName(runtime, key),
      tickedMs: control.tickedMs(key),
    })),
  });
}

function ledgerNotes(runtime: CoordinatorRuntime, ledger: LedgerId): string[] {
  const { damage, dissenters, isMute, isWiped, isFollowingOthers, silentUntil } =
    runtime.node.status(ledger);
  const isCatchingUp = isMute && !isWiped && silentUntil === undefined && damage === undefined;
  const name = ledgerName(ledger);
  const seals = sealsOf(runtime, ledger);
  return [
    ...(damage === undefined
      ? []
      : [isFollowingOthers ? followingNote(name, damage) : damageNote(runtime, name, damage)]),
    ...(silentUntil === undefined ? [] : [silentNote(runtime, name, ledger, silentUntil)]),
    ...(isWiped && damage === undefined ? [wipedNote(runtime, name)] : []),
    ...(isCatchingUp ? [catchingUpNote(runtime.parts.config.name, ledger)] : []),
    ...notesOfRepair(runtime, ledger),
    ...backlogNotes(
      name,
      ledger === Ledger.CONTROL,
      runtime.backlogOf(ledger),
      senderOf(runtime, ledger),
    ),
    ...placeNotes(name, runtime.parts.config.nats.replicas, runtime.placesOf(ledger)),
    // Whose journal is damaged sees no seals: what to do about that is said above.
    ...(seals.isHeldUp && damage === undefined
      ? [`${name}: ${seals.text}: nothing new is decided until they do; start what is down`]
      : []),
    ...dissenters.map(
      (key) =>
        `${name}: ${coordinatorName(runtime, key)} shows another history than this coordinator ` +
        "has, or has signed two heads at one position: compare their disks before trusting it",
    ),
  ];
}

function wipedNote(runtime: CoordinatorRuntime, name: string): string {
  const others = runtime.node.control.mesh.view.coordinatorKeys().length - 1;
  return (
    `${name}: ${runtime.parts.config.name} has lost its store, so it seals nothing before it has ` +
    `read the heads of ${Math.min(majorityOf(others + 1), others)} others and stands above them; ` +
    "start those that are down"
  );
}

function followingNote(name: string, why: string): string {
  return (
    `${damageText(why)}. This coordinator takes the ${name} journal from the others by itself; ` +
    "if that goes on, start the coordinators that are down"
  );
}

function silentNote(
  runtime: CoordinatorRuntime,
  name: string,
  ledger: LedgerId,
  until: number,
): string {
  return (
    `${name}: ${runtime.parts.config.name} had signed a history that no majority has sealed, and ` +
    `has left it; it seals nothing up to ${ledgerLetter(ledger)}:${until}, where it had`
  );
}

function damageNote(runtime: CoordinatorRuntime, name: string, why: string): string {
  return (
    `${damageText(why)}. The ${name} journal in NATS is not the one that this coordinator has ` +
    "applied, so deciding has stopped; what is in force stays in force until it expires. Check " +
    "whether its stream was deleted or restored from an old copy. If the right one can be " +
    "brought back, do that and start this coordinator again; if not, the coordinators go on from " +
    `their own copies: ostraka journal repair --ledger ${name} --as OPERATOR. ` +
    `Keep ${runtime.parts.config.store}: it holds the whole journal.`
  );
}

/** Whether it shows another history than this coordinator, or has signed two of them. */
export function isDissenting(runtime: CoordinatorRuntime, key: Uint8Array): boolean {
  return LEDGERS.some((ledger) => runtime.node.status(ledger).dissenters.includes(hex(key)));
}

/** Who sent most of what came lately to a journal, by name. */
function senderOf(runtime: CoordinatorRuntime, ledger: LedgerId) {
  const most = runtime.mostOf(ledger);
  if (most === undefined) return undefined;
  const { view } = runtime.node.control.mesh;
  const host = [...view.hosts()].find(({ key }) => channelId(key) === most.id);
  const coordinator = view.coordinatorKeys().find((key) => channelId(key) === most.id);
  const sender =
    host?.name ??
    (coordinator === undefined ? `the key ${most.id}` : coordinatorName(runtime, coordinator));
  return { sender, percent: most.percent };
}

export function coordinatorName(runtime: CoordinatorRuntime, key: Uint8Array | string): string {
  const bytes = typeof key === "string" ? unhex(key) : key;
  const { view } = runtime.node.control.mesh;
  const known = bytes && view.findHolder(bytes, [Role.COORDINATOR]);
  return known ?? `coordinator ${(bytes ? hex(bytes) : String(key)).slice(0, 16)}`;
}

function hostNotes(runtime: CoordinatorRuntime): string[] {
  const { node } = runtime;
  const nowMs = runtime.parts.clock.monotonicMs();
  const notes: string[] = [];
  for (const host of node.control.mesh.view.hosts()) {
    const receipt = node.receipts.of(host.key)?.receipt;
    const heardMs = runtime.receiptsHeard.get(hex(host.key))?.monoMs ?? runtime.startedMonoMs;
    const lateMs = nowMs - heardMs;
    const isLate = lateMs > LATE_HEARTBEATS * LIMITS.heartbeatMs;
    if (isLate) notes.push(lateNote(host.name, lateMs, receipt !== undefined));
    if (receipt === undefined || isLate) continue;
    for (const exception of receipt.exceptions.slice(0, 3)) {
      const id = hex(exception.revocationId.subarray(0, 8));
      notes.push(`${host.name} does not enforce ${id}: ${exception.reason.slice(0, 100)}`);
    }
    if (receipt.isFresh) continue;
    const applied = [receipt.controlIndex, receipt.signalsIndex];
    const behind = LEDGERS.flatMap((ledger, i) => {
      const sealedIndex = node.status(ledger).sealed?.head.index ?? 0n;
      const at = applied[i] as bigint;
      const letter = ledgerLetter(ledger);
      return at < sealedIndex ? [`${letter}:${at} of ${letter}:${sealedIndex}`] : [];
    });
    for (const how of behind) notes.push(`${host.name} is behind: ${how}`);
    // I8: it has every entry and still does not trust what it holds.
    if (behind.length === 0) notes.push(staleNote(host.name));
  }
  const more = notes.length - HOSTS_NAMED_MAX;
  if (more <= 0) return notes;
  return [...notes.slice(0, HOSTS_NAMED_MAX), `and ${more} more notes on hosts: list them`];
}

function staleNote(name: string): string {
  return (
    `${name} is stale though it has every entry: by its clock the newest sealed head is too old, ` +
    "or its deny set is not the one that the heads name; compare its clock, then its status"
  );
}

function lateNote(name: string, lateMs: number, hasReceipt: boolean): string {
  const seconds = Math.floor(lateMs / 1_000);
  return hasReceipt
    ? `${name}: no receipt for ${seconds} s; it may not enforce what was decided since`
    : `${name}: no receipt yet`;
}
