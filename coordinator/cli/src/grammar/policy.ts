// Policies and their epochs: `policy lint|test|diff|replay|publish|rollout|rollback|status|schema|
// show`. Grammar alone: the code is in `commands/`.

import type { Command } from "commander";
import { asOptions, type Bind, dataOption, jsonOption, many } from "./grammar.ts";

export function addPolicy(program: Command, bind: Bind): void {
  const policy = program.command("policy").description("the rules, their epochs and rollouts");
  addChecks(policy, bind);
  addChanges(policy, bind);
}

function addChecks(policy: Command, bind: Bind): void {
  const live = "judge by the mesh's roster in force instead of the genesis";
  const lint = asOptions(
    policy.command("lint").argument("<file>").description("every mistake of a document, by line"),
  ).option("--live", live);
  bind(lint, async () => (await import("../commands/policy-check.ts")).runPolicyLint);
  const test = asOptions(
    policy
      .command("test")
      .argument("<file>", "a document")
      .argument("[cases]", "cases (FILE.test.yaml beside it)")
      .description("run the cases that are kept beside a document"),
  ).option("--live", live);
  bind(test, async () => (await import("../commands/policy-test.ts")).runPolicyTest);
  const diff = asOptions(
    policy
      .command("diff")
      .argument("<file>", "a document, or an epoch")
      .argument("[other]", "compared with this; with the active epoch by default")
      .description("what gets easier and what gets harder"),
  ).option("--live", live);
  bind(diff, async () => (await import("../commands/policy-diff.ts")).runPolicyDiff);
  const replay = asOptions(
    policy
      .command("replay")
      .argument("<file>", "a candidate")
      .description("which verdicts of the past would vanish, and which would appear"),
  );
  bind(replay, async () => (await import("../commands/policy-replay.ts")).runPolicyReplay);
  const show = asOptions(
    policy
      .command("show")
      .argument("[epoch]", "the active one by default")
      .description("a document"),
  );
  bind(show, async () => (await import("../commands/policy-check.ts")).runPolicyShow);
  const status = asOptions(
    policy.command("status").description("which epoch is active, what is coming, who lags"),
  );
  bind(status, async () => (await import("../commands/policy-status.ts")).runPolicyStatus);
  const schema = policy.command("schema").description("print the JSON Schema, for editors");
  bind(schema, async () => (await import("../commands/policy-check.ts")).runPolicySchema);
}

/** What commands take that several authors sign at once. */
function asAuthors(command: Command): Command {
  return command
    .addOption(dataOption())
    .option("--as <name>", "an author who signs: a key in DIR/keys", many)
    .option("--key <file>", "an author's signing key instead", many)
    .option("--valid <duration>", "how long it may be signed and sent", "1h")
    .option("--timeout <duration>", "how long to wait for the mesh", "30s")
    .addOption(jsonOption());
}

/** And of those that may be signed by one author after the other. */
function signed(command: Command): Command {
  return asAuthors(command)
    .option("--sign-only <file>", "write the signed command to this file; send nothing")
    .option("--add-signature", "add signatures to such a file; send nothing");
}

function addChanges(policy: Command, bind: Bind): void {
  const publish = signed(
    policy
      .command("publish")
      .argument("<file>", "a document, or one that was signed into a file")
      .description("make a document the next epoch"),
  )
    .option("--epoch <n>", "the epoch it will be; needed to sign without a network")
    .option("--activate", "make it the active one at once, without a rollout");
  bind(publish, async () => (await import("../commands/policy-publish.ts")).runPolicyPublish);
  const rollout = signed(
    policy
      .command("rollout")
      .argument("<epoch>", "a published epoch, or the file of a signed order")
      .description("bring an epoch in by steps, and take it back by itself"),
  )
    .option("--ready <share>", "hosts that must have it ready first", "90%")
    .option("--canary <share>", "hosts that try it first")
    .option("--canary-label <key=value>", "hosts with all of these labels try it first", many)
    .option("--dry-run", "what the canary's policy revokes is shown, not enforced")
    .option("--bake <duration>", "how long the canary lasts (10m)")
    .option("--watch <duration>", "how long it is watched after it is active", "30m")
    .option("--max-revocations <n>", "take it back above so many under it; 0 = any number", "0")
    .option("--max-lifts <n>", "take it back above so many lifts of those", "0")
    .option("--max-errors <n>", "take it back above so many more hosts with errors", "0");
  bind(rollout, async () => (await import("../commands/policy-rollout.ts")).runPolicyRollout);
  const rollback = asAuthors(
    policy
      .command("rollback")
      .description("publish an earlier content as a newer epoch, active at once"),
  ).option("--to <epoch>", "whose content comes back; the last one by default");
  bind(rollback, async () => (await import("../commands/policy-publish.ts")).runPolicyRollback);
}
