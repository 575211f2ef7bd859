// What an approver is shown comes out of ledgers that were verified from the genesis on: a proposal
// that is not there, is decided, or would free somebody else is found out BEFORE anything is
// signed.

import { create } from "@bufbuild/protobuf";
import { openCrypto } from "@ostraka/host";
import {
  type Bytes,
  hex,
  LEDGERS,
  type Proposal,
  ProposalSchema,
  Stage,
  utf8,
} from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import {
  checkProposalId,
  endsOf,
  openProposalOf,
  proposalIdOf,
  sheetLines,
} from "./approval-sheet.ts";
import type { LedgerWalk } from "./ledger/ledger-walk.ts";
import { verifyPieces } from "./ledger/read-export.ts";
import { sampleMesh } from "./ledger/sample-mesh.ts";
import { ExportVerifier, isFault } from "./ledger/verify-export.ts";
import { knownSubjects, previewLines, previewOf } from "./preview.ts";

const mesh = sampleMesh("acme");

function walked(): LedgerWalk {
  const verifier = new ExportVerifier(openCrypto(), mesh.genesis);
  const result = verifyPieces(verifier, mesh.lines().map(utf8));
  if (isFault(result)) throw new Error(`${result.at}: ${result.code}`);
  return result.walk;
}

const walk = walked();
const proposals = [...walk.people.all()];
const waiting = proposals.find((p) => p.verdictId === undefined);
const decided = proposals.find((p) => p.verdictId !== undefined);
const verdicts = LEDGERS.flatMap((ledger) => [...walk.verdictsOf(ledger)]);
const [revoked] = verdicts.flatMap(({ verdict }) =>
  verdict?.kind === "revocation" ? [verdict] : [],
);

describe("an approver's sheet", () => {
  it("says who asks for what, why, and whose consent is missing", () => {
    if (waiting === undefined) throw new Error("no open proposal");
    const text = sheetLines(walk, waiting, mesh.nowMs).join("\n");
    expect(text).toContain(hex(waiting.opened.id));
    expect(text).toContain("omar (signature verified)");
    expect(text).toContain("user:acme/waiting");
    expect(text).toContain("suspend (deny all access)");
    expect(text).toContain("seen twice");
    expect(text).toContain("so far: none yet");
  });

  it("is found by the first digits of an open proposal, and of no other", () => {
    const id = waiting?.opened.id ?? new Uint8Array();
    const text = hex(id);
    expect(proposalIdOf(walk, text.slice(0, 8))).toEqual(id);
    expect(proposalIdOf(walk, text.toUpperCase())).toEqual(id);
    const old = hex(decided?.opened.id ?? new Uint8Array());
    expect(() => proposalIdOf(walk, old.slice(0, 12))).toThrow(/no open proposal begins/);
    expect(() => checkProposalId(text.slice(0, 7), false)).toThrow(/at least the first 8/);
    expect(() => checkProposalId(`${text}0`, false)).toThrow(/no proposal id/);
    // 8 digits can be found by trying: only somebody who reads the sheet may use them.
    expect(() => checkProposalId(text.slice(0, 8), true)).toThrow(/all 64/);
    checkProposalId(text, true);
    checkProposalId(text.slice(0, 8), false);
  });

  it("is of an open proposal of the ledger and of nothing else", () => {
    const id = hex(waiting?.opened.id ?? new Uint8Array());
    expect(openProposalOf(walk, id).opened.subject).toBe("user:acme/waiting");
    expect(() => openProposalOf(walk, "00".repeat(32))).toThrow(/no proposal/);
    const old = hex(decided?.opened.id ?? new Uint8Array());
    expect(() => openProposalOf(walk, old)).toThrow(/decided already/);
  });

  it("names what a proposal would end, and refuses what would free somebody else", () => {
    if (revoked?.kind !== "revocation") throw new Error("no revocation");
    const id = Uint8Array.from(revoked.revocation.id);
    const lift = (ids: Bytes[]): Proposal =>
      create(ProposalSchema, { wish: { case: "lift", value: { revocationIds: ids } } });
    expect(endsOf(walk, "p", lift([id]), revoked.subject)).toEqual([
      expect.stringContaining(`${hex(id)} (suspend until `),
    ]);
    expect(() => endsOf(walk, "p", lift([id]), "user:acme/iris")).toThrow(/not user:acme\/iris/);
    const unknown = lift([new Uint8Array(32).fill(2)]);
    expect(() => endsOf(walk, "p", unknown, revoked.subject)).toThrow(/no revocation/);
  });
});

describe("a preview", () => {
  const wish = { stage: Stage.SUSPEND, isDryRun: false, widening: [] };
  const known = knownSubjects(walk);
  const look = (subject: string, scope?: { hosts: string[] }) =>
    previewOf(
      walk,
      subject as Parameters<typeof previewOf>[1],
      {
        ...wish,
        scope: scope && {
          $typeName: "ostraka.v1.Scope",
          resources: [],
          actions: [],
          labels: [],
          ...scope,
        },
      },
      known,
      mesh.nowMs,
    );

  it("names the hosts within the scope", () => {
    expect(look("user:acme/mallory").hosts).toEqual(["host-1", "host-2"]);
    expect(look("user:acme/mallory", { hosts: ["host-2"] }).hosts).toEqual(["host-2"]);
    expect(look("user:acme/mallory", { hosts: ["host-9"] }).hosts).toEqual([]);
  });

  it("shows what is in force on the subject already", () => {
    const { inForce, isKnown } = look("user:acme/mallory");
    expect(inForce.map((r) => r.words)).toEqual([expect.stringContaining("suspend until")]);
    expect(isKnown).toBe(true);
  });

  it("knows a slip of the hand from a subject that is just new", () => {
    expect(look("user:acme/malory").alike).toEqual(["user:acme/mallory"]);
    expect(look("user:other/mallory").alike).toEqual(["user:acme/mallory"]);
    expect(look("user:acme/somebody-else").alike).toEqual([]);
    const lines = previewLines(look("user:acme/malory"), walk.mesh.view, Stage.TERMINATE);
    expect(lines.map(([name]) => name)).toEqual(["hosts", "sessions", "unseen", "looks like"]);
  });
});
