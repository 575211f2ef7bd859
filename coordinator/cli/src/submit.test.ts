// What is said while a command waits: that nobody answers, or what the one that did has said.

import { create } from "@bufbuild/protobuf";
import { openCrypto } from "@ostraka/host";
import { type Envelope, EnvelopeSchema, OstrakaError } from "@ostraka/proto";
import { Outcome } from "@ostraka/proto/gen/admin";
import { expect, it } from "vitest";
import type { Access } from "./access.ts";
import { submitCommand } from "./submit.ts";

const crypto = openCrypto();
const command: Envelope = create(EnvelopeSchema, { body: Uint8Array.of(1) });
const OK = { outcome: Outcome.OK };

/** An error as the admin client makes it; `sent` is the code that a coordinator sent along. */
function unreachable(words: string, ...sent: string[]): OstrakaError {
  const cause = Object.assign(new Error(words), { metadata: { get: () => sent } });
  return new OstrakaError("OSTRAKA_UNREACHABLE", words, { cause });
}

/** A client whose answers are these, in turn; the last one stays. */
function access(...answers: readonly (object | Error)[]): Pick<Access, "client" | "crypto"> {
  let next = 0;
  const submit = async () => {
    const answer = answers[Math.min(next++, answers.length - 1)] as object;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { crypto, client: { command: { submit } } as unknown as Access["client"] };
}

async function waits(error: Error): Promise<string[]> {
  const told: string[] = [];
  const onWait = (why: string) => told.push(why);
  await submitCommand(access(error, error, OK), { command, what: "x", timeoutMs: 60_000, onWait });
  return told;
}

it("says once that nobody answers, and goes on with the same bytes", async () => {
  expect(await waits(unreachable("refused"))).toEqual([
    "no coordinator answers; the same bytes are sent again",
  ]);
});

it("says what a coordinator says that answers without a NATS server", async () => {
  const error = unreachable("c-1 has no \u001b[31mNATS", "OSTRAKA_UNREACHABLE");
  expect(await waits(error)).toEqual([
    "a coordinator says: c-1 has no \\u{001b}[31mNATS; the same bytes are sent again",
  ]);
});

it("says so too when the time is up", async () => {
  const error = unreachable("c-1 has no NATS", "OSTRAKA_UNREACHABLE");
  const asked = { command, what: "approval", timeoutMs: 0 };
  await expect(submitCommand(access(error), asked)).rejects.toThrow(
    /approval [0-9a-f]{64} was entered \(a coordinator says: c-1 has no NATS\)/,
  );
  await expect(submitCommand(access(unreachable("x")), asked)).rejects.toThrow(
    /entered \(no coordinator answers\)/,
  );
});
