// Free ports of 127.0.0.1 for the real proxies that a test starts, which cannot be told "any port".

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** A port that was free a moment ago; the caller must be ready to find it taken. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
