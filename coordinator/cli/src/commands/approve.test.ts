// What an approver is shown has been checked with the local genesis alone: a coordinator that shows
// another proposal, another signer or other words is found out BEFORE anything is signed.

import { create } from "@bufbuild/protobuf";
import { openCrypto, openSigner } from "@ostraka/host";
import {
  type Bytes,
  cosignEnvelope,
  type Envelope,
  Ledger,
  parseSubject,
  RevocationSchema,
  Stage,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { SampleMesh } from "../ledger/sample-mesh.ts";
import { type MadeProposal, makeProposal, scopeOf } from "../make-proposal.ts";
import { checkEnds, checkProposal } from "./approve.ts";

const crypto = openCrypto();
const mesh = new SampleMesh("acme");
const other = new SampleMesh("other");

function made(statement = "laptop stolen", signer = "olga", of = mesh): MadeProposal {
  let next = 1;
  const random = (count: number) => new Uint8Array(count).fill(next++);
  const subject = parseSubject("user:acme/mallory");
  if (subject === undefined) throw new Error("no subject");
  const ports = { crypto, mesh: of.genesis.mesh, signer: of.signer(signer), random };
  const wish = { kind: "revoke" as const, stage: Stage.SUSPEND, ttlMs: 60_000 };
  const times = { nowMs: mesh.nowMs, validMs: 3_600_000 };
  return makeProposal(ports, { subject, statement, epoch: 1, ...times, wish });
}

function check(id: Bytes, proposal: Envelope | undefined, part: MadeProposal["part"] | undefined) {
  const { genesis } = mesh;
  const shown = { ...(proposal && { proposal }), ...(part && { private: part }) };
  return checkProposal({ crypto, genesis }, id, shown);
}

describe("checkProposal", () => {
  it("shows who asks for what, and why, in the words that were signed", () => {
    const { id, envelope, part } = made();
    expect(check(id, envelope, part)).toMatchObject({
      proposer: "olga",
      subject: "user:acme/mallory",
      statement: "laptop stolen",
    });
  });

  const mine = made();
  const lenient = made("just a test");
  const changed = { ...mine.envelope, body: mine.envelope.body.map((b) => b ^ 1) };
  const stranger = openSigner(new Uint8Array(32).fill(7));
  const strange = { ...mine.envelope, signatures: [] };
  it.each([
    ["nothing", mine.id, undefined, mine.part, /it shows nothing/],
    ["another proposal", mine.id, lenient.envelope, lenient.part, /another id/],
    ["changed bytes", mine.id, changed, mine.part, /another id/],
    [
      "changed bytes under their own id",
      crypto.sha256(changed.body),
      changed,
      mine.part,
      /signature/,
    ],
    ["other words", mine.id, mine.envelope, lenient.part, /words do not open/],
    ["no words", mine.id, mine.envelope, undefined, /words do not open/],
    ["a signature of nobody", mine.id, strange, mine.part, /no-signature/],
    [
      "a stranger's signature",
      mine.id,
      cosignEnvelope(strange, stranger),
      mine.part,
      /unknown-key/,
    ],
    [
      "two proposers",
      mine.id,
      cosignEnvelope(mine.envelope, mesh.signer("ada")),
      mine.part,
      /one person/,
    ],
    [
      "an author's signature",
      ...(() => {
        const by = made("x", "pia");
        return [by.id, by.envelope, by.part] as const;
      })(),
      /unknown-key/,
    ],
    [
      "a proposal of another mesh",
      ...(() => {
        const foreign = made("x", "olga", other);
        return [foreign.id, foreign.envelope, foreign.part] as const;
      })(),
      /wrong-mesh/,
    ],
  ] as const)("refuses a coordinator that shows %s", (_what, id, envelope, part, why) => {
    expect(() => check(id, envelope as Envelope | undefined, part)).toThrow(why);
  });
});

describe("checkEnds", () => {
  const [id, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const subject = parseSubject("user:acme/mallory") as SubjectText;
  const revocation = create(RevocationSchema, { id, stage: Stage.SUSPEND, expiresMs: 60_000n });
  const verdict = { kind: "revocation" as const, revocation, subject };
  const walk = {
    verdictsOf: (ledger: Ledger) => (ledger === Ledger.SIGNALS ? [{ verdict }] : []),
  } as unknown as Parameters<typeof checkEnds>[0]["walk"];

  it("says what would end, from the ledgers as verified here", () => {
    const [line] = checkEnds({ walk }, { id: other, subject }, [id]);
    expect(line).toContain("suspend until 1970-01-01T00:01:00Z");
  });

  it("refuses what would free somebody else than it names, or nothing that is known", () => {
    const iris = parseSubject("user:acme/iris") as SubjectText;
    expect(() => checkEnds({ walk }, { id: other, subject: iris }, [id])).toThrow(
      /about user:acme/,
    );
    expect(() => checkEnds({ walk }, { id: other, subject }, [other])).toThrow(/no revocation/);
  });
});

describe("scopeOf", () => {
  it("sorts and leaves repeats out, so that one wish has one spelling", () => {
    const scope = scopeOf(["host=b", "host=a", "host=b", "label=env=prod", "action=GET"]);
    expect(scope).toMatchObject({ hosts: ["a", "b"], labels: ["env=prod"], actions: ["GET"] });
  });

  it.each([["host"], ["host="], ["=a"], ["moon=a"], ["__proto__=a"], ["toString=a"]])(
    "refuses %s",
    (flag) => {
      expect(() => scopeOf([flag])).toThrow(/give KEY=VALUE/);
    },
  );
});
