// What `up` remembers between runs, and that two of them never run one directory.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UpState } from "./up-state.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-up-state-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("UpState", () => {
  it("counts runs and keeps ports over restarts", async () => {
    const first = await UpState.take(dir);
    first.countRun();
    first.setPorts({ "host-1": { gate: 1, explain: 2, service: 3 } });
    first.release();
    const second = await UpState.take(dir);
    expect(second.runs).toBe(1);
    expect(second.ports["host-1"]).toEqual({ gate: 1, explain: 2, service: 3 });
  });

  it("refuses a directory that a living up holds, and takes a dead one's", async () => {
    // Its arguments name ostraka, as those of a real one do.
    const other = spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)", "ostraka"]);
    await once(other, "spawn");
    writeFileSync(join(dir, "up.json"), JSON.stringify({ pid: other.pid, runs: 4 }));
    await expect(UpState.take(dir)).rejects.toMatchObject({ code: "OSTRAKA_DATA_LOCKED" });
    other.kill("SIGKILL");
    await once(other, "exit");
    expect((await UpState.take(dir)).runs).toBe(4);
  });

  it.each(["", "{", "[]", '"text"', '{"runs":-1.5,"children":"x","ports":null}'])(
    "starts afresh from a file that holds %j",
    async (text) => {
      writeFileSync(join(dir, "up.json"), text);
      const state = await UpState.take(dir);
      expect([state.runs, state.ports]).toEqual([0, {}]);
    },
  );
});
