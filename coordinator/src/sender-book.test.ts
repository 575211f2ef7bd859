import { describe, expect, test } from "vitest";
import { SenderBook } from "./sender-book.ts";

const channel = (id: string) => `ostraka.0123.journal.signals.${id}`;

describe("who sends to a journal", () => {
  test("is told by name and share while it is recent", () => {
    const book = new SenderBook();
    for (let i = 0; i < 90; i++) book.note(channel("loud"), 1_000 + i);
    for (let i = 0; i < 10; i++) book.note(channel("calm"), 1_000 + i);
    expect(book.most(2_000)).toEqual({ id: "loud", messages: 90, percent: 90 });
    expect(book.most(32_000)).toEqual({ id: "loud", messages: 90, percent: 90 });
    expect(book.most(120_000)).toBeUndefined();
  });

  test("is nobody where nothing came, and nobody remembered past the bound", () => {
    const book = new SenderBook();
    expect(book.most(0)).toBeUndefined();
    for (let i = 0; i < 10_000; i++) book.note(channel(`host-${i}`), 5);
    book.note(channel("host-1"), 6);
    expect(book.most(7)).toEqual({ id: "host-1", messages: 2, percent: 0 });
  });

  test("survives a clock that is set back", () => {
    const book = new SenderBook();
    book.note(channel("a"), 1_000_000);
    book.note(channel("b"), 10);
    expect(book.most(11)?.id).toBe("b");
  });
});
