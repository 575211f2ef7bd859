// `up` refuses what it cannot do with exit 2 and one plain line, and changes nothing.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hasProc } from "../../kit/processes.ts";
import { Stand } from "../../kit/up-run.ts";

describe.skipIf(!hasProc)("up with another shape (needs /proc)", () => {
  it("refuses another shape of mesh, and a second up, while the first goes on", async () => {
    using stand = new Stand();
    const first = stand.start(["up", "--no-replay", "--data", stand.data]);
    await first.says(/The mesh stays up/);
    const before = readFileSync(`${stand.data}/mesh.json`, "utf8");
    const up = (...flags: string[]) => stand.run("up", "--once", "--data", stand.data, ...flags);

    const coordinators = await up("--coordinators", "3");
    expect([coordinators.code, coordinators.stdout]).toEqual([2, ""]);
    expect(coordinators.stderr).toMatch(/holds a mesh of 1 coordinators?, not 3/);
    const sidecars = await up("--sidecars", "5");
    expect(sidecars.code).toBe(2);
    expect(sidecars.stderr).toMatch(/holds a mesh of 3 sidecars, not 5/);
    const second = await up("--coordinators", "1", "--sidecars", "3");
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/is run by another `ostraka up`/);

    expect(readFileSync(`${stand.data}/mesh.json`, "utf8")).toBe(before);
    first.signal("SIGTERM");
    expect((await first.ended).code).toBe(0);
    expect(stand.processes()).toEqual([]);
  });

  it.each([
    [["--coordinators", "2"], /a mesh has 1 or 3/],
    [["--sidecars", "0"], /whole number from 1/],
    [["--sidecars", "1", "--no-replay"], /cannot meet its policy, which asks for 2 hosts/],
    [["--sidecars", "2", "--follow", "host-1=/etc/hostname"], /needs two hosts of its own/],
    [["--seed", "x"], /whole number/],
    [["--follow", "host-1"], /HOST=FILE/],
    [["--follow", "host-9=/etc/hostname"], /this mesh has host-1 to host-3/],
    [["--follow", "host-1=/nowhere/auth.log"], /there is no such file/],
  ])("refuses %j before anything is made", async (flags, why) => {
    using stand = new Stand();
    const refused = await stand.run("up", "--once", "--data", stand.data, ...flags);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(why);
  });
});
