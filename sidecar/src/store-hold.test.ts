import { OstrakaError } from "@ostraka/proto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StoreHold } from "./store-hold.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function holdOver(room = { bytes: 0 }) {
  const told: unknown[] = [];
  const mended: OstrakaError[] = [];
  const hold = new StoreHold({
    store: {
      write: (writes) => {
        const bytes = writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
        if (bytes > room.bytes) throw full();
      },
    },
    log: { error: (...line: unknown[]) => told.push(line), warn: () => undefined },
    onMended: (error) => mended.push(error),
  });
  return { hold, told, mended, room };
}

function full(code = "SQLITE_FULL") {
  const cause = Object.assign(new Error(code), { code });
  return new OstrakaError("OSTRAKA_STORE", `cannot write x ${code}: make room`, { cause });
}

test("it holds for a fault of the store, saying so once, and for nothing else", () => {
  const { hold, told } = holdOver();
  expect(hold.begin(new Error("broken invariant"))).toBe(false);
  expect(hold.begin(new OstrakaError("OSTRAKA_UNREACHABLE", "no NATS"))).toBe(false);
  expect(hold.why).toBeUndefined();
  expect(hold.begin(full())).toBe(true);
  expect(hold.begin(full())).toBe(true);
  expect(hold.why).toMatch(/^store fault: cannot write x SQLITE_FULL: make room; holding/);
  expect(told).toHaveLength(1);
});

test("it ends once the store takes what a start needs, not when it takes a few bytes", () => {
  const { hold, mended, room } = holdOver();
  hold.begin(full());
  room.bytes = 4_096;
  vi.advanceTimersByTime(600_000);
  expect(mended).toEqual([]);
  room.bytes = 1_000_000;
  vi.advanceTimersByTime(600_000);
  expect(mended).toMatchObject([{ code: "OSTRAKA_STORE" }]);
});

test("a damaged file, which may take writes and still not open, is held for until told", () => {
  const { hold, mended } = holdOver({ bytes: 1_000_000 });
  hold.begin(full("SQLITE_CORRUPT"));
  vi.advanceTimersByTime(600_000);
  expect(mended).toEqual([]);
});

test("when it is closed it tries nothing more", () => {
  const { hold, mended, room } = holdOver();
  hold.begin(full());
  hold.close();
  room.bytes = 1_000_000;
  vi.advanceTimersByTime(600_000);
  expect(mended).toEqual([]);
});
