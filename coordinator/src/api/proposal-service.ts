// Reads what waits for people. Lapse follows machine time, which `synced` tells; every other change
// is an entry and comes with its place.

import { hex, LIMITS, OstrakaError } from "@ostraka/proto";
import type { ProposalService } from "@ostraka/proto/gen/admin";
import { feedEntries } from "./entry-feed.ts";
import type { Handlers } from "./grpc-service.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { waitFor } from "./read-barrier.ts";
import type { SealedReader } from "./sealed-reader.ts";
import { changeBy, waitingById, waitingNames, waitingOf } from "./waiting.ts";

const SCOPE = "waiting";

export function proposalHandlers(reader: SealedReader): Handlers<typeof ProposalService> {
  const { runtime } = reader;
  const { mesh } = runtime.parts.genesis;
  return {
    list: async ({ pageSize, pageToken: token, minIndex }, context) => {
      const after = cursorOf(mesh, SCOPE, token);
      await waitFor(reader, minIndex, context);
      const { waiting, next } = page(reader, after, pageSizeOf(pageSize, LIMITS.pageRecordsMax));
      const nextPageToken = next === undefined ? "" : pageToken(mesh, SCOPE, next);
      return { waiting, nextPageToken, at: reader.place() };
    },
    get: async ({ id, minIndex }, context) => {
      await waitFor(reader, minIndex, context);
      const waiting = waitingById(reader, id);
      if (waiting !== undefined) {
        return { waiting, roster: runtime.node.control.mesh.roster.document };
      }
      const shown = hex(id.subarray(0, 32));
      throw new OstrakaError(
        "OSTRAKA_NOT_FOUND",
        `no proposal or suggestion ${shown}: it may have lapsed, or its id is mistyped`,
      );
    },
    watch: async function* ({ minIndex, resumeAfter }, context) {
      await waitFor(reader, minIndex, context);
      await waitFor(reader, resumeAfter, context);
      const from = resumeAfter ?? reader.place();
      if (resumeAfter === undefined) {
        // Without a place: a watch that breaks here begins again, and what was decided meanwhile is
        // told as decided.
        for (const name of waitingNames(reader, true)) {
          const value = waitingOf(reader, name);
          if (value !== undefined) yield { item: { case: "waiting" as const, value } };
        }
      }
      for await (const { fed, at } of feedEntries(reader, from, context.signal)) {
        const value = fed && changeBy(reader, fed);
        if (value !== undefined) yield { item: { case: "waiting" as const, value }, at };
        if (fed !== undefined) continue;
        const synced = { machineTimeMs: reader.machineTimeMs() };
        yield { item: { case: "synced" as const, value: synced }, at };
      }
    },
  };
}

function page(reader: SealedReader, after: string | undefined, countMax: number) {
  const waiting: NonNullable<ReturnType<typeof waitingOf>>[] = [];
  let next: string | undefined;
  let isPast = after === undefined;
  // What the last page ended with waits no more: it is not known what came after it.
  const names = [...waitingNames(reader)];
  if (after !== undefined && !names.includes(after)) {
    throw new OstrakaError(
      "OSTRAKA_USAGE",
      "what that page_token stands for waits no more: begin again with the first page",
    );
  }
  for (const name of names) {
    if (!isPast) {
      isPast = name === after;
      continue;
    }
    const value = waitingOf(reader, name);
    if (value === undefined) continue;
    if (waiting.length >= countMax) return { waiting, next };
    waiting.push(value);
    next = name;
  }
  return { waiting, next: undefined };
}
