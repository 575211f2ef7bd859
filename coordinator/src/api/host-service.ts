// Which hosts are members, and their receipts as they were signed. Counts nothing: coverage is
// counted by whoever asks, from receipts that they verify themselves.

import type { HostMember } from "@ostraka/agents/kernel";
import { compareText, LIMITS, OstrakaError } from "@ostraka/proto";
import type { HostService } from "@ostraka/proto/gen/admin";
import type { CallContext, Handlers } from "./grpc-service.ts";
import { hostStatus } from "./host-status.ts";
import { cursorOf, pageSizeOf, pageToken } from "./page-token.ts";
import { waitFor } from "./read-barrier.ts";
import { watchReceipts } from "./receipt-feed.ts";
import type { SealedReader } from "./sealed-reader.ts";
import { SyncMarks } from "./sync-marks.ts";

const SCOPE = "hosts";

export function hostHandlers(reader: SealedReader): Handlers<typeof HostService> {
  const { runtime } = reader;
  const { mesh } = runtime.parts.genesis;
  const members = () => [...runtime.node.control.mesh.view.hosts()];
  return {
    list: async ({ pageSize, pageToken: token, minIndex }, context) => {
      const after = cursorOf(mesh, SCOPE, token);
      await waitFor(reader, minIndex, context);
      const sorted = members()
        .filter(({ name }) => after === undefined || compareText(name, after) > 0)
        .sort((a, b) => compareText(a.name, b.name));
      const page = sorted.slice(0, pageSizeOf(pageSize, LIMITS.pageRecordsMax));
      const last = page.at(-1);
      const hasMore = last !== undefined && page.length < sorted.length;
      return {
        hosts: page.map((host) => hostStatus(runtime, host)),
        nextPageToken: hasMore ? pageToken(mesh, SCOPE, last.name) : "",
      };
    },
    get: async ({ name, minIndex }, context) => {
      checkOwn(name, context);
      await waitFor(reader, minIndex, context);
      const host = runtime.node.control.mesh.view.hostNamed(name);
      if (host !== undefined) return { host: hostStatus(runtime, host) };
      throw new OstrakaError(
        "OSTRAKA_NOT_FOUND",
        `no host ${JSON.stringify(name.slice(0, 64))} is a member: look with \`ostraka host list\``,
      );
    },
    watch: async function* ({ minIndex }, context) {
      await waitFor(reader, minIndex, context);
      yield* watchHosts(reader, members, context.signal);
    },
  };
}

function checkOwn(name: string, { caller }: CallContext): void {
  if (caller.role !== "host" || caller.name === name) return;
  throw new OstrakaError(
    "OSTRAKA_NOT_ALLOWED",
    `${caller.name} (host) may read its own membership only: ask for ${caller.name}`,
  );
}

async function* watchHosts(
  reader: SealedReader,
  members: () => readonly HostMember[],
  signal: AbortSignal,
) {
  const { runtime } = reader;
  const marks = new SyncMarks();
  const shown = new Set<string>();
  const at = () => reader.place();
  const item = (host: HostMember) => {
    shown.add(host.name);
    return { item: { case: "host" as const, value: hostStatus(runtime, host) }, at: at() };
  };
  for await (const { envelope } of watchReceipts(runtime, signal)) {
    const key = envelope?.signatures[0]?.key;
    const host = key && runtime.node.control.mesh.view.hostOf(key);
    if (host !== undefined) yield item(host);
    if (envelope !== undefined) continue;
    // Hosts that have shown no receipt yet, those that have just joined among them.
    const names = new Set<string>();
    for (const member of members()) {
      names.add(member.name);
      if (!shown.has(member.name)) yield item(member);
    }
    for (const name of shown) {
      if (names.has(name)) continue;
      shown.delete(name);
      yield { item: { case: "host" as const, value: { name, hasLeft: true } }, at: at() };
    }
    if (marks.isDue()) {
      const value = { machineTimeMs: reader.machineTimeMs() };
      yield { item: { case: "synced" as const, value }, at: at() };
    }
  }
}
