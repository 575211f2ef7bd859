// Every host of a mesh, page by page. Believes nothing of it: receipts are verified by who uses
// them, members by the ledger.

import type { AdminServices } from "@ostraka/coordinator";
import { LIMITS } from "@ostraka/proto";
import type { HostStatus } from "@ostraka/proto/gen/admin";

/** Lists all hosts, by name. @throws OstrakaError as the client does. */
export async function allHosts(client: Pick<AdminServices, "host">): Promise<HostStatus[]> {
  const hosts: HostStatus[] = [];
  let pageToken = "";
  do {
    const page = await client.host.list({ pageSize: LIMITS.pageRecordsMax, pageToken });
    hosts.push(...page.hosts);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && hosts.length < LIMITS.hostsMax);
  return hosts;
}
