// What the CLI makes of a coordinator's pages: an honest one is read, a lying one is found out.

import type { AdminClient } from "@ostraka/coordinator";
import { openCrypto } from "@ostraka/host";
import { type EntryRecord, hex, Ledger, type SealedHead } from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { allVerdicts, findVerdict, standingOf } from "./find-verdict.ts";
import { idOf } from "./ledger-walk.ts";
import { SampleMesh, sampleMesh } from "./sample-mesh.ts";
import { VerifiedMesh } from "./verified-mesh.ts";

const crypto = openCrypto();
let mesh: SampleMesh;

beforeAll(() => {
  mesh = sampleMesh("acme");
});

interface Page {
  readonly records: readonly EntryRecord[];
  readonly head: SealedHead;
}

function open(client: Pick<AdminClient, "ledger">): VerifiedMesh {
  const { genesis } = mesh;
  const patience = { tries: 3, pauseMs: 1, forMs: 60_000 };
  return new VerifiedMesh({ crypto, genesis, client: client as AdminClient, patience });
}

/** A coordinator that changes what an honest one would answer. */
function lying(lie: (page: Page, ledger: Ledger, first: number) => Partial<Page>) {
  const honest = mesh.ledgerService(4).ledger;
  const listEntries = async (request: { ledger?: Ledger; fromIndex?: bigint }) => {
    const page = (await honest.listEntries(request)) as Page;
    return { ...page, ...lie(page, request.ledger as Ledger, Number(request.fromIndex)) };
  };
  return { ledger: { listEntries } } as unknown as Pick<AdminClient, "ledger">;
}

describe("an honest coordinator", () => {
  it("is read page by page, and then only for what is new", async () => {
    const verified = open(mesh.ledgerService(3));
    const first = await verified.refresh();
    expect(first.length).toBe(
      mesh.read(Ledger.CONTROL).records.length + mesh.read(Ledger.SIGNALS).records.length,
    );
    expect(await verified.refresh()).toEqual([]);
    expect(verified.machineTimeMs).toBe(mesh.nowMs);
  });

  it("shows how each verdict stands", async () => {
    const verified = open(mesh.ledgerService());
    await verified.refresh();
    const { walk } = verified;
    const states = (nowMs: number) =>
      allVerdicts(walk).map((v) => `${v.ledger}:${v.index} ${standingOf(walk, v, nowMs).state}`);
    const c = walk.verdictsOf(Ledger.CONTROL).map((v) => `1:${v.index}`);
    expect(states(verified.machineTimeMs).sort()).toEqual(
      [`${c[0]} in force`, `${c[1]} lift`, "2:1 lifted", "2:2 in force"].sort(),
    );
    expect(states(verified.machineTimeMs + 86_400_000)).toContain("2:2 over");
  });

  it("proves every entry under the head", async () => {
    const verified = open(mesh.ledgerService());
    for (const entry of await verified.refresh()) {
      expect(verified.walk.inclusionOf(entry).isVerified).toBe(true);
    }
  });

  it("lets a verdict be named by the start of its id, and only by enough of it", async () => {
    const verified = open(mesh.ledgerService());
    await verified.refresh();
    const [first] = allVerdicts(verified.walk);
    if (first?.verdict === undefined) throw new Error("no verdict");
    const id = hex(idOf(first.verdict));
    expect(findVerdict(verified.walk, id.slice(0, 8).toUpperCase())).toBe(first);
    expect(() => findVerdict(verified.walk, id.slice(0, 7))).toThrow(/at least 8 hex digits/);
    expect(() => findVerdict(verified.walk, "0".repeat(64))).toThrow(/no verdict has id/);
    expect(() => findVerdict(verified.walk, id, "lift")).toThrow(/no lift has id/);
  });
});

describe("a lying coordinator", () => {
  it("that leaves an entry out is found out at that entry", async () => {
    const lie = lying(({ records }, ledger, first) =>
      ledger === Ledger.CONTROL && first === 1 ? { records: records.toSpliced(2, 1) } : {},
    );
    await expect(open(lie).refresh()).rejects.toThrow(/^c:3 .*does not hold \(wrong-index/);
  });

  it("that changes the words beside a proposal is found out", async () => {
    const lie = lying(({ records }) => ({
      records: records.map(({ entry, privates, $typeName }) => ({
        $typeName,
        entry,
        privates: privates.map((p) => ({ ...p, salt: p.salt.map((b) => b ^ 1) })),
      })),
    }));
    await expect(open(lie).refresh()).rejects.toThrow(/commitment-mismatch/);
  });

  it("that withholds the words beside a verdict is found out, and nothing of it is kept", async () => {
    const lie = lying(({ records }) => ({
      records: records.map((record) => ({ ...record, privates: [] })),
    }));
    await expect(open(lie).refresh()).rejects.toThrow(/c:\d+ .*commitment-mismatch/);
  });

  it("that shows pages without end or without records is not asked for ever", async () => {
    const empty = lying(() => ({ records: [] }));
    await expect(open(empty).refresh()).rejects.toThrow(/do not reach the head/);
  });

  it("is refused where it alone is asked, and passed over where an honest one is known", async () => {
    const lie = lying(({ records }, ledger, first) =>
      ledger === Ledger.CONTROL && first === 1 ? { records: records.toSpliced(2, 1) } : {},
    );
    const alone = { ...lie, each: [lie, lie] } as unknown as AdminClient;
    await expect(open(alone).refresh()).rejects.toThrow(/^c:3 .*does not hold \(wrong-index/);
    const among = { ...lie, each: [lie, mesh.ledgerService()] } as unknown as AdminClient;
    const all = mesh.read(Ledger.CONTROL).records.length + mesh.read(Ledger.SIGNALS).records.length;
    expect(await open(among).refresh()).toHaveLength(all);
  });

  it("that shows a head nobody sealed is found out", async () => {
    const lie = lying(({ head }) => ({ head: { ...head, seals: [] } }));
    await expect(open(lie).refresh()).rejects.toThrow(/sealed head of c .*not-sealed/);
  });

  it("that falls behind what another has shown is no news, and no contradiction", async () => {
    let isBack = false;
    const lie = lying(({ records }, ledger) => {
      if (!isBack || ledger !== Ledger.CONTROL) return {};
      return { head: older, records: records.slice(0, 0) };
    });
    const young = new SampleMesh("acme");
    young.start();
    const older = young.read(Ledger.CONTROL).sealed;
    const verified = open(lie);
    await verified.refresh();
    isBack = true;
    expect(await verified.refresh()).toEqual([]);
  });

  it("of another mesh is found out at its first entry", async () => {
    const foreign = open(sampleMesh("other").ledgerService());
    await expect(foreign.refresh()).rejects.toThrow(/^c:1 .*does not hold \(wrong-mesh/);
  });
});
