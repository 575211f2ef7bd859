// The set `masquerade`: who typed these commands? Each user's first lines are the owner's; blocks
// of a hundred follow, some of them a stranger's. Owns reading the folder and the figures. Must
// never open `labels.csv` before the last verdict.
//
// Data and task: Schonlau, DuMouchel, Ju, Karr, Theus, Vardi, "Computer intrusion: detecting
// masquerades", Statistical Science 16 (2001).

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EvalOptions, EvalResult, EvalRow, EvalSet } from "../eval-set.ts";
import { BLOCK_LINES, judgeBlocks, OWN_LINES, type UserCommands } from "../masquerade/block-run.ts";
import { aucInterval, type Interval } from "../masquerade/interval.ts";
import { type Labels, readLabels, sameUser } from "../masquerade/labels.ts";
import { naiveBayesBlocks } from "../masquerade/naive-bayes.ts";
import { type Ranked, type Ranking, rankingOf } from "../masquerade/ranking.ts";

const LABELS = "labels.csv";
/** Users of the short form: the first so many. */
const SHORT_USERS = 6;
const OWN_BLOCKS = OWN_LINES / BLOCK_LINES;

export const masquerade: EvalSet = { name: "masquerade", run };

async function run(options: EvalOptions): Promise<EvalResult> {
  const { folder, say } = options;
  const found = await readUsers(folder, options.isShort);
  const { users, missing } = found;
  if (users.length === 0) return nothing([...missing, "<user>.txt"]);
  say(`${users.length} users; judging`);
  const ours = judgeBlocks(users);
  const peer = naiveBayesBlocks(users);
  const text = await readFile(join(folder, LABELS), "utf8").catch(() => undefined);
  if (text === undefined) return nothing([...missing, LABELS]);
  const most = Math.max(...[...ours.values()].map((blocks) => blocks.length));
  const labels = readLabels(text, most, OWN_BLOCKS);
  say(`blocks of ${LABELS} are counted from ${labels.firstBlock}`);
  if (labels.refused > 0) missing.push(`${LABELS}: ${labels.refused} lines that are no label`);
  if (!options.isShort) missing.push(...absent(labels, found));
  const ranked = rankedUsers(ours, labels);
  const beside = rankedUsers(peer, labels);
  const all = rankingOf(ranked.flat());
  const interval = aucInterval(ranked, options.isShort ? 100 : undefined);
  const perUser = ranked.map((blocks) => rankingOf(blocks).auc).filter(Number.isFinite);
  const aucMeanPerUser = perUser.reduce((sum, auc) => sum + auc, 0) / perUser.length;
  const figures = {
    auc: all.auc,
    ap: all.ap,
    hitsAt1: all.hitsAt1,
    hitsAt5: all.hitsAt5,
    aucLow: interval.low,
    aucHigh: interval.high,
    aucMeanPerUser,
  };
  if (!Object.values(figures).every(Number.isFinite)) {
    return nothing([...missing, `${LABELS}: both kinds of block for a user that is here`]);
  }
  const rows = rowsOf(all, interval, aucMeanPerUser, rankingOf(beside.flat()));
  return { figures, rows, missing };
}

function nothing(missing: readonly string[]): EvalResult {
  return { figures: {}, rows: [], missing };
}

interface Found {
  readonly users: readonly UserCommands[];
  /** Users with no block to judge. */
  readonly tooShort: readonly string[];
  readonly missing: string[];
}

/** Every `<user>.txt` in order of its name; blank lines are no commands. */
async function readUsers(folder: string, isShort: boolean): Promise<Found> {
  const files = (await readdir(folder)).filter(
    (name) => /\.txt$/i.test(name) && !/^readme/i.test(name),
  );
  files.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const users: UserCommands[] = [];
  const missing: string[] = [];
  const tooShort: string[] = [];
  for (const file of isShort ? files.slice(0, SHORT_USERS) : files) {
    const text = await readFile(join(folder, file), "utf8").catch(() => undefined);
    const lines = text?.split(/\r?\n/).map((line) => line.trim()) ?? [];
    const commands = lines.filter((line) => line !== "");
    if (commands.length > OWN_LINES) users.push({ user: file.replace(/\.txt$/i, ""), commands });
    else {
      missing.push(`${file}: more than ${OWN_LINES} commands`);
      tooShort.push(file.replace(/\.txt$/i, ""));
    }
  }
  return { users, tooShort, missing };
}

function absent(labels: Labels, { users, tooShort }: Found): string[] {
  const here = new Set([...users.map(({ user }) => user), ...tooShort].map(sameUser));
  return labels.users.filter((user) => !here.has(sameUser(user))).map((user) => `${user}.txt`);
}

/** A user's judged blocks, those of which the file says who it was. */
function rankedUsers(verdicts: ReadonlyMap<string, readonly number[]>, labels: Labels): Ranked[][] {
  return [...verdicts].map(([user, blocks]) =>
    blocks.flatMap((strangeness, block) => {
      const isMasquerade = labels.of(user, block);
      return isMasquerade === undefined ? [] : [{ strangeness, isMasquerade }];
    }),
  );
}

function rowsOf(all: Ranking, interval: Interval, mean: number, peer: Ranking): EvalRow[] {
  const three = (value: number) => value.toFixed(3);
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const here = (value: string) => `one-class naive Bayes here: ${value}`;
  return [
    {
      figure: "ROC-AUC over all blocks (95 % over users)",
      ours: `${three(all.auc)} (${three(interval.low)} to ${three(interval.high)})`,
      beside: `${here(three(peer.auc))}; published: .900`,
    },
    { figure: "average precision", ours: three(all.ap), beside: here(three(peer.ap)) },
    {
      figure: "hits at 1 % and 5 % false alarms",
      ours: `${percent(all.hitsAt1)}, ${percent(all.hitsAt5)}`,
      beside: here(`${percent(peer.hitsAt1)}, ${percent(peer.hitsAt5)}`),
    },
    { figure: "mean ROC-AUC per user", ours: three(mean), beside: "" },
  ];
}
