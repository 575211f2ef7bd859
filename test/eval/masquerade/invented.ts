// `node test/eval/masquerade/invented.ts [seed]`: the set on invented users of several kinds, ours
// beside naive Bayes. What the constants of the profile detectors were chosen on: a choice that
// only one kind likes was not made.

import { judgeBlocks, OWN_LINES } from "./block-run.ts";
import { naiveBayesBlocks } from "./naive-bayes.ts";
import { rankingOf } from "./ranking.ts";
import { inventUsers, POPULATION, type Population } from "./synthetic.ts";

const KINDS: readonly (readonly [string, Partial<Population>])[] = [
  ["as described", {}],
  ["scripts that repeat", { script: 0.9, stray: 0.05, tasks: 16 }],
  ["much in common", { sharedTasks: 0.85 }],
  ["little in common", { sharedTasks: 0.3, vocabulary: 800 }],
  ["drift and new jobs", { drift: 0.2, newJobs: 0.3 }],
  ["many commands", { vocabulary: 5_000, stray: 0.2 }],
  ["few commands", { zipf: 1.4 }],
  ["all alike in their ways", { spread: 0 }],
];

const seed = Number(process.argv[2] ?? 1);
process.stdout.write("| users | ours: AUC, AP, hits at 1 %, 5 % | naive Bayes |\n|---|---|---|\n");
for (const [name, kind] of KINDS) {
  const invented = inventUsers({ ...POPULATION, ...kind, seed });
  const users = invented.map(({ user, lines }) => ({ user, commands: lines }));
  const [ours, peer] = [judgeBlocks(users), naiveBayesBlocks(users)].map((verdicts) => {
    const blocks = invented.flatMap(({ user, labels }) =>
      labels.map((isMasquerade, i) => ({
        strangeness: (verdicts.get(user) as number[])[i] as number,
        isMasquerade,
      })),
    );
    const { auc, ap, hitsAt1, hitsAt5 } = rankingOf(blocks);
    return [auc, ap, hitsAt1, hitsAt5].map((value) => value.toFixed(3)).join(", ");
  });
  process.stdout.write(`| ${name} (${OWN_LINES} own lines) | ${ours} | ${peer} |\n`);
}
