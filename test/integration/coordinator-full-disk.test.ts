// A coordinator whose disk is full ends in words, and lets nobody wait for it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addressSubject, OstrakaError, type SubjectText } from "@ostraka/proto";
import { describe, expect, test, vi } from "vitest";
import { natsVersion } from "./nats-server.ts";
import { startStand } from "./sidecar-stand.ts";

const SUBJECT = addressSubject("192.0.2.7") as SubjectText;

describe.skipIf(natsVersion() === undefined)(
  "a coordinator's full disk (needs nats-server)",
  () => {
    test("is told as what it is; who waits and who asks then is sent to another", async () => {
      await using stand = await startStand();
      const { store } = stand.coordinator.parts;
      vi.spyOn(store, "write").mockImplementation(() => {
        throw new OstrakaError("OSTRAKA_STORE", "cannot write it: make room");
      });
      const { envelope, part } = stand.commands.revoke(SUBJECT);
      const refused = expect.objectContaining({ code: "OSTRAKA_STORE" });
      const waiting = stand.coordinator.submit(envelope, [part], 20_000);
      await expect(waiting).rejects.toEqual(refused);
      await expect(stand.coordinator.submit(envelope, [part], 20_000)).rejects.toEqual(refused);
      const log = readFileSync(join(stand.dir, "coordinator.log"), "utf8");
      expect(log).toMatch(/"cannot write it: make room".*"the coordinator failed"/);
    });
  },
);
