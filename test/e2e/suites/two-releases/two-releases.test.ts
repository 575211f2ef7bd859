// Two releases side by side: the last one of machine version 1 beside coordinators of this one. The
// mesh stays at version 1 and decides, and all make the same ledgers; once the old one is replaced
// on its own store, version 2 is entered and deciding goes on (DESIGN.md 9, "Machine version").

import { join } from "node:path";
import { Ledger, parseSubject, type SubjectText } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { readStore } from "../../../../coordinator/cli/src/ledger/store-source.ts";
import {
  eventually,
  MeshFixture,
  submitOk,
  type TestCoordinator,
} from "../../../integration/mesh-fixture.ts";
import { natsVersion } from "../../../integration/nats-server.ts";
import { expectSameLedgers } from "../../kit/compare-ledgers.ts";
import { effectOf } from "../../kit/exported.ts";
import { hasCommit, OldRelease } from "../../kit/old-release.ts";

/** The last release of machine version 1. */
const OLD = "78be240";
const SUITE_MS = 170_000;
const NAMES = ["coordinator-1", "coordinator-2", "coordinator-3"];

const isAble = natsVersion() !== undefined && hasCommit(OLD);
if (!isAble) {
  process.stderr.write(`skipped: needs nats-server and commit ${OLD} (git fetch --unshallow)\n`);
}

describe.skipIf(!isAble)("two releases of coordinators in one mesh", () => {
  it(
    "decide the same at version 1, and go to version 2 once the last old one is replaced",
    async () => {
      using old = new OldRelease(OLD);
      await using mesh = await MeshFixture.make({ coordinators: 3 });
      const [first, second, third] = NAMES as [string, string, string];

      // 1. One old and two new ones start a mesh and decide.
      const olds = await mesh.startCoordinator(first, {}, old.coordinatorMain);
      const news = [await mesh.startCoordinator(second), await mesh.startCoordinator(third)];
      const [admin] = news.map((coordinator) => coordinator.admin);
      for (const command of mesh.commands.policy()) {
        await submitOk(admin as TestCoordinator["admin"], command);
      }
      await revoke(mesh, olds, "ana");
      await revoke(mesh, news[0] as TestCoordinator, "ben");
      await untilLevel([olds, ...news]);
      expect(await versions(news)).toEqual([1, 1]);

      // 2. The old one ends; its ledgers are those of the others, and know of no version.
      expect(await olds.end("SIGTERM")).toBe(0);
      const before = controlEffects(mesh, first);
      expect(before.filter((effect) => effect === "revocation")).toHaveLength(2);
      expect(before).not.toContain("version");

      // 3. The new code on its store: the version is entered, and deciding goes on.
      const replaced = await mesh.startCoordinator(first);
      const all = [replaced, ...news];
      await eventually(
        async () => (await versions(all)).every((version) => version === 2),
        "every coordinator is at machine version 2",
      );
      await revoke(mesh, replaced, "cleo");
      await untilLevel(all);
      for (const coordinator of all) expect(await coordinator.end("SIGTERM")).toBe(0);
      const after = controlEffects(mesh, first);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after.filter((effect) => effect === "version")).toHaveLength(1);
      expectSameLedgers(NAMES.map((name) => ({ name, folder: folderOf(mesh, name) })));
    },
    SUITE_MS,
  );
});

/** A kill switch, asked of one coordinator, with its two approvals. */
async function revoke(mesh: MeshFixture, at: TestCoordinator, name: string): Promise<void> {
  const subject = parseSubject(`user:test/${name}`) as SubjectText;
  const asked = mesh.commands.revoke(subject);
  await submitOk(at.admin, asked.envelope, [asked.part]);
  await submitOk(at.admin, mesh.commands.approval(asked.id, "ada"));
  const { verdictId } = await submitOk(at.admin, mesh.commands.approval(asked.id, "sam"));
  expect(verdictId).toHaveLength(32);
}

async function versions(coordinators: readonly TestCoordinator[]): Promise<number[]> {
  const seen = await Promise.all(coordinators.map(({ admin }) => admin.mesh.getStatus({})));
  return seen.map(({ machineVersion }) => machineVersion);
}

/** Waits until all have sealed the same entries. */
async function untilLevel(coordinators: readonly TestCoordinator[]): Promise<void> {
  await eventually(async () => {
    const seen = await Promise.all(coordinators.map(({ admin }) => admin.mesh.getStatus({})));
    const places = seen.map(({ ledgers }) =>
      ledgers.map(({ index, sealedIndex }) => `${index}/${sealedIndex}`).join(" "),
    );
    const isSealed = seen[0]?.ledgers.every(({ index, sealedIndex }) => index === sealedIndex);
    return isSealed === true && new Set(places).size === 1;
  }, "all coordinators have sealed the same");
}

function folderOf(mesh: MeshFixture, name: string): string {
  return join(mesh.dir, "coordinators", name);
}

/** Kinds of the control ledger's entries in a stopped coordinator's store. */
function controlEffects(mesh: MeshFixture, name: string): string[] {
  const stored = readStore(join(folderOf(mesh, name), "state.sqlite")).get(Ledger.CONTROL);
  return (stored?.records ?? []).map(({ entry }) => effectOf(entry));
}
