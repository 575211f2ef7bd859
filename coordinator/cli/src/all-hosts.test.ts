// All hosts come page by page, and a coordinator that never ends is not listened to for ever.

import { create } from "@bufbuild/protobuf";
import type { AdminServices } from "@ostraka/coordinator";
import { LIMITS } from "@ostraka/proto";
import { HostServiceListResponseSchema } from "@ostraka/proto/gen/admin";
import { expect, test } from "vitest";
import { allHosts } from "./all-hosts.ts";

/** A coordinator with so many hosts, and the tokens that it was asked with. */
function coordinatorWith(count: number, asked: string[]): Pick<AdminServices, "host"> {
  const list = async ({ pageSize = 0, pageToken = "" }) => {
    asked.push(pageToken);
    const from = Number(pageToken);
    const to = Math.min(count, from + pageSize);
    const hosts = Array.from({ length: to - from }, (_, i) => ({ name: `web-${from + i}` }));
    const nextPageToken = to < count ? String(to) : "";
    return create(HostServiceListResponseSchema, { hosts, nextPageToken });
  };
  return { host: { list } } as unknown as Pick<AdminServices, "host">;
}

test("pages are asked for until there is none, each ONCE", async () => {
  const asked: string[] = [];
  const size = LIMITS.pageRecordsMax;
  const hosts = await allHosts(coordinatorWith(2 * size + 1, asked));
  expect(hosts.map(({ name }) => name)).toEqual(hosts.map((_, i) => `web-${i}`));
  expect([hosts.length, asked]).toEqual([2 * size + 1, ["", String(size), String(2 * size)]]);
});

test("no more are taken than a mesh can have", async () => {
  const hosts = await allHosts(coordinatorWith(Number.MAX_SAFE_INTEGER, []));
  expect(hosts.length).toBeLessThan(LIMITS.hostsMax + LIMITS.pageRecordsMax);
});
