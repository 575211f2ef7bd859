// A mesh of three coordinators for tests of repair: set up, with the means to damage a journal's
// stream as a broker could, and to order what operators would. Judges nothing.

import {
  addressSubject,
  type Bytes,
  type Envelope,
  encodeNew,
  Ledger,
  type LedgerId,
  parseSubject,
  RepairOrderSchema,
  type SubjectText,
  signEnvelope,
  TickSchema,
} from "@ostraka/proto";
import { MACHINE_VERSION_MAX } from "../src/node/index.ts";
import { messageOf } from "./machine-run.ts";
import { MemoryStore } from "./memory-store.ts";
import { testMesh } from "./node-crypto.ts";
import { PLAIN_POLICY_YAML } from "./plain-policy.ts";
import { type CoordinatorSeat, ScriptMesh, type SidecarSeat } from "./script-mesh.ts";

/** Failed logins that are over the line of the plain policy. */
const FAILURES = 14;
const HOUR_MS = 3_600_000;

export class RepairStand {
  readonly mesh: ScriptMesh;
  #epoch = 1;

  constructor(label: string, coordinators = 3) {
    this.mesh = new ScriptMesh(testMesh(label, { coordinators, hosts: 2 }));
    const { kit } = this.mesh;
    this.mesh.isWatching = true;
    for (const seat of this.mesh.coordinators) this.mesh.startCoordinator(seat);
    this.tick(2);
    this.mesh.submit(kit.genesis.envelope);
    this.tick(2);
    const { document, activation } = kit.policy(1, this.mesh.nowMs, PLAIN_POLICY_YAML);
    this.mesh.submit(document);
    this.mesh.submit(activation);
    for (const host of kit.hosts) this.join(host.name);
    this.tick(3);
  }

  tick(times = 1): void {
    for (let n = 0; n < times; n++) this.mesh.tick(1_000);
  }

  /** A command like any other: one more policy document, one more entry. */
  enterPolicy(): void {
    const { kit, nowMs } = this.mesh;
    const { document } = kit.policy(++this.#epoch, nowMs, PLAIN_POLICY_YAML);
    this.mesh.submit(document);
  }

  join(name: string): void {
    const { kit } = this.mesh;
    const host = kit.hosts.find((known) => known.name === name);
    if (host === undefined) throw new Error(`no host is called ${name}`);
    const { grant, membership } = kit.join(host, this.mesh.nowMs);
    this.mesh.submit(grant);
    this.mesh.submit(membership);
  }

  /** A host sees so many failed logins from an address that it signals. */
  fail(n: number, address: string): void {
    const seat = this.mesh.sidecars[n - 1] as SidecarSeat;
    const { nowMs } = this.mesh;
    for (let i = 0; i < FAILURES; i++) {
      this.mesh.observe(seat, {
        type: "event",
        event: {
          id: `${n}/${nowMs}/${i}`,
          timeMs: nowMs + i,
          kind: "login-failed",
          service: "sshd",
          address: addressSubject(address) as SubjectText,
          account: parseSubject("user:test/root") as SubjectText,
          isRoot: true,
          isAccountKnown: true,
          method: "password",
          count: 1,
        },
      });
    }
  }

  /** Signals in a host's outbox. */
  waiting(n: number): number {
    return this.mesh.sidecars[n - 1]?.node?.courier.waiting ?? 0;
  }

  seat(n: number): CoordinatorSeat {
    return this.mesh.coordinators[n - 1] as CoordinatorSeat;
  }

  status(n: number, ledger: LedgerId = Ledger.CONTROL) {
    const { node } = this.seat(n);
    if (node === undefined) throw new Error(`coordinator-${n} does not run`);
    return node.status(ledger);
  }

  lastHeadOf(n: number): Bytes {
    return this.seat(n).node?.control.lastHead ?? new Uint8Array();
  }

  /** A tick of a coordinator as of where it stands, as a journal message. */
  tickOf(n: number): Bytes {
    const seat = this.seat(n);
    const { point } = this.status(n);
    const { kit, nowMs } = this.mesh;
    const body = encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: seat.person.signer.publicKey,
      ledger: Ledger.CONTROL,
      timeMs: BigInt(nowMs + 1),
      generation: point.generation,
      position: BigInt(point.position),
      chainHash: point.chainHash,
      machineVersion: MACHINE_VERSION_MAX,
    });
    return messageOf(signEnvelope(kit.mesh, "tick", body, seat.person.signer));
  }

  /** The coordinator dies and its disk with it. */
  wipe(n: number): void {
    const seat = this.seat(n);
    this.mesh.crash(seat);
    seat.store = new MemoryStore();
  }

  stream(ledger: LedgerId = Ledger.CONTROL): Bytes[] {
    const { streams } = this.mesh;
    return streams.of(ledger, streams.boundOf(ledger)) as Bytes[];
  }

  /** The broker comes back from an old copy of its disk. */
  rollBack(messages: number, ledger: LedgerId = Ledger.CONTROL): void {
    this.stream(ledger).length -= messages;
    this.mesh.reconnect();
  }

  orderOf(generation: number, fields: object = {}, signers = 1): Envelope {
    const { kit, nowMs } = this.mesh;
    const body = encodeNew(RepairOrderSchema, {
      format: 1,
      ledger: Ledger.CONTROL,
      generation,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + HOUR_MS),
      ...fields,
    });
    const operators = kit.operators.slice(0, signers).map((o) => o.signer);
    return signEnvelope(kit.mesh, "repair", body, ...operators);
  }

  /** An operator orders the next generation, and some time passes. */
  repair(generation: number, fields: object = {}, signers = 1): void {
    this.mesh.order(this.orderOf(generation, fields, signers));
    this.tick(6);
  }
}
