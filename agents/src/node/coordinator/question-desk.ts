// Answers what others ask a coordinator: hosts for entries, active sets and what an incarnation got
// through, other coordinators for snapshots and messages. I9: what hosts have signalled goes to
// coordinators only.

import {
  type Bytes,
  type Channels,
  channelId,
  decode,
  equalBytes,
  LEDGERS,
  type LedgerId,
  LIMITS,
  type ResyncRequest,
  ResyncRequestSchema,
} from "@ostraka/proto";
import type { Out, Store } from "../../kernel/index.ts";
import type { LedgerLane } from "../lane/ledger-lane.ts";
import { journalPage } from "../lane/peer-pages.ts";
import { snapshotPage } from "../lane/snapshot-pages.ts";
import type { ControlMachine } from "../machine/control-machine.ts";
import type { SignalsMachine } from "../machine/signals-machine.ts";
import type { AckDesk } from "./ack-desk.ts";
import type { CoordinatorEffect, CoordinatorInput } from "./coordinator-io.ts";
import { ResyncDesk } from "./resync-desk.ts";

const INCARNATION_BYTES = 16;

export interface QuestionDeskParts {
  readonly store: Store;
  readonly channels: Channels;
  /** This coordinator's signing key. */
  readonly publicKey: Bytes;
  readonly control: ControlMachine;
  readonly signals: SignalsMachine;
  readonly lanes: ReadonlyMap<LedgerId, LedgerLane>;
  readonly acks: AckDesk;
}

export class QuestionDesk {
  readonly #p: QuestionDeskParts;
  readonly #resync: ResyncDesk;

  constructor(parts: QuestionDeskParts) {
    this.#p = parts;
    this.#resync = new ResyncDesk(parts.store, (ledger) => {
      const { machine, sealer } = parts.lanes.get(ledger) as LedgerLane;
      return { machine, sealed: sealer.latest };
    });
  }

  onResync(input: CoordinatorInput & { type: "resync" }, out: Out<CoordinatorEffect>): void {
    const request = decode(ResyncRequestSchema, input.bytes, LIMITS.envelopeBodyBytesMax);
    if (request === undefined || request.format !== 1) return;
    if (equalBytes(request.hostKey, this.#p.publicKey)) return;
    const { want } = request;
    if (want.case === "journalAbove" || want.case === "snapshotFrom") {
      this.#onPeer(request, input, out);
    } else if (want.case === "incarnation") {
      this.#onIncarnation(request.hostKey, want.value, out);
    } else {
      const bytes = this.#resync.answer(request);
      if (bytes !== undefined) out.reply.push({ to: input.to, bytes });
    }
  }

  /** What an earlier incarnation got through is said as every acknowledgement is: signed. */
  #onIncarnation(hostKey: Bytes, incarnation: Bytes, out: Out<CoordinatorEffect>): void {
    const { acks, channels, control, signals } = this.#p;
    if (control.mesh.view.hostOf(hostKey) === undefined) return;
    if (incarnation.length !== INCARNATION_BYTES) return;
    const { generation, position } = signals.point;
    const body = acks.bodyOf(hostKey, generation, position, incarnation);
    if (body !== undefined) out.seal.push({ kind: "ack", body, channel: channels.acks(hostKey) });
  }

  /** What another coordinator misses of a journal, out of our own copy. */
  #onPeer(
    request: ResyncRequest,
    { to, asker }: CoordinatorInput & { type: "resync" },
    out: Out<CoordinatorEffect>,
  ): void {
    const { want, hostKey, headPosition } = request;
    const { control, lanes, store } = this.#p;
    const ledger = LEDGERS.find((l) => l === request.ledger);
    const isPeer = control.mesh.view.coordinatorKeys().some((k) => equalBytes(k, hostKey));
    // I9: what hosts have signalled goes to coordinators only, and a host may name any key.
    if (asker !== undefined && asker !== channelId(hostKey)) return;
    if (ledger === undefined || !isPeer) return;
    const { rows, shelf } = lanes.get(ledger) as LedgerLane;
    const bytes =
      want.case === "snapshotFrom"
        ? snapshotPage(rows, shelf, Number(want.value), Number(headPosition))
        : journalPage(store, ledger, Number(want.value));
    if (bytes !== undefined) out.reply.push({ to, bytes });
  }
}
