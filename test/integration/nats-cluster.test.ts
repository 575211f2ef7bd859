// The bus against three real nats-servers: what a killed, a paused, a rolled back and a wiped one
// cost, and that none of it is taken for damage of the journal (I3). TLS on the way there.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Bus,
  type BusLog,
  connectBus,
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  inboxPrefix,
  type JournalGap,
  type NatsAuthority,
} from "@ostraka/host";
import { createMeshCa } from "@ostraka/host/mesh-ca";
import { channelsOf, Ledger, type MeshId, utf8 } from "@ostraka/proto";
import { afterEach, describe, expect, test } from "vitest";
import { type ClusterServer, NatsCluster } from "./nats-cluster.ts";
import { natsVersion, until } from "./nats-server.ts";

const CHANNELS = channelsOf("ab".repeat(32) as MeshId);
const COORDINATOR = new Uint8Array(32).fill(3);
const CONTROL = CHANNELS.stream(Ledger.CONTROL);
const JOURNAL = CHANNELS.journal(Ledger.CONTROL, COORDINATOR);
/** Choosing a leader takes nats-server 4 to 9 s, and may take a second round. */
const CHOSEN_MS = 40_000;
const TEST_MS = 120_000;

const quiet = () => undefined;
const LOG: BusLog = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const open: Bus[] = [];
const observers: (() => void)[] = [];
afterEach(async () => {
  for (const end of observers.splice(0)) end();
  for (const bus of open.splice(0)) await bus.close();
});

async function join3(authority: NatsAuthority, urls: readonly string[], caFile?: string) {
  const user = createNatsUserKey();
  const permissions = coordinatorPermissions(CHANNELS, COORDINATOR);
  const jwt = authority.issueUser({ name: "member", publicKey: user.publicKey, permissions });
  const bus = await connectBus({
    urls,
    creds: credsFile(jwt, user.seed),
    name: "member",
    inboxPrefix: inboxPrefix(COORDINATOR),
    log: LOG,
    ...(caFile !== undefined && { caFile }),
  });
  open.push(bus);
  return bus;
}

async function openSignals(bus: Bus, replicas: number): Promise<void> {
  const channels = [CHANNELS.journalAll(Ledger.CONTROL)];
  await sure(async () => {
    await bus.openJournal(CONTROL, channels, { replicas });
    return true;
  });
}

/** Asks until there is an answer: while a leader is being chosen there is none. */
async function sure<T>(ask: () => Promise<T | undefined>, isIt = (_: T) => true): Promise<T> {
  const deadline = performance.now() + CHOSEN_MS;
  let last: unknown = "nothing";
  for (;;) {
    try {
      const found = await ask();
      if (found !== undefined && isIt(found)) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`asked in vain: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Publishes messages `m<from>` to `m<to>`, each with its own id until it is acknowledged. */
async function fill(bus: Bus, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    const ack = await sure(() => bus.publishJournal(JOURNAL, utf8(`m${n}`), `id-${n}`));
    // The very next position each time: sent again, an id is one message.
    expect(ack).toEqual({ position: n });
  }
}

/** Reads the journal, and keeps asking where it ends. */
function observe(bus: Bus) {
  const texts: string[] = [];
  const gaps: JournalGap[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  let isOver = false;
  observers.push(() => {
    isOver = true;
  });
  bus.readJournal({
    stream: CONTROL,
    fromPosition: 1,
    onMessage: (position, bytes) => {
      expect(position).toBe(texts.length + 1);
      texts.push(Buffer.from(bytes).toString("utf8"));
    },
    onGap: (gap) => gaps.push(gap),
  });
  const asking = (async () => {
    while (!isOver) {
      // What was once said to be there is never said to be gone: that is what damage looks like.
      const last = await bus.lastPosition(CONTROL).catch(() => undefined);
      // A connection that is closed answers at once: nothing else would ever have its turn.
      if (last === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      if (last === undefined) continue;
      if (last < highest) lowest = Math.min(lowest, last);
      highest = Math.max(highest, last);
    }
  })();
  return {
    texts,
    gaps,
    end: async () => {
      isOver = true;
      await asking;
      return { rolledBackTo: lowest };
    },
  };
}

async function leaderOf(bus: Bus, cluster: NatsCluster): Promise<ClusterServer> {
  const { leader } = await sure(
    () => placesOf(bus),
    ({ leader }) => leader !== "",
  );
  return cluster.named(leader);
}

const placesOf = async (bus: Bus) => (await bus.journalBounds(CONTROL))?.places;

async function untilAllFollow(bus: Bus): Promise<void> {
  await sure(
    () => placesOf(bus),
    ({ missing }) => missing.length === 0,
  );
}

const TROUBLES: readonly (readonly [
  string,
  (server: ClusterServer) => Promise<(bus: Bus) => Promise<void> | void>,
])[] = [
  [
    "is killed",
    async (server) => {
      await server.kill();
      return () => server.start();
    },
  ],
  [
    "is paused, and goes on believing that it leads",
    async (server) => {
      await server.pause();
      return () => server.resume();
    },
  ],
  [
    "is killed and comes back with an older store",
    async (server) => {
      await server.kill();
      const putBack = server.keepStore();
      return async (bus) => {
        await server.start();
        await untilAllFollow(bus);
        await server.kill();
        putBack();
        await server.start();
      };
    },
  ],
  [
    "is killed and loses its disk",
    async (server) => {
      await server.kill();
      return async () => {
        server.wipe();
        await server.start();
      };
    },
  ],
];

const version = natsVersion();
if (version === undefined)
  process.stderr.write("skipped: no nats-server (apt install nats-server)\n");

describe.skipIf(version === undefined)("a journal on three servers", () => {
  test.each(TROUBLES)(
    "goes on whole when its leader %s",
    async (_what, trouble) => {
      const authority = createNatsAuthority("acme");
      await using cluster = await NatsCluster.start({ authority });
      const bus = await join3(authority, cluster.urls);
      await openSignals(bus, 3);
      await fill(bus, 1, 30);
      const seen = observe(bus);
      const heal = await trouble(await leaderOf(bus, cluster));
      await fill(bus, 31, 60);
      await heal(bus);
      await fill(bus, 61, 70);
      await untilAllFollow(bus);
      await until(() => seen.texts.length >= 70, "all of it is read", CHOSEN_MS);
      expect(seen.texts).toEqual(Array.from({ length: 70 }, (_, i) => `m${i + 1}`));
      expect(seen.gaps).toEqual([]);
      expect(await seen.end()).toEqual({ rolledBackTo: Number.POSITIVE_INFINITY });
    },
    TEST_MS,
  );

  test("is spread from one server to three, and says who is away", async () => {
    const authority = createNatsAuthority("acme");
    await using cluster = await NatsCluster.start({ authority });
    const bus = await join3(authority, cluster.urls);
    await openSignals(bus, 1);
    await fill(bus, 1, 5);
    expect(await placesOf(bus)).toMatchObject({ replicas: 1, missing: [] });
    await openSignals(bus, 3);
    const isSpread = ({ replicas, missing }: { replicas: number; missing: readonly string[] }) =>
      replicas === 3 && missing.length === 0;
    const { leader } = await sure(() => placesOf(bus), isSpread);
    // Asked for one again, it keeps its three: nobody takes a holder away.
    await openSignals(bus, 1);
    expect(await placesOf(bus)).toMatchObject({ replicas: 3 });
    const away = cluster.servers.find(({ name }) => name !== leader) as ClusterServer;
    await away.kill();
    await sure(
      () => placesOf(bus),
      ({ missing }) => missing.length === 1 && missing[0] === away.name,
    );
    await fill(bus, 6, 8);
  }, 120_000);

  test("is deleted only when a leader says so, and then it is absent", async () => {
    const authority = createNatsAuthority("acme");
    await using cluster = await NatsCluster.start({ authority });
    const bus = await join3(authority, cluster.urls);
    await openSignals(bus, 3);
    await fill(bus, 1, 3);
    await Promise.all(cluster.servers.map((server) => server.kill()));
    await Promise.all(cluster.servers.map((server) => server.start()));
    // Servers that have all just started may not know the stream yet; nobody says that it is gone.
    expect(await sure(() => bus.lastPosition(CONTROL))).toBe(3);
    expect(await bus.lastPosition("NONE")).toBeUndefined();
  }, 120_000);
});

describe.skipIf(version === undefined)("TLS towards NATS", () => {
  test("carries the bus and the routes, and nobody else's servers", async () => {
    const authority = createNatsAuthority("acme");
    const dir = mkdtempSync(join(tmpdir(), "ostraka-tls-"));
    const caFiles: string[] = [];
    const cas = await Promise.all(["acme", "other"].map((name) => createMeshCa(name)));
    cas.forEach(({ certPem }, i) => {
      caFiles.push(join(dir, `ca-${i}.pem`));
      writeFileSync(caFiles[i] as string, certPem);
    });
    const [ca] = cas;
    const { certPem, keyPem } = (await ca?.issue({ name: "nats", use: "both" })) ?? {};
    const pem = join(dir, "tls.pem");
    writeFileSync(pem, `${certPem}\n${keyPem}`, { mode: 0o600 });
    const tls = { certFile: pem, keyFile: pem, caFile: caFiles[0] as string };
    await using cluster = await NatsCluster.start({ authority, tls });

    const bus = await join3(authority, cluster.urls, caFiles[0]);
    await openSignals(bus, 3);
    await fill(bus, 1, 3);

    const refusal = { code: "OSTRAKA_UNREACHABLE", message: /does not prove who it is/ };
    const matching = expect.objectContaining({
      code: refusal.code,
      message: expect.stringMatching(refusal.message),
    });
    await expect(join3(authority, cluster.urls, caFiles[1])).rejects.toEqual(matching);
    await expect(join3(authority, cluster.urls)).rejects.toEqual(matching);
    // A certificate for other names is none for this address.
    const elsewhere = cluster.urls.map((url) => url.replace("127.0.0.1", "127.0.0.2"));
    await expect(join3(authority, elsewhere, caFiles[0])).rejects.toMatchObject({
      code: refusal.code,
    });
    rmSync(dir, { recursive: true });
  }, 120_000);

  test("is not left out because a server says that it has none", async () => {
    const authority = createNatsAuthority("acme");
    await using cluster = await NatsCluster.start({ authority });
    const secure = cluster.urls.map((url) => url.replace("nats:", "tls:"));
    await expect(join3(authority, secure)).rejects.toMatchObject({
      code: "OSTRAKA_UNREACHABLE",
      message: expect.stringMatching(/it speaks no TLS/),
    });
  });
});
