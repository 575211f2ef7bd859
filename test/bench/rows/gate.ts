// Forward-auth: the real gate with a deny set behind it, beside a bare node:http server that
// answers the same, each in a process of its own, loaded from a third one.

import { startChild } from "../child.ts";
import { type Bench, interleave, newRow, only } from "../row.ts";

const LOAD_MS = 1_500;
const ROUNDS = 5;

export const gate: Bench = {
  name: "gate",
  run: async () => {
    await using real = startChild("http-server.ts", "gate");
    await using bare = startChild("http-server.ts", "bare");
    const ports = [await real.line(), await bare.line()] as const;
    const load = (port: string) => async () => {
      await using child = startChild("http-load.ts", port, String(LOAD_MS));
      return Number(await child.line());
    };
    const [ours = 0, floor = 1] = await interleave(ROUNDS, load(ports[0]), load(ports[1]));
    return only(
      newRow({
        name: "forward-auth",
        ours,
        floor,
        goal: 0.9,
        direction: "at-least",
        unit: "answers/s",
        beside: "bare node:http",
      }),
    );
  },
};
