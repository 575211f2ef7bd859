// Events dated ahead of this host's clock: a forged line must not freeze its subject's time.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { expect, test } from "vitest";
import { testMesh } from "../../testkit/node-crypto.ts";
import { ScriptMesh, type SidecarSeat } from "../../testkit/script-mesh.ts";
import { DEFAULT_POLICY_YAML } from "./index.ts";

const SOURCE = "address:203.0.113.7" as SubjectText;
const YEAR_MS = 365 * 86_400_000;

function failed(n: number, timeMs: number): Event {
  const about = { address: SOURCE, account: "user:test/olga" as SubjectText, isAccountKnown: true };
  const id = `log:${n}`;
  return { id, timeMs, kind: "login-failed", service: "sshd", count: 1, ...about };
}

test.each([
  ["a year ahead", YEAR_MS],
  ["a minute ahead", 60_000],
])("a line dated %s blinds the host to nothing that comes after", (_, aheadMs) => {
  const mesh = ScriptMesh.joined(
    testMesh("events ahead", { coordinators: 1, hosts: 2 }),
    DEFAULT_POLICY_YAML,
  );
  mesh.ticks(2);
  const [seat] = mesh.sidecars as [SidecarSeat];
  mesh.observe(seat, { type: "event", event: failed(0, mesh.nowMs + aheadMs) });
  const standing = () => seat.node?.scoring.scorer?.standing(SOURCE);
  expect(standing()?.day).toBe(Math.floor(mesh.nowMs / 86_400_000));
  for (let n = 1; n < 20; n++) {
    mesh.observe(seat, { type: "event", event: failed(n, mesh.nowMs + 120_000 + n * 1_000) });
  }
  expect(seat.node?.scoring.scorer?.counts().stale).toBe(0);
  expect(standing()?.leaseUntilMs).toBeGreaterThan(mesh.nowMs);
});
