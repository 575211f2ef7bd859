// Who has nothing takes up a history from a coordinator that has it all: a replica whose disk was
// lost, and a sidecar that is new. Real nodes, pumps and stores, questions and answers handed over
// as bytes; nobody waits for a clock, so what is measured is work and not ticks.

import type { Out } from "@ostraka/agents/kernel";
import { Pump, type SidecarEffect, type SidecarInput, SidecarNode } from "@ostraka/agents/node";
import type { SqliteStore } from "@ostraka/host";
import { type Bytes, LEDGERS, type LedgerId, ledgerLetter, Stage } from "@ostraka/proto";
import type { HostPerson, Person } from "../../agents/testkit/mesh-kit.ts";
import { type History, Seat } from "./history.ts";

const STEPS_MAX = 100_000;
const IDLE_MAX = 64;

/** The third coordinator with an empty store, until it stands where the first one does. */
export function catchUpReplica(history: History, store: SqliteStore): void {
  const { kit } = history;
  const third = kit.coordinators[2] as Person;
  let seat = new Seat(kit, third, store);
  seat.open();
  for (let idle = 0, wallMs = history.nowMs; !isLevel(history, seat); ) {
    if (seat.effects.some((effect) => effect.type === "reopen")) {
      seat = new Seat(kit, third, store);
      seat.open();
    }
    seat.effects.length = 0;
    const requests = seat.published.splice(0).filter((asked) => asked.isRequest === true);
    for (const { bytes: request } of requests) {
      const bytes = history.seat.ask(request);
      if (bytes !== undefined) seat.feed([{ type: "answer", request, bytes }]);
    }
    if (requests.length > 0) continue;
    if (idle++ > IDLE_MAX) throw new Error("the wiped replica does not catch up");
    wallMs += 1_000;
    for (const ledger of LEDGERS) tellWhereItEnds(history, seat, ledger);
    seat.feed([{ type: "clock", wallMs }]);
  }
}

/** A stream that has forgotten all but its end. */
function tellWhereItEnds({ seat: whole, heads }: History, seat: Seat, ledger: LedgerId): void {
  for (const bytes of heads.get(ledger) ?? []) seat.feed([{ type: "head", bytes }]);
  const position = whole.node.nextPosition(ledger) - 1;
  const [row] = whole.store.scan(
    `journal/${ledgerLetter(ledger)}/`,
    `journal/${ledgerLetter(ledger)}/${String(position).padStart(16, "0")}`,
    1,
  );
  if (row === undefined) throw new Error("the whole replica has no end");
  seat.feed([{ type: "message", ledger, position, bytes: row[1] }]);
}

function isLevel({ seat: whole }: History, { node }: Seat): boolean {
  return LEDGERS.every((ledger) => {
    const isEven = node.nextPosition(ledger) === whole.node.nextPosition(ledger);
    return isEven && node.status(ledger).damage === undefined;
  });
}

/** A host that is new, with an empty store, until it enforces everything and is fresh. */
export function catchUpSidecar(history: History, store: SqliteStore, held: number): void {
  const { crypto, genesis, mesh, random, hosts } = history.kit;
  const [{ name, signer }] = hosts as unknown as [HostPerson];
  const node = new SidecarNode({
    ...{ crypto, genesis, random, store, hostKey: signer.publicKey, hostName: name },
    incarnation: random(16),
    stages: new Set([Stage.SUSPEND]),
  });
  const requests: Bytes[] = [];
  const pump = new Pump<SidecarInput, SidecarEffect>(node, {
    ...{ mesh, signer, store },
    publish: ({ bytes, isRequest }) => isRequest === true && requests.push(bytes),
    enforce: () => undefined,
    reply: () => undefined,
    trace: () => undefined,
  });
  const clock = (passedMs: number): SidecarInput => {
    const now = { wallMs: history.nowMs + passedMs, monoMs: passedMs };
    return { type: "clock", now };
  };
  const out: Out<SidecarEffect> = newOut();
  node.open({ wallMs: history.nowMs, monoMs: 0 }, out);
  pump.feed([...pump.perform(out), { type: "connected" }]);
  for (let step = 0; !node.isFresh() || node.denySet.size < held; step++) {
    if (step > STEPS_MAX) throw new Error(`the newcomer holds ${node.denySet.size} of ${held}`);
    const request = requests.shift();
    const bytes = request && history.seat.ask(request);
    if (bytes !== undefined) pump.feed([{ type: "answer", bytes }]);
    if (request !== undefined) continue;
    // A second at a time: nothing is asked for twice in one.
    const heads = LEDGERS.flatMap((ledger) => history.heads.get(ledger) ?? []);
    pump.feed([...heads.map((head) => ({ type: "head", bytes: head }) as const), clock(step)]);
    pump.feed([clock(1_000 + step)]);
  }
}

function newOut<Effect>(): Out<Effect> {
  return { persist: [], seal: [], publish: [], enforce: [], reply: [], trace: [] };
}
