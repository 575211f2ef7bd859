// Free ports of this machine for servers that are started later. Keeps none of them; takes them
// from below the range that systems hand out by themselves, where any connection that somebody
// opens meanwhile would take one.

import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Linux hands out 32,768 and up, others 49,152 and up (RFC 6335 section 6). */
const FROM = 10_240;
const BELOW = 32_768;
/** Ports tried for each one wanted. */
const TRIES_MAX = 200;

/** As many free TCP ports of 127.0.0.1, no two the same; another program may still take one. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  try {
    for (let tries = 0; servers.size < count && tries < count * TRIES_MAX; tries++) {
      const port = randomInt(FROM, BELOW);
      const server = servers.has(port) ? undefined : await listenOn(port);
      if (server !== undefined) servers.set(port, server);
    }
    if (servers.size < count) throw new Error(`no ${count} ports of 127.0.0.1 are free`);
    return [...servers.keys()];
  } finally {
    for (const server of servers.values()) server.close();
  }
}

async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined; // taken, or not ours to take
  }
}
