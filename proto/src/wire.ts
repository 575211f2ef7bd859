// Reading and writing of signed and hashed bytes. Owns the strictness of the formats: a message is
// accepted only if encoding it again would give the same bytes, so unknown fields, second spellings
// and trailing bytes never enter anything that is signed or hashed.

import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Bytes, equalBytes } from "./bytes.ts";
import { isCanonical } from "./canonical.ts";

/** Unknown fields are dropped on reading, so that writing again gives other bytes. */
const STRICT = { readUnknownFields: false };

export function encode<D extends DescMessage>(schema: D, message: MessageShape<D>): Bytes {
  return toBinary(schema, message);
}

/** Creates and encodes in one step. */
export function encodeNew<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Bytes {
  return toBinary(schema, create(schema, init));
}

/**
 * Decodes bytes strictly.
 * @returns the message, or `undefined` when it is too large, malformed or not canonical.
 */
export function decode<D extends DescMessage>(
  schema: D,
  bytes: Uint8Array,
  sizeMax: number,
): MessageShape<D> | undefined {
  if (bytes.length > sizeMax) return undefined;
  let message: MessageShape<D>;
  try {
    message = fromBinary(schema, bytes, STRICT);
    const isOnlySpelling =
      isCanonical(schema, bytes) ?? equalBytes(toBinary(schema, message), bytes);
    if (!isOnlySpelling) return undefined;
  } catch {
    // Malformed bytes are data, not a failure of ours: the caller counts a reject.
    return undefined;
  }
  return message;
}
