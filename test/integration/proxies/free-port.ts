// Ports of 127.0.0.1 for the real proxies that a test starts, which cannot be told "any free one".
// Below the range that the system hands out by itself, or a neighbouring test could get it first.

import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const FIRST = 20_000;
const END = 32_000;
const TRIES = 20;

/** A port that nobody listens on. @throws Error when twenty at random are all taken. */
export async function freePort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
  throw new Error(`found no free port from ${FIRST} to ${END} in ${TRIES} tries`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
