// Which blocks were a stranger's, from `labels.csv`. Owns the reading of what is not known for
// sure: names of columns, spelling of yes and no, and from what number blocks are counted. Must
// never be read before the last verdict.

export interface Labels {
  /** Of a user's block, counted from 0; `undefined` when nothing is said of it. */
  of(user: string, block: number): boolean | undefined;
  /** Users that are named. */
  readonly users: readonly string[];
  /** The number that the first block after the owner's lines has in the file. */
  readonly firstBlock: number;
  /** Rows that could not be read. */
  readonly refused: number;
}

interface Row {
  readonly user: string;
  readonly block: number;
  readonly who: string;
}

const NO = new Set(["", "0", "0.0", "false", "no", "n", "none", "self", "own", "owner", "-", "na"]);

/**
 * @param blocks most blocks that any user has.
 * @param ownBlocks blocks of the owner before them, for files that count from the first line.
 */
export function readLabels(text: string, blocks: number, ownBlocks: number): Labels {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const head = cellsOf(lines[0] ?? "").map((cell) => cell.toLowerCase());
  const hasHead = head.length > 1 && !/^\d+$/.test(head[1] as string);
  const columns = hasHead ? columnsOf(head) : { user: 0, block: 1, masquerader: 2 };
  const rows: Row[] = [];
  let refused = 0;
  for (const line of hasHead ? lines.slice(1) : lines) {
    const row = rowOf(cellsOf(line), columns);
    if (row === undefined) refused++;
    else rows.push(row);
  }
  const firstBlock = firstBlockOf(rows, blocks, ownBlocks);
  const step = firstBlock > 2 * (blocks + ownBlocks) ? 100 : 1;
  const said = new Map(rows.map((row) => [keyOf(row.user, (row.block - firstBlock) / step), row]));
  // A user's own name is the owner's; 1 is one only where most blocks say so of their users.
  const isNumbered = 2 * rows.filter(isOwnName).length > rows.length;
  const isOwner = (row: Row) => isOwnName(row) && (isNumbered || !/^\d+$/.test(row.who));
  const isStrange = (row: Row) => !NO.has(row.who.toLowerCase()) && !isOwner(row);
  // A file of masquerades alone says of the rest that it is the owner's.
  const isSparse = rows.every(isStrange);
  return {
    of: (user, block) => {
      const row = said.get(keyOf(user, block));
      if (row !== undefined) return isStrange(row);
      return isSparse ? false : undefined;
    },
    users: [...new Set(rows.map(({ user }) => user))],
    firstBlock,
    refused,
  };
}

/** `User7`, `user7` and `7` are the same user. */
export function sameUser(user: string): string {
  const plain = user
    .trim()
    .toLowerCase()
    .replace(/\.txt$/, "");
  const number = /^(?:user|u)?[ _-]?0*(\d+)$/.exec(plain);
  return number === null ? plain : `user${number[1]}`;
}

function keyOf(user: string, block: number): string {
  return `${sameUser(user)} ${block}`;
}

function cellsOf(line: string): string[] {
  return line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

interface Columns {
  readonly user: number;
  readonly block: number;
  readonly masquerader: number;
}

function columnsOf(head: readonly string[]): Columns {
  const find = (pattern: RegExp, otherwise: number) => {
    const at = head.findIndex((cell) => pattern.test(cell));
    return at === -1 ? otherwise : at;
  };
  return {
    user: find(/^(user|account|subject|owner)/, 0),
    block: find(/^(block|index|window|segment)/, 1),
    masquerader: find(/^(is_?)?(masq|label|attack|intru|anomal)/, 2),
  };
}

function isOwnName({ user, who }: Row): boolean {
  return sameUser(user) === sameUser(who);
}

/** The last column is 0 or 1, yes or no, or who it was: the owner, or somebody else. */
function rowOf(cells: readonly string[], columns: Columns): Row | undefined {
  const user = cells[columns.user];
  const block = Number(cells[columns.block] || Number.NaN);
  const who = cells[columns.masquerader];
  if (user === undefined || user === "" || who === undefined || !Number.isInteger(block)) {
    return undefined;
  }
  return { user, block, who };
}

/**
 * Blocks are counted from 0 or from 1, of the blocks to be judged or of all lines, or are named by
 * a line: the first reading in which every number of the file is a block that there is. Where the
 * file's lowest number does not decide, the highest does; where neither does, from 1.
 */
function firstBlockOf(rows: readonly Row[], blocks: number, ownBlocks: number): number {
  if (rows.length === 0) return 1;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { block } of rows) {
    low = Math.min(low, block);
    high = Math.max(high, block);
  }
  if (low <= 0) return 0;
  if (high <= blocks) return 1;
  if (high >= (ownBlocks + blocks) * 2) return ownBlocks * 100 + (low % 100);
  return high < ownBlocks + blocks ? ownBlocks : ownBlocks + 1;
}
