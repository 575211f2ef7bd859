// A sidecar whose disk is full: nobody is newly denied, nobody let in again (I7).

import { join } from "node:path";
import { openLog, openSqliteStore } from "@ostraka/host";
import { addressSubject, OstrakaError, type SubjectText } from "@ostraka/proto";
import { readSidecarConfig } from "@ostraka/sidecar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openIdentity } from "../../sidecar/src/identity.ts";
import { openKnowledge } from "../../sidecar/src/knowledge.ts";
import { Sidecar } from "../../sidecar/src/runtime.ts";
import { eventually } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";
import { type SidecarStand, startStand } from "./sidecar-stand.ts";

const REVOKED = "192.0.2.97";
const OTHER = "192.0.2.98";

describe.skipIf(natsVersion() === undefined)(
  "a sidecar whose disk is full (needs nats-server)",
  () => {
    let stand: SidecarStand;
    beforeAll(async () => {
      stand = await startStand();
    });
    afterAll(() => stand[Symbol.asyncDispose]());

    async function revoke(address: string): Promise<void> {
      const asked = stand.commands.revoke(addressSubject(address) as SubjectText);
      await stand.submit(asked.envelope, [asked.part]);
      for (const name of ["ada", "sam"]) {
        await stand.submit(stand.commands.approval(asked.id, name));
      }
    }

    /** On a disk that a test fills and empties. */
    async function startOn(disk: { isFull: boolean }, configPath: string) {
      const config = readSidecarConfig(configPath);
      const store = openSqliteStore(config.store);
      const faults: unknown[] = [];
      const write: typeof store.write = (writes) => {
        if (disk.isFull) throw new OstrakaError("OSTRAKA_STORE", "cannot write it: make room");
        store.write(writes);
      };
      const log = openLog({ name: "web-1", file: join(stand.dir, "full.log") });
      const options = { config, log, onFault: (error: unknown) => faults.push(error) };
      const knowledge = await openKnowledge(config, options.log, Date.now);
      const identity = openIdentity(config);
      const sidecar = new Sidecar(options, identity, { ...store, write }, knowledge);
      await sidecar.listen();
      const get = async (path: string, client: string) => {
        const { host, port } = sidecar.gate;
        const headers = { "x-forwarded-for": client };
        return await fetch(`http://${host}:${port}${path}`, { headers });
      };
      return {
        ...{ sidecar, faults },
        ask: async (client: string) => (await get("/auth", client)).status,
        health: async () => {
          const response = await get("/healthz", OTHER);
          const { status, why } = (await response.json()) as { status: string; why: string };
          return { code: response.status, status, why };
        },
      };
    }

    test("it answers as before, says so, and goes on when it is started again", async () => {
      const host = await stand.addHost("web-1", "rack-1");
      const disk = { isFull: false };
      const one = await startOn(disk, host.configPath);
      await one.sidecar.whenReady;
      await revoke(REVOKED);
      await eventually(async () => (await one.ask(REVOKED)) === 403, "the revocation is enforced");

      disk.isFull = true;
      await revoke("192.0.2.99");
      await eventually(async () => (await one.health()).status === "unready", "the fault is told");
      const why = "store fault: cannot write it: make room; holding what was enforced";
      expect(await one.health()).toEqual({ code: 200, status: "unready", why });
      expect([await one.ask(REVOKED), await one.ask(OTHER)]).toEqual([403, 200]);
      expect(one.faults).toEqual([]);
      await one.sidecar.close();

      // Also a start on the full disk answers what the store says.
      const two = await startOn(disk, host.configPath);
      expect([await two.ask(REVOKED), await two.ask(OTHER)]).toEqual([403, 200]);
      await eventually(async () => (await two.health()).status === "unready", "the fault is told");
      disk.isFull = false;
      await eventually(async () => two.faults.length === 1, "the store's recovery is told");
      expect(two.faults).toMatchObject([{ code: "OSTRAKA_STORE" }]);
      await two.sidecar.close();

      const three = await startOn(disk, host.configPath);
      await eventually(
        async () => (await three.ask("192.0.2.99")) === 403,
        "what was missed is there",
      );
      expect((await three.health()).status).toBe("ready");
      await three.sidecar.close();
    });
  },
);
