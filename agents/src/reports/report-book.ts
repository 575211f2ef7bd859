// The reports agent: the newest report of each coordinator about each thing, from the control
// journal. Reports are no entries; what a majority says drives rollouts and halts. Bounded per
// coordinator: nobody can use up another's room.

import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  assert,
  type Crypto,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  hex,
  isReject,
  LIMITS,
  type Reject,
  reject,
} from "@ostraka/proto";
import type { MeshView } from "../kernel/index.ts";
import {
  aboutText,
  type MajorityReport,
  majorityReport,
  type OpenedReport,
  openReport,
  type ReportAbout,
  readReport,
} from "./majority-report.ts";

export class ReportBook {
  readonly #crypto: Crypto;
  /** By coordinator key in hex, then by what it is about. */
  readonly #newest = new Map<string, Map<string, OpenedReport>>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Takes a report; its time must rise per coordinator and thing. @returns why not. */
  take(view: MeshView, envelope: Envelope, machineTimeMs: number): Reject | undefined {
    const report = openReport(this.#crypto, view, envelope, machineTimeMs);
    if (isReject(report)) return report;
    const key = hex(report.coordinatorKey);
    const about = aboutText(report.about);
    const known = this.#newest.get(key) ?? new Map<string, OpenedReport>();
    const before = known.get(about);
    if (before !== undefined && report.timeMs <= before.timeMs) return reject("duplicate");
    // Newest last: what a coordinator has not spoken of for longest makes room.
    known.delete(about);
    known.set(about, report);
    const [oldest] = known.keys();
    if (known.size > LIMITS.reportsPerCoordinatorMax) known.delete(oldest as string);
    this.#newest.set(key, known);
    return undefined;
  }

  /** What a majority of the roster's coordinators says about a thing, once so many have. */
  majority(view: MeshView, about: ReportAbout): MajorityReport | undefined {
    const text = aboutText(about);
    const reports = [...this.#newest.values()].flatMap((known) => known.get(text) ?? []);
    return majorityReport(view, reports);
  }

  /** Forgets reports that have lapsed, and what is over. */
  expire(machineTimeMs: number): void {
    for (const [key, known] of this.#newest) {
      for (const [about, { notAfterMs }] of known) {
        if (notAfterMs <= machineTimeMs) known.delete(about);
      }
      if (known.size === 0) this.#newest.delete(key);
    }
  }

  /** Writes all state, in the order that `load` reads it. */
  save(w: BinaryWriter): void {
    w.uint32(this.#newest.size);
    for (const known of this.#newest.values()) {
      w.uint32(known.size);
      for (const { envelope } of known.values()) w.bytes(encode(EnvelopeSchema, envelope));
    }
  }

  /** Reads what `save` wrote into a new book. */
  load(r: BinaryReader): void {
    for (let coordinators = r.uint32(); coordinators > 0; coordinators--) {
      const known = new Map<string, OpenedReport>();
      let key = "";
      for (let reports = r.uint32(); reports > 0; reports--) {
        const envelope = decode(EnvelopeSchema, r.bytes(), LIMITS.messageBytesMax);
        const report = envelope && readReport(envelope);
        assert(
          report !== undefined && !isReject(report),
          "a snapshot holds reports that were taken",
        );
        key = hex(report.coordinatorKey);
        known.set(aboutText(report.about), report);
      }
      this.#newest.set(key, known);
    }
  }
}
