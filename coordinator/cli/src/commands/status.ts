// `ostraka status` and `ostraka host list`: how the mesh is, as a coordinator tells it, and how
// each host is, by its own signed receipt.

import { openReceipt } from "@ostraka/agents/node";
import { isReject, type LedgerId, ledgerName, type Receipt } from "@ostraka/proto";
import type { GetStatusResponse, HostStatus } from "@ostraka/proto/gen/admin";
import { type Access, type AccessFlags, withAccess } from "../access.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { printable, spanText, type Terminal, timeText } from "../terminal.ts";

export async function runStatus(flags: AccessFlags, terminal: Terminal): Promise<number> {
  return await withAccess(flags, async ({ client }) => {
    const status = await client.mesh.getStatus({});
    if (flags.json) terminal.json(statusJson(status));
    else show(status, terminal);
    return 0;
  });
}

function statusJson(status: GetStatusResponse): object {
  const { $typeName: _type, ledgers, ...rest } = status;
  return {
    ...rest,
    ledgers: ledgers.map(({ $typeName: _ledgerType, ledger, ...more }) => ({
      ledger: ledgerName(ledger as LedgerId),
      ...more,
    })),
  };
}

function show(status: GetStatusResponse, terminal: Terminal): void {
  const { coordinator, version, epoch, rosterVersion, coordinators } = status;
  const bus = status.isBusConnected ? "connected" : terminal.paint("red", "GONE");
  terminal.say(
    `${printable(coordinator)} (ostraka ${printable(version)}), one of ${coordinators}; ` +
      `policy epoch ${epoch}, roster ${rosterVersion}, NATS ${bus}`,
  );
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
  const rows = status.ledgers.map((l) => [
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
  for (const note of status.notes) terminal.say(`- ${printable(note)}`);
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
  const { hosts } = await access.client.mesh.listHosts({});
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
