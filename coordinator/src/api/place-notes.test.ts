// What is said of the servers of a journal, and when nothing is.

import { describe, expect, it } from "vitest";
import { backlogNotes, placeNotes } from "./place-notes.ts";

describe("the servers of a journal", () => {
  it.each([
    [undefined],
    [{ replicas: 3, leader: "nats-1", missing: [] }],
    [{ replicas: 5, leader: "nats-1", missing: [] }],
  ])("are no news when nobody is missing: %j", (places) => {
    expect(placeNotes("control", 3, places)).toEqual([]);
  });

  it("are named when one is away, with what to do", () => {
    const places = { replicas: 3, leader: "nats-1", missing: ["nats-2"] };
    expect(placeNotes("control", 3, places)).toEqual([
      "control: 2 of 3 NATS servers hold its journal: start nats-2 before another one goes",
    ]);
    const five = { replicas: 5, leader: "nats-1", missing: ["nats-2"] };
    expect(placeNotes("control", 5, five)[0]).toMatch(/4 of 5 .* start nats-2$/);
  });

  it("are counted when there are too few", () => {
    const [note] = placeNotes("signals", 3, { replicas: 1, leader: "", missing: [] });
    expect(note).toMatch(/^signals: its journal lies on 1 of 3 NATS servers: /);
  });
});

describe("messages that wait to be applied", () => {
  it("are no news while they are on their way", () => {
    expect(backlogNotes("signals", false, 500)).toEqual([]);
  });

  it("are told with what waits behind them", () => {
    expect(backlogNotes("signals", false, 501).join()).toContain("kill switches do not");
    expect(backlogNotes("control", true, 501).join()).toContain("commands wait");
  });

  it("are told with who sends most of them, if one does", () => {
    const [note] = backlogNotes("signals", false, 501, { sender: "web-7", percent: 93 });
    expect(note).toMatch(/; 93 % of what came in the last minute is from web-7: look at it first$/);
    const [many] = backlogNotes("signals", false, 501, { sender: "web-7", percent: 49 });
    expect(many).toContain("many send much, or this machine is too slow");
  });
});
