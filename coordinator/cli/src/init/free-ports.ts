// Free ports of this machine, asked of the system all at once so that no two are the same. Keeps
// none of them: whoever starts first has it.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** As many free TCP ports of 127.0.0.1; another program may still take one before it is used. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    for (const server of servers) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    for (const server of servers) server.close();
  }
}
