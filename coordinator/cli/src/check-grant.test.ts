// Nobody cosigns what they were not shown, and nothing is shown that the mesh would not take.

import { openCrypto, openSigner } from "@ostraka/host";
import { cosignEnvelope, encodeNew, type Grant, GrantSchema } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { checkGrant, grantFacts } from "./check-grant.ts";
import { SampleMesh } from "./ledger/sample-mesh.ts";

const crypto = openCrypto();
const mesh = new SampleMesh("acme");
const { nowMs, genesis } = mesh;
const DAY_MS = 86_400_000;

function made(fields: Partial<Omit<Grant, "$typeName" | "$unknown">> = {}, ...by: string[]) {
  const body = encodeNew(GrantSchema, {
    format: 1,
    name: "host-1",
    faultDomain: "host-1",
    joinKey: mesh.signer("token").publicKey,
    usesMax: 1,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + 3_600_000),
    ...fields,
  });
  return mesh.sign("grant", body, ...by);
}

describe("checkGrant", () => {
  it("shows the host, its domain, labels and times, and who has signed", () => {
    const labels = ["tier=front", "x=\u001b[2J"];
    const checked = checkGrant(crypto, genesis, made({ labels }, "olga"), "a.json", nowMs);
    expect(checked.operators).toEqual(["olga"]);
    expect(grantFacts(checked, nowMs)).toEqual([
      ["host", "host-1"],
      ["domain", "host-1"],
      ["labels", "tier=front, x=\\u{001b}[2J"],
      ["made", "2025-06-15T15:06:40Z"],
      ["good until", "2025-06-15T16:06:40Z (1 h from now), for one host"],
      ["signed by", "olga (verified)"],
    ]);
  });

  const honest = made({}, "olga");
  const stranger = openSigner(new Uint8Array(32).fill(7));
  it.each([
    ["a name that is none", made({ name: "../x" }, "olga"), "malformed"],
    ["a domain that the roster does not list", made({ faultDomain: "moon" }, "olga"), "domain"],
    ["many hosts", made({ usesMax: 100 }, "olga"), "malformed"],
    ["more than a day ahead", made({ notAfterMs: BigInt(nowMs + DAY_MS + 1) }, "olga"), "too-far"],
    ["a time that is over", made({ notAfterMs: BigInt(nowMs) }, "olga"), "expired"],
    ["a person's name", made({ name: "rui" }, "olga"), "name-taken"],
    ["no signature", made(), "no-signature"],
    ["an approver's signature", made({}, "ada"), "unknown-key"],
    ["a stranger's beside", cosignEnvelope(honest, stranger), "unknown-key"],
    ["another body", { ...honest, body: made({ labels: ["a=b"] }, "olga").body }, "bad-signature"],
    ["another kind", mesh.sign("proposal", honest.body as never, "olga"), "wrong-type"],
  ])("refuses %s", (_what, envelope, code) => {
    expect(() => checkGrant(crypto, genesis, envelope, "a.json", nowMs)).toThrow(
      new RegExp(`a.json does not hold \\(.*${code}.*Do not sign it`),
    );
  });
});
