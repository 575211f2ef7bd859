// Performs what a node puts out, in the one safe order: persist, sign, publish, enforce, reply,
// trace. The simulator and production share it; the simulator crashes between any two phases.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  EnvelopeSchema,
  encode,
  hex,
  JournalMessageSchema,
  type MeshId,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import {
  newOut,
  type Out,
  type Publication,
  type Reply,
  type Sealing,
  type Store,
  type Trace,
} from "../kernel/index.ts";

/** A deterministic node. */
export interface Node<Input, Effect> {
  step(input: Input, out: Out<Effect>): void;
  /** Everything put out so far has been handed to the bus. */
  onPublished?(): void;
}

export const PHASES = ["persist", "seal", "publish", "enforce", "reply", "trace"] as const;
export type Phase = (typeof PHASES)[number];

export interface PumpPorts<Input, Effect> {
  readonly mesh: MeshId;
  readonly signer: Signer;
  readonly store: Pick<Store, "write">;
  publish(publication: Publication): void;
  enforce(effect: Effect): void;
  reply(reply: Reply): void;
  trace(trace: Trace): void;
  /** Input that a seal of ours becomes, if the node wants to hear of it. */
  onSealed?(sealing: Sealing, envelope: Bytes): Input | undefined;
  /** Called before each phase; a simulator may crash here. */
  onPhase?(phase: Phase): void;
}

export class Pump<Input, Effect> {
  readonly #node: Node<Input, Effect>;
  readonly #ports: PumpPorts<Input, Effect>;

  constructor(node: Node<Input, Effect>, ports: PumpPorts<Input, Effect>) {
    this.#node = node;
    this.#ports = ports;
  }

  /**
   * Steps inputs as one round and performs what they put out; then what our own seals bring about.
   */
  feed(inputs: readonly Input[]): void {
    let round = inputs;
    while (round.length > 0) {
      const out = newOut<Effect>();
      for (const input of round) this.#node.step(input, out);
      round = this.perform(out);
    }
  }

  /** Performs one output, for what a node puts out when it opens. @returns inputs to feed next. */
  perform(out: Out<Effect>): Input[] {
    const { onPhase, store, publish, enforce, reply, trace } = this.#ports;
    onPhase?.("persist");
    if (out.persist.length > 0) store.write(out.persist);
    onPhase?.("seal");
    const next: Input[] = [];
    const signed: Publication[] = [];
    for (const sealing of out.seal) this.#sign(sealing, signed, next);
    onPhase?.("publish");
    // Heads BEFORE the entries they cover costs nothing and saves a sidecar one look.
    for (const publication of signed) publish(publication);
    for (const publication of out.publish) publish(publication);
    this.#node.onPublished?.();
    onPhase?.("enforce");
    for (const effect of out.enforce) enforce(effect);
    onPhase?.("reply");
    for (const answer of out.reply) reply(answer);
    onPhase?.("trace");
    for (const line of out.trace) trace(line);
    return next;
  }

  #sign(sealing: Sealing, signed: Publication[], next: Input[]): void {
    const { kind, body, channel, messageId, signals, privates } = sealing;
    const { mesh, signer, onSealed } = this.#ports;
    const envelope = signEnvelope(mesh, kind, body, signer);
    if (messageId === undefined) {
      const bytes = encode(EnvelopeSchema, envelope);
      signed.push({ channel, bytes });
      const input = onSealed?.(sealing, bytes);
      if (input !== undefined) next.push(input);
      return;
    }
    const message = create(JournalMessageSchema, {
      format: 1,
      envelope,
      signals: [...(signals ?? [])],
      privates: [...(privates ?? [])],
    });
    // JetStream keeps ids for a whole stream: one that another sender can foretell could be used up
    // before ours. Nobody foretells a signature.
    const seal = envelope.signatures[0]?.signature.subarray(0, 8) ?? new Uint8Array();
    const id = `${messageId}/${hex(seal)}`;
    signed.push({ channel, bytes: encode(JournalMessageSchema, message), messageId: id });
  }
}
