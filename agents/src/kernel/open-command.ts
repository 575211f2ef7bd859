// What every signed command goes through first, in one order: the envelope and who may sign it,
// then its bytes, then their format. What the command says is for its agent to judge.

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import {
  type Crypto,
  decode,
  type Envelope,
  type EnvelopeKind,
  isReject,
  LIMITS,
  type Opened,
  openEnvelope,
  type Reject,
  reject,
} from "@ostraka/proto";
import type { MeshView } from "./mesh-view.ts";
import { FORMAT } from "./signal-proof.ts";

/** A signed message that says in which format it is written. */
type Command<D extends DescMessage> = MessageShape<D> & { readonly format: number };

export interface OpenedCommand<D extends DescMessage> extends Opened {
  readonly command: Command<D>;
}

/** The command in an envelope, signed by members who may sign its kind under a view. */
export function openCommand<D extends DescMessage>(
  crypto: Crypto,
  view: MeshView,
  kind: EnvelopeKind,
  schema: D,
  envelope: Envelope | undefined,
): OpenedCommand<D> | Reject {
  const opened = openEnvelope(crypto, view.mesh, kind, envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const command = decode(schema, opened.body, LIMITS.commandBytesMax) as Command<D> | undefined;
  if (command === undefined) return reject("malformed");
  return command.format === FORMAT ? { ...opened, command } : reject("unsupported-format");
}
