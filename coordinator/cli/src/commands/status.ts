// `ostraka status` and `ostraka host list`: how the mesh is, as each coordinator tells it, and how
// each host is, by its own signed receipt.

import { openReceipt } from "@ostraka/agents/node";
import {
  isReject,
  LEDGERS,
  type LedgerId,
  ledgerLetter,
  ledgerName,
  type Receipt,
} from "@ostraka/proto";
import type { GetStatusResponse, HostStatus } from "@ostraka/proto/gen/admin";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { allHosts } from "../all-hosts.ts";
import {
  type AskedCoordinator,
  askCoordinators,
  furthestOf,
  stateOf,
  type Trouble,
  troublesOf,
} from "../ask-coordinators.ts";
import { codeOf, sentenceOf } from "../failure.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { printable, spanText, type Terminal, timeText } from "../terminal.ts";

/** Exit code 0 as soon as one coordinator answers: what is wrong is said, in words and in JSON. */
export async function runStatus(flags: AccessFlags, terminal: Terminal): Promise<number> {
  return await withAccess(flags, async (access) => {
    const asked = await askCoordinators(access);
    const furthest = furthestOf(asked);
    const troubles = troublesOf(asked);
    if (flags.json) terminal.json(statusJson(furthest, asked, troubles));
    else show(furthest, asked, troubles, terminal);
    return 0;
  });
}

function statusJson(
  furthest: GetStatusResponse,
  asked: readonly AskedCoordinator[],
  troubles: readonly Trouble[],
): object {
  return {
    ...plainStatus(furthest),
    asked: asked.map(({ name, api, status, error }) => ({
      name,
      api,
      state: stateOf(name, troubles),
      ...(status === undefined
        ? { error: { code: codeOf(error), message: sentenceOf(error, {}) } }
        : plainStatus(status)),
    })),
    troubles: troubles.map(({ name, state, sentence }) => ({ name, state, sentence })),
  };
}

function plainStatus(status: GetStatusResponse): object {
  const { $typeName: _type, ledgers, coordinatorList, ...rest } = status;
  return {
    ...rest,
    ledgers: ledgers.map(({ $typeName: _ledgerType, ledger, ...more }) => ({
      ledger: ledgerName(ledger as LedgerId),
      ...more,
    })),
    coordinatorList: coordinatorList.map(({ $typeName: _name, heads, ...more }) => ({
      ...more,
      heads: heads.map(({ $typeName: _head, ledger, ...head }) => ({
        ledger: ledgerName(ledger as LedgerId),
        ...head,
      })),
    })),
  };
}

function show(
  furthest: GetStatusResponse,
  asked: readonly AskedCoordinator[],
  troubles: readonly Trouble[],
  terminal: Terminal,
): void {
  const { epoch, rosterVersion, machineVersion, hosts } = furthest;
  terminal.say(
    `policy epoch ${epoch}, roster ${rosterVersion}, machine version ${machineVersion}, ` +
      `${hosts} ${hosts === 1 ? "host" : "hosts"}`,
  );
  const places = asked.map(({ name, status }) => {
    const state = stateOf(name, troubles);
    const shown = state === "well" ? state : terminal.paint("red", state);
    const at = (ledger: LedgerId) => {
      const found = status?.ledgers.find((known) => known.ledger === ledger);
      return found === undefined ? "-" : `${ledgerLetter(ledger)}:${found.index}`;
    };
    const version = status === undefined ? "-" : printable(status.version);
    const bus = status === undefined ? "-" : status.isBusConnected ? "connected" : "GONE";
    return [printable(name), shown, version, ...LEDGERS.map(at), bus];
  });
  terminal.table(["coordinator", "state", "ostraka", "control", "signals", "NATS"], places);
  const firing = printable(furthest.firing);
  terminal.say(`can still fire: ${furthest.canFire ? firing : terminal.paint("red", firing)}`);
  showLedgers(furthest, terminal);
  for (const { state, sentence } of troubles) {
    if (!SAID_BY_ITSELF.includes(state)) terminal.say(`- ${printable(sentence)}`);
  }
  for (const note of notesOf(asked)) terminal.say(`- ${printable(note)}`);
}

/** What a coordinator says among its own notes, with what to do about it. */
const SAID_BY_ITSELF: readonly Trouble["state"][] = ["damaged", "without NATS"];

function showLedgers({ ledgers }: GetStatusResponse, terminal: Terminal): void {
  const columns = [
    "ledger",
    "index",
    "sealed",
    "position",
    "in force",
    "machine time",
    "seals",
    "",
  ];
  const rows = ledgers.map((l) => [
    ledgerName(l.ledger as LedgerId),
    String(l.index),
    String(l.sealedIndex),
    `${l.generation}/${l.position}`,
    String(l.active),
    l.machineTimeMs === 0n ? "not started" : timeText(l.machineTimeMs),
    l.seals,
    l.damage,
  ]);
  terminal.table(columns, rows);
}

/** Each sentence once; one that not every coordinator says, with the name of who does. */
function notesOf(asked: readonly AskedCoordinator[]): string[] {
  const answers = asked.flatMap(({ name, status }) => (status ? [{ name, ...status }] : []));
  const sayers = new Map<string, string[]>();
  for (const { name, notes } of answers) {
    for (const note of notes) sayers.set(note, [...(sayers.get(note) ?? []), name]);
  }
  return [...sayers].map(([note, names]) =>
    names.length === answers.length ? note : `${names.join(", ")}: ${note}`,
  );
}

interface ListedHost {
  readonly name: string;
  readonly domain: string;
  readonly isWitness: boolean;
  readonly membershipIndex: number;
  /** The latest receipt, its signature verified here; absent when none came or it does not hold. */
  readonly receipt?: Receipt;
}

export async function runHostList(flags: AccessFlags, terminal: Terminal): Promise<number> {
  return await withAccess(flags, async (access) => {
    const hosts = await listHosts(access);
    const nowMs = Date.now();
    if (flags.json) {
      for (const host of hosts) terminal.json(hostJson(host, nowMs));
      return 0;
    }
    const columns = [
      "host",
      "domain",
      "witness",
      "receipt",
      "control",
      "signals",
      "fresh",
      "except",
    ];
    const rows = hosts.map(({ name, domain, isWitness, receipt }) => [
      name,
      domain,
      isWitness ? "yes" : "no",
      receipt === undefined ? "none" : `${spanText(nowMs - Number(receipt.timeMs))} ago`,
      receipt === undefined ? "-" : `c:${receipt.controlIndex}`,
      receipt === undefined ? "-" : `s:${receipt.signalsIndex}`,
      receipt?.isFresh === true ? "yes" : "no",
      receipt === undefined ? "-" : String(receipt.exceptions.length),
    ]);
    terminal.table(columns, rows);
    return 0;
  });
}

/**
 * Members and receipts, both verified here: the members by the control ledger, receipts by their
 * keys.
 */
async function listHosts(access: Access): Promise<ListedHost[]> {
  const mesh = new VerifiedMesh(access);
  // Receipts first: whoever has signed one is then a member as of the ledger read after.
  const hosts = await allHosts(access.client);
  await mesh.refresh("control");
  const { view } = mesh.walk.mesh;
  const shown = new Map(hosts.map((host: HostStatus) => [host.name, host.receipt]));
  return [...view.hosts()].map((member) => {
    const envelope = shown.get(member.name);
    const receipt = envelope && openReceipt(access.crypto, view, envelope);
    const isOwn = receipt !== undefined && !isReject(receipt);
    return {
      name: member.name,
      domain: member.faultDomain,
      isWitness: member.isWitness,
      membershipIndex: member.index,
      ...(isOwn ? { receipt } : {}),
    };
  });
}

function hostJson({ receipt, ...host }: ListedHost, nowMs: number): object {
  if (receipt === undefined) return { ...host, receipt: null };
  const { controlIndex, signalsIndex, isFresh, epoch, timeMs, exceptions } = receipt;
  return {
    ...host,
    receipt: {
      ageMs: nowMs - Number(timeMs),
      controlIndex,
      signalsIndex,
      isFresh,
      epoch,
      exceptions: exceptions.map(({ revocationId, reason }) => ({ revocationId, reason })),
    },
  };
}
