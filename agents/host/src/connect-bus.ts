// Opens the bus, and loads its library only then: a sidecar answers from its store before it has
// talked to anybody.

import type { Bus, BusOptions } from "./bus.ts";

/** Connects to NATS; see `Bus` for what it promises. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const nats = await import("./bus-nats.ts");
  return await nats.connectBus(options);
}
