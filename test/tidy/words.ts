// The words of DESIGN.md section 4 and the notes that a source may not carry, where a machine can
// tell. Each banned word comes with its replacement.

import { lineAt, scan } from "./scan.ts";
import type { SourceFile } from "./source-tree.ts";

/** Words inside identifiers (`voteCount` holds `vote`), and what to say. */
const INSTEAD = new Map([
  ["ban", "revocation"],
  ["bans", "revocations"],
  ["banned", "revoked, or denied"],
  ["unban", "lift"],
  ["vote", "signal, seal or approval"],
  ["votes", "signals, seals or approvals"],
  ["voter", "coordinator, host or approver"],
  ["confidence", "evidence, in millidecibans"],
  ["score", "evidence, in millidecibans"],
  ["scores", "evidence, in millidecibans"],
  ["blacklist", "deny set"],
  ["blocklist", "deny set"],
  ["whitelist", "exempt list"],
  ["allowlist", "exempt list"],
  ["adapter", "host or port"],
]);

const DECLARED =
  /\b(?:(?:class|interface|function|const|let|enum)\s+(\w+)|type\s+(\w+)\s*(?:<[^=]*>)?\s*=)/g;
const EMPTY_NAMES = /(Impl|Manager|Helper|Helpers|Utils?)$/;

/** The words of the house in identifiers. The rules themselves must name what they forbid. */
export function houseWords(file: SourceFile): string[] {
  if (file.path.startsWith("test/tidy")) return [];
  const { code } = scan(file.text);
  const complaints: string[] = [];
  for (const match of code.matchAll(/[A-Za-z_$][\w$]*/g)) {
    for (const word of wordsOf(match[0])) {
      const instead = INSTEAD.get(word);
      if (instead === undefined) continue;
      const where = `${file.path}:${lineAt(code, match.index)}`;
      complaints.push(`${where}: ${match[0]} says "${word}"; say ${instead}`);
    }
  }
  return complaints;
}

/** `isVoteOpen`, `VOTE_MAX` and `vote_id` all hold the word `vote`. */
export function wordsOf(identifier: string): string[] {
  const spaced = identifier.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[_$]/g, " ");
  return spaced.toLowerCase().split(" ").filter(Boolean);
}

/** Names that say nothing, where they are declared; a library's own names may be used. */
export function emptyNames(file: SourceFile): string[] {
  const { code } = scan(file.text);
  return [...code.matchAll(DECLARED)].flatMap((match) => {
    const name = (match[1] ?? match[2]) as string;
    if (!EMPTY_NAMES.test(name)) return [];
    return [`${file.path}:${lineAt(code, match.index)}: ${name}: name what it does or owns`];
  });
}

const REASON_WORDS_MIN = 3;

/** A TODO needs a reason; the other mark is not used at all; nor are banners. */
export function openNotes(file: SourceFile): string[] {
  const { comments } = scan(file.text);
  return comments.split("\n").flatMap((line, i) => {
    const where = `${file.path}:${i + 1}`;
    if (/\bFIXME\b|\bXXX\b/.test(line)) return [`${where}: mend it now, or open an issue`];
    if (/^\s*\/[/*]\s*[-=*#~]{4,}/.test(line)) return [`${where}: no banners`];
    const todo = /\bTODO\b(.*)/.exec(line);
    if (todo === null) return [];
    const reason = (todo[1] as string).split(/\W+/).filter(Boolean);
    return reason.length >= REASON_WORDS_MIN ? [] : [`${where}: TODO without a reason`];
  });
}

const EMPTY_CATCH = [
  /\bcatch\s*(\([^)]*\))?\s*\{\s*\}/g,
  /\.catch\(\s*\(\w*\)\s*=>\s*\{\s*\}\s*\)/g,
];

/** A caught error is handled, or a comment in the block says why it is none. */
export function emptyCatch(file: SourceFile): string[] {
  const { code, comments } = scan(file.text);
  return EMPTY_CATCH.flatMap((pattern) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const inside = comments.slice(match.index, match.index + match[0].length);
      if (inside.trim() !== "") return [];
      return [`${file.path}:${lineAt(code, match.index)}: empty catch; handle it or say why not`];
    }),
  );
}
