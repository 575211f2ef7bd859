import {
  encodeNew,
  isReject,
  LIMITS,
  PolicyActivationSchema,
  PolicyDocumentSchema,
  Role,
  signEnvelope,
  utf8,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { HolderInit, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, nodeSigner, testMesh } from "../../testkit/node-crypto.ts";
import { PLAIN_POLICY_YAML } from "../../testkit/plain-policy.ts";
import type { Policy } from "../kernel/index.ts";
import { PolicyBook } from "./index.ts";

const NOW = 1_767_225_600_000;
/** Pia has a second author's key. */
const piaAgain: Person = { name: "pia", signer: nodeSigner(new Uint8Array(32).fill(4)) };
const kit = testMesh("policy-book", {
  changeRoster: ({ holders }) => {
    const pia = holders.find((h) => h.name === "pia") as HolderInit;
    pia.keys.push({ role: Role.AUTHOR, key: piaAgain.signer.publicKey });
  },
});
const [pia, paul] = kit.authors as [Person, Person];
const [olga] = kit.operators as [Person];

const KEYS = new Map(
  [...kit.authors, piaAgain].map((p) => [Buffer.from(p.signer.publicKey).toString("hex"), p.name]),
);
const findHolder = (key: Uint8Array, roles: readonly Role[]) =>
  roles.includes(Role.AUTHOR) ? KEYS.get(Buffer.from(key).toString("hex")) : undefined;

const VIEW = { findHolder, machineVersion: 1 };

/** A book in which commands are entered, one index each. */
class Entered {
  readonly book = new PolicyBook(nodeCrypto, kit.mesh, kit.genesis.roster);
  index = 0;

  publish(epoch: number, yaml = PLAIN_POLICY_YAML, authors = kit.authors, atMs = NOW): string {
    const { document } = kit.policy(epoch, NOW, yaml, authors);
    const policy = this.book.evaluateDocument(document, VIEW, atMs);
    if (isReject(policy)) return policy.reject;
    this.book.applyDocument(document, policy, VIEW.machineVersion);
    this.index++;
    return "published";
  }

  activate(epoch: number, yaml = PLAIN_POLICY_YAML, authors = kit.authors, atMs = NOW): string {
    const { activation } = kit.policy(epoch, NOW, yaml, authors);
    const active = this.book.evaluateActivation(activation, findHolder, atMs);
    if (isReject(active)) return active.reject;
    this.book.applyActivation(active, ++this.index, atMs);
    return "active";
  }
}

const named = (name: string) => PLAIN_POLICY_YAML.replace("name: default", `name: ${name}`);

describe("documents", () => {
  test("take exactly the next epoch", () => {
    const entered = new Entered();
    expect(entered.publish(2)).toBe("epoch-not-next");
    expect(entered.publish(0)).toBe("epoch-not-next");
    expect(entered.publish(1)).toBe("published");
    expect(entered.publish(1)).toBe("epoch-not-next");
    expect(entered.publish(1, named("other"))).toBe("epoch-not-next");
    expect(entered.publish(3)).toBe("epoch-not-next");
    expect(entered.publish(2)).toBe("published");
  });

  test.each([
    ["both authors", [pia, paul], "published"],
    ["one author", [pia], "threshold-short"],
    ["two keys of one author", [pia, piaAgain], "threshold-short"],
    ["three keys of two authors", [pia, piaAgain, paul], "published"],
    ["an author and an operator", [pia, olga], "unknown-key"],
    ["nobody", [], "no-signature"],
  ] as const)("signed by %s: %s", (_, authors, expected) => {
    expect(new Entered().publish(1, PLAIN_POLICY_YAML, authors)).toBe(expected);
  });

  test("that do not parse are refused", () => {
    expect(new Entered().publish(1, "version: 1")).toBe("policy-invalid");
    const large = `${PLAIN_POLICY_YAML}#${"x".repeat(LIMITS.policyBytesMax)}`;
    expect(new Entered().publish(1, large)).toBe("policy-invalid");
  });

  test("lapse", () => {
    const late = NOW + 86_400_000;
    expect(new Entered().publish(1, PLAIN_POLICY_YAML, kit.authors, late)).toBe("expired");
    expect(new Entered().publish(1, PLAIN_POLICY_YAML, kit.authors, late - 1)).toBe("published");
    expect(new Entered().publish(1, PLAIN_POLICY_YAML, kit.authors, NOW - 86_400_000)).toBe(
      "not-after-too-far",
    );
  });

  test("of another format are refused", () => {
    const fields = { format: 2, epoch: 1, yaml: utf8("x"), notAfterMs: BigInt(NOW + 1) };
    const body = encodeNew(PolicyDocumentSchema, fields);
    const envelope = signEnvelope(kit.mesh, "policy", body, pia.signer, paul.signer);
    expect(new Entered().book.evaluateDocument(envelope, VIEW, NOW)).toEqual({
      reject: "unsupported-format",
    });
  });
});

describe("activations", () => {
  test("name a published epoch by the hash of its very bytes", () => {
    const entered = new Entered();
    expect(entered.activate(1)).toBe("unknown-epoch");
    entered.publish(1);
    expect(entered.activate(1, named("other"))).toBe("unknown-epoch");
    expect(entered.activate(1)).toBe("active");
  });

  test("never go back and never repeat; skipping a published one is allowed", () => {
    const entered = new Entered();
    for (const epoch of [1, 2, 3]) entered.publish(epoch);
    expect(entered.activate(1)).toBe("active");
    expect(entered.activate(1)).toBe("epoch-not-next");
    expect(entered.activate(3)).toBe("active");
    expect(entered.activate(2)).toBe("epoch-not-next");
    expect(entered.activate(3)).toBe("epoch-not-next");
    expect(entered.activate(4)).toBe("unknown-epoch");
  });

  test.each([
    ["one author", [pia], "threshold-short"],
    ["two keys of one author", [pia, piaAgain], "threshold-short"],
    ["an operator", [olga], "unknown-key"],
  ] as const)("signed by %s are refused", (_, authors, expected) => {
    const entered = new Entered();
    entered.publish(1);
    expect(entered.activate(1, PLAIN_POLICY_YAML, authors)).toBe(expected);
  });

  test("are no documents, and documents are no activations", () => {
    const entered = new Entered();
    entered.publish(1);
    const { document, activation } = kit.policy(1, NOW);
    expect(entered.book.evaluateActivation(document, findHolder, NOW)).toEqual({
      reject: "wrong-type",
    });
    expect(entered.book.evaluateDocument(activation, VIEW, NOW)).toEqual({
      reject: "wrong-type",
    });
  });

  test("of another format, or lapsed, are refused", () => {
    const entered = new Entered();
    entered.publish(1);
    const { document } = kit.policy(1, NOW);
    const policyHash = nodeCrypto.sha256(document.body);
    const evaluate = (fields: object) => {
      const init = { format: 1, epoch: 1, policyHash, notAfterMs: BigInt(NOW + 1), ...fields };
      const body = encodeNew(PolicyActivationSchema, init);
      const envelope = signEnvelope(kit.mesh, "activation", body, pia.signer, paul.signer);
      return entered.book.evaluateActivation(envelope, findHolder, NOW);
    };
    expect(evaluate({})).toBe(1);
    expect(evaluate({ format: 2 })).toEqual({ reject: "unsupported-format" });
    expect(evaluate({ notAfterMs: BigInt(NOW) })).toEqual({ reject: "expired" });
    expect(evaluate({ policyHash: policyHash.subarray(1) })).toEqual({ reject: "unknown-epoch" });
  });
});

test("an epoch is judged at an index: unknown before its activation, known for ever after", () => {
  const entered = new Entered();
  entered.publish(1);
  entered.activate(1);
  entered.publish(2, named("second"));
  entered.activate(2, named("second"));
  const nameAt = (epoch: number, index: number) =>
    (entered.book.policyAt(epoch, index) as Policy | undefined)?.name;
  expect([0, 1, 2, 3, 4, 9].map((index) => entered.book.epochAt(index))).toEqual([
    0, 0, 1, 1, 2, 2,
  ]);
  expect(nameAt(1, 1)).toBeUndefined();
  expect(nameAt(1, 2)).toBe("default");
  expect(nameAt(2, 3)).toBeUndefined();
  expect(nameAt(2, 4)).toBe("second");
  expect(nameAt(1, 4)).toBe("default");
});
