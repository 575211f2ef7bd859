// Pages that change while they are read: one that catches up is read anew, one that has gone astray
// is passed over, and what never fits is not made to.

import type { AdminServices } from "@ostraka/coordinator";
import { openCrypto } from "@ostraka/host";
import { Frontier, Ledger, leafHash, OstrakaError } from "@ostraka/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { type LedgerReader, readAbove } from "./api-source.ts";
import type { Patience } from "./in-turn.ts";
import { type SampleMesh, sampleMesh } from "./sample-mesh.ts";

type Coordinator = Pick<AdminServices, "ledger">;
type Page = Awaited<ReturnType<AdminServices["ledger"]["listEntries"]>>;

const crypto = openCrypto();
const PATIENCE: Patience = { tries: 5, pauseMs: 1, forMs: 60_000 };
let mesh: SampleMesh;

beforeAll(() => {
  mesh = sampleMesh("acme");
});

const whole = () => mesh.read(Ledger.CONTROL);
const read = (
  client: Coordinator,
  each: readonly Coordinator[] = [],
  from = new Frontier(crypto),
) =>
  readAbove(
    { client: { ...client, each }, crypto, patience: PATIENCE } as unknown as LedgerReader,
    Ledger.CONTROL,
    from,
  );

/** One whose pages are made by hand: of three records, under the newest head. */
function coordinator(change: (page: Page, first: number) => Partial<Page>): Coordinator {
  const listEntries = async ({ fromIndex = 1n }: { fromIndex?: bigint }) => {
    const { sealed: head, records } = whole();
    const first = Number(fromIndex);
    const page = { head, records: records.slice(first - 1, first + 2) } as unknown as Page;
    return { ...page, ...change(page, first) };
  };
  return { ledger: { listEntries } } as unknown as Coordinator;
}

/** The second entry in the place of the third. */
function swapped([one, two]: Page["records"]): Page["records"] {
  return [one, two, two] as Page["records"];
}

const honest = () => coordinator(() => ({}));
/** Shows entries up to the fifth only, under a head that the others have sealed. */
const behind = () =>
  coordinator(({ records }, first) => ({ records: records.slice(0, Math.max(0, 6 - first)) }));
/** Has the third entry of another history. */
const astray = () =>
  coordinator(({ records }, first) => (first === 1 ? { records: swapped(records) } : {}));
const away = () =>
  coordinator(() => {
    throw new OstrakaError("OSTRAKA_UNREACHABLE", "nobody answers");
  });

describe("pages that do not lead to their head", () => {
  it("are read anew from a coordinator that catches up meanwhile", async () => {
    let reads = 0;
    const late = coordinator(({ records }, first) => {
      if (first === 1) reads++;
      return reads < 3 && first > 3 ? { records: [] } : { records };
    });
    expect(await read(late)).toEqual(whole());
    expect(reads).toBe(3);
  });

  it("are read anew from a coordinator that goes back between two of them", async () => {
    let reads = 0;
    const turning = coordinator(({ records }, first) => {
      if (first !== 1) return {};
      reads++;
      return reads > 1 ? {} : { records: swapped(records) };
    });
    expect(await read(turning)).toEqual(whole());
    expect(reads).toBe(2);
  });

  it.each([
    ["is behind", behind],
    ["is astray", astray],
  ])("are taken from another where one %s, and one that is away is passed over", async (_, one) => {
    const first = one();
    expect(await read(first, [first, away(), honest()])).toEqual(whole());
  });

  it("are asked for above what is known, and must lead on from there", async () => {
    const known = new Frontier(crypto);
    for (const { entry } of whole().records.slice(0, 2)) known.append(leafHash(crypto, entry));
    const above = await read(honest(), [], known);
    expect(above?.records).toEqual(whole().records.slice(2));
    known.append(leafHash(crypto, Uint8Array.of(1)));
    const first = honest();
    const elsewhere = await read(first, [first], known);
    expect(elsewhere?.records).toEqual(whole().records.slice(3));
  });
});

describe("what never fits", () => {
  it("says what to look at, and is not asked for without end", async () => {
    let pages = 0;
    const empty = coordinator(() => {
      pages++;
      return { records: [] };
    });
    const failed = read(empty, [empty, away()]);
    await expect(failed).rejects.toMatchObject({ code: "OSTRAKA_NOT_VERIFIED" });
    await expect(failed).rejects.toThrow(
      /ledger c .*do not reach the head .*ostraka journal status/,
    );
    expect(pages).toBeLessThanOrEqual(PATIENCE.tries);
  });

  it("is given as it came, for the walk to refuse, and never made to fit", async () => {
    const piece = await read(astray(), [astray(), away()]);
    expect(piece?.records[2]).toEqual(piece?.records[1]);
  });

  it("is no reason to ask again where nobody answers at all", async () => {
    await expect(read(away(), [honest()])).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
  });
});
