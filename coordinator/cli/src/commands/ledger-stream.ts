// `ostraka ledger export` as a stream: what is new since the last run, as OCSF or JSON Lines, to a
// file or an HTTP receiver, with a cursor. Whole exports that can be verified are ledger.ts.

import { readFileSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readSecretFile } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";
import { withAccess } from "../access.ts";
import { durationOf } from "../duration.ts";
import { usage } from "../failure.ts";
import { type Delivering, deliverNew } from "../ledger/deliver.ts";
import type { ExportFormat } from "../ledger/export-batch.ts";
import { checkCursor, readCursor } from "../ledger/export-cursor.ts";
import {
  fileReceiver,
  headerIn,
  httpReceiver,
  type Receiver,
  urlOf,
} from "../ledger/export-receiver.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import type { Terminal } from "../terminal.ts";
import type { ExportFlags } from "./ledger.ts";

const FOLLOW_MS = 1_000;
const TIMEOUT = "5m";
/** Errors of the way to a mesh that a stream waits out. */
const PASSING = ["OSTRAKA_UNREACHABLE", "OSTRAKA_DEADLINE", "OSTRAKA_RESOURCE_EXHAUSTED"];

/** @throws OstrakaError as its parts do; without `--follow` OSTRAKA_DEADLINE when time is up. */
export async function streamLedger(
  format: ExportFormat,
  to: string,
  flags: ExportFlags,
  terminal: Terminal,
): Promise<number> {
  const { cursor: cursorPath, follow = false } = flags;
  if (follow && cursorPath === undefined) {
    throw usage("--follow needs --cursor FILE: without one a restart would send everything again");
  }
  const receiver = receiverOf(to, flags);
  const timeoutMs = durationOf("--timeout", flags.timeout ?? TIMEOUT);
  const deadline = follow ? {} : { deadlineMs: performance.now() + timeoutMs };
  return await withAccess(flags, async (access) => {
    const mesh = new VerifiedMesh(access);
    const bytes = urlOf(to) === undefined ? { bytes: sizeOf(to) } : {};
    const shared = { mesh: access.genesis.mesh, format, to: receiver.name, ...bytes };
    let cursor = readCursor(cursorPath, shared);
    const delivering: Delivering = {
      crypto: access.crypto,
      walk: mesh.walk,
      receiver,
      format,
      cursorPath,
      ...deadline,
      onWait: (why) => terminal.note(why),
    };
    await mesh.refresh();
    checkCursor(mesh.walk, cursor);
    for (;;) {
      const sent = await deliverNew(delivering, cursor);
      ({ cursor } = sent);
      const { done } = cursor;
      if (!follow || sent.lines > 0) tell(receiver, sent.lines, done, flags, terminal);
      if (!follow) return 0;
      await delay(FOLLOW_MS);
      await refreshWhenBack(mesh, terminal);
    }
  });
}

function tell(
  receiver: Receiver,
  lines: number,
  done: { readonly c: number; readonly s: number },
  flags: ExportFlags,
  terminal: Terminal,
): void {
  if (flags.json) terminal.json({ to: receiver.name, lines, done });
  else terminal.say(`${receiver.name}: ${lines} lines, up to c:${done.c} and s:${done.s}`);
}

/** A stream outlives the coordinators it reads from. */
async function refreshWhenBack(mesh: VerifiedMesh, terminal: Terminal): Promise<void> {
  for (let isTold = false; ; isTold = true) {
    try {
      await mesh.refresh();
      return;
    } catch (error) {
      if (!(error instanceof OstrakaError) || !PASSING.includes(error.code)) throw error;
      if (!isTold) terminal.note(`waiting: ${error.message}`);
      await delay(FOLLOW_MS);
    }
  }
}

function receiverOf(to: string, flags: ExportFlags): Receiver {
  const url = urlOf(to);
  if (url === undefined) {
    if (flags.auth !== undefined || flags.ca !== undefined) {
      throw usage("--auth and --ca are for a receiver, and --to names a file");
    }
    if (statSync(to, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw usage(`--to ${to} is a folder: name a file in it`);
    }
    return fileReceiver(to);
  }
  const { auth, ca } = flags;
  return httpReceiver({
    url,
    ...(auth === undefined ? {} : { authorization: headerIn(auth, readSecretFile(auth)) }),
    ...(ca === undefined ? {} : { ca: readFileSync(ca, "utf8") }),
  });
}

/** Length of a file, 0 where there is none: what stands there already is left alone. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
