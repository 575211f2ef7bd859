// What befalls one process of a mesh at a chosen moment, and how it comes back. Each fault ends
// with its part running again; none touches more than one part.

import type { ClusterServer } from "../../integration/nats-cluster.ts";
import type { Seeded } from "./seeded.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import type { MeshPart, Three } from "./three.ts";

export interface Fault {
  readonly name: string;
  /** Does it. @returns how to undo it. */
  strike(): Promise<() => Promise<void>>;
}

export type FaultKind = "kill" | "pause" | "cut" | "silence" | "roll-back" | "wipe";

/** A store to go back to, kept when the part was first struck. */
type Kept = Map<string, () => void>;

/** Faults of coordinators, by kind. */
export function coordinatorFault(three: Three, part: MeshPart, kind: FaultKind, kept: Kept): Fault {
  const proxies = three.proxiesOf(part);
  const strikes: Record<FaultKind, Fault["strike"]> = {
    kill: async () => {
      await part.kill();
      return () => part.start();
    },
    pause: async () => {
      part.pause();
      return async () => part.resume();
    },
    cut: async () => {
      for (const proxy of proxies) proxy.refuse();
      return async () => openAll(proxies);
    },
    silence: async () => {
      for (const proxy of proxies) proxy.silence();
      return async () => openAll(proxies);
    },
    "roll-back": async () => {
      await part.kill();
      const putBack = kept.get(part.name);
      if (putBack === undefined) kept.set(part.name, part.keepStore());
      else putBack();
      return () => part.start();
    },
    wipe: async () => {
      await part.kill();
      part.wipe();
      return () => part.start();
    },
  };
  return { name: `${kind} ${part.name}`, strike: strikes[kind] };
}

function openAll(proxies: readonly TcpProxy[]): void {
  for (const proxy of proxies) proxy.open();
}

/** Faults of NATS servers, by kind; a server is cut off only by pausing it. */
export function serverFault(server: ClusterServer, kind: FaultKind, kept: Kept): Fault {
  const kill = async () => {
    await server.kill();
    return () => server.start();
  };
  const pause = async () => {
    await server.pause();
    return async () => server.resume();
  };
  const strikes: Record<FaultKind, Fault["strike"]> = {
    kill,
    pause,
    cut: pause,
    silence: pause,
    "roll-back": async () => {
      await server.kill();
      const putBack = kept.get(server.name);
      if (putBack === undefined) kept.set(server.name, server.keepStore());
      else putBack();
      return () => server.start();
    },
    wipe: async () => {
      await server.kill();
      server.wipe();
      return () => server.start();
    },
  };
  return { name: `${kind} ${server.name}`, strike: strikes[kind] };
}

/** Chooses one coordinator and one server and what befalls each. */
export function chooseFaults(
  three: Three,
  random: Seeded,
  kinds: { readonly coordinator: readonly FaultKind[]; readonly server: readonly FaultKind[] },
  kept: Kept,
): readonly Fault[] {
  const part = random.pick(three.coordinators);
  const server = random.pick(three.servers);
  return [
    ...(kinds.coordinator.length === 0
      ? []
      : [coordinatorFault(three, part, random.pick(kinds.coordinator), kept)]),
    ...(kinds.server.length === 0 ? [] : [serverFault(server, random.pick(kinds.server), kept)]),
  ];
}
