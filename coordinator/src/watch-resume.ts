// How a watch is taken up again at another coordinator, without gap or repeat: behind the place
// that the last message named, or from the start with what was given already left out.

import { createHash } from "node:crypto";
import { type DescMethod, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Envelope, EnvelopeSchema, hex } from "@ostraka/proto";
import type { Indexes } from "@ostraka/proto/gen/admin";

export interface Resume {
  /** What to ask for, from here on. */
  request(): unknown;
  /** Notes a message. @returns whether it is news. */
  take(message: unknown): boolean;
}

/** How a method's watch is taken up: by place where it can be, else by what is known. */
export function resumeOf(method: DescMethod, request: unknown): Resume {
  const hasPlace = method.input.fields.some(({ localName }) => localName === "resumeAfter");
  return hasPlace ? byPlace(method, request as object) : byHost(request);
}

function byPlace(method: DescMethod, request: object): Resume {
  let at: Indexes | undefined;
  // Until there is a place the watch begins again: what it gives twice is left out.
  let given: Set<string> | undefined = new Set();
  return {
    request: () => (at === undefined ? request : { ...request, resumeAfter: at }),
    take: (message) => {
      const place = (message as { readonly at?: Indexes }).at;
      if (place !== undefined) {
        at = place;
        given = undefined;
        return true;
      }
      const digest = digestOf(
        toBinary(method.output, message as MessageShape<typeof method.output>),
      );
      if (given?.has(digest) === true) return false;
      given?.add(digest);
      return true;
    },
  };
}

interface HostNews {
  readonly receipt?: Envelope;
  readonly item?: {
    readonly case?: string;
    readonly value?: { readonly name?: string; readonly receipt?: Envelope; hasLeft?: boolean };
  };
}

/** Hosts and receipts have no place in a ledger: the newest of each host is known by its bytes. */
function byHost(request: unknown): Resume {
  const newest = new Map<string, string>();
  return {
    request: () => request,
    take: (message) => {
      const { item, receipt = item?.value?.receipt } = message as HostNews;
      const host = item?.value?.name ?? hex(receipt?.signatures[0]?.key ?? new Uint8Array());
      if (host === "" || item?.case === "synced") return true;
      const state = item?.value?.hasLeft === true ? "left" : "no receipt";
      const digest = receipt === undefined ? state : digestOf(toBinary(EnvelopeSchema, receipt));
      if (newest.get(host) === digest) return false;
      newest.set(host, digest);
      return true;
    },
  };
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}
