// What one lying host may not make of the bounds on machines: stop them all. The governor holds
// warrants back when many subjects rise together; what honest hosts answer to a liar's inquiries is
// no rise.

import { parseSubject, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";

const kit = testMesh("attack governor", { hosts: 4 });
const [liar, h2, h3, h4] = kit.hosts as readonly HostPerson[] as [
  HostPerson,
  HostPerson,
  HostPerson,
  HostPerson,
];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
/** As many as the default policy calls a wave. */
const WAVE = 10;

function upgraded(): MachineRun {
  const run = MachineRun.joined(kit);
  run.upgrade();
  const { document, activation } = kit.policy(2, run.nowMs, DEFAULT_POLICY_YAML);
  run.command(document);
  run.command(activation);
  run.import();
  return run;
}

function say(run: MachineRun, host: HostPerson, subject: SubjectText, fields: object): string[] {
  const timeMs = BigInt(run.nowMs);
  const signal = { subject, fields: { timeMs, evidenceFromMs: timeMs, epoch: 2, ...fields } };
  return run.batch(kit.batch(host, kit.random(16), 0, [signal])).rejects.map((r) => r.code);
}

/** The newest inquiry. */
function inquiryId(run: MachineRun): Uint8Array {
  const { effect } = run.entries("signals").at(-1) ?? {};
  if (effect?.case !== "inquiry") throw new Error("nothing was asked");
  return effect.value.id;
}

describe("a host that claims much about many subjects", () => {
  /** The liar brings inquiries about, and an honest host answers them with what it holds. */
  function asked(evidenceMdb: number): MachineRun {
    const run = upgraded();
    for (let i = 1; i <= WAVE; i++) {
      const subject = parseSubject(`address:198.51.100.${i}`) as SubjectText;
      expect(say(run, liar, subject, { evidenceMdb: 90_000 })).toEqual([]);
      const answer = { evidenceMdb, inquiryId: inquiryId(run) };
      say(run, h2, subject, answer);
    }
    return run;
  }

  test("makes no wave of answers that lie below every line", () => {
    const run = asked(12_000);
    expect(say(run, h3, MALLORY, {})).toEqual([]);
    expect(say(run, h4, MALLORY, {})).toEqual([]);
    const kinds = run.entries("signals").map(({ effect }) => effect.case);
    expect(kinds.at(-1)).toBe("revocation");
  });

  test("and whom a second host names over the line, too, is of a wave", () => {
    const run = asked(30_000);
    say(run, h3, MALLORY, {});
    expect(say(run, h4, MALLORY, {})).toEqual(["rising-together"]);
  });
});
