// The reader of last resort, for services that no table declares: an explicit statement that a
// login failed, outside of any quotes, and exactly one address in the whole line, standing where
// the program writes it. In doubt it names nobody: a wrong host is a victim cut off.
//
// What a stranger can type is a name. A name that holds an address adds a second one to the line,
// and such a line is refused. Where the program writes no address at all, the stranger's would be
// the only one: so a program's statement that was once seen without an address is never believed
// again, whatever stood before it.

import { DISTRUSTED_MAX } from "../limits.ts";
import { addressTextOf } from "./address-text.ts";

const STATEMENT = new RegExp(
  "\\b(?:authentication (?:failure|failed|error|unsuccessful|rejected)|auth(?:entication)? fail|" +
    "(?:login|logon|sign[- ]?in|password|auth) (?:attempt )?(?:failure|failed|rejected|denied)|" +
    "fail(?:ed|ure) (?:to )?(?:log[- ]?in|log ?on|sign[- ]?in|authenticat|password|auth\\b)|" +
    "failed (?:web |api |admin |user |basic )?(?:login|logon|sign[- ]?in|authentication|auth)\\b|" +
    "(?:invalid|incorrect|wrong|bad) (?:user ?name|user|login|password|credentials?|passw)|" +
    "(?:unsuccessful|unauthorized|invalid|illegal) (?:\\w{1,12} )?(?:login|logon|authentication)|" +
    "could not (?:log ?in|authenticate)|cannot authenticate|login incorrect|" +
    "(?:user ?name|user|email) (?:and|or|/) ?password (?:is |are )?(?:incorrect|invalid|wrong)|" +
    "password (?:mismatch|incorrect|is incorrect)|credentials (?:are )?(?:invalid|incorrect))",
  "i",
);
const UNKNOWN_USER = new RegExp(
  "\\b(?:unknown|invalid|nonexist\\w{2,6}|non-existent) user|no such user|" +
    "user (?:was )?not found|user does not exist",
  "i",
);
const QUOTED = /"(?:[^"\\]|\\.){0,512}"|'[^']{0,256}'|`[^`]{0,256}`/g;
const V4 = /(?<![\w.:])(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*[\w])/g;
const V6 = /(?<![\w.:])\[?[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}\]?(?![\w.])/g;
const KEY = new RegExp(
  "(?:^|[\\s,;({|\\[])(?:(?:remote|client|source|src|peer|visitor|real|from)[-_. ]?" +
    "(?:ip|addr|address|host)?|rhost|host|ip|addr|address|rip)\\s?[=:]\\s?[\"'\\[]?$",
  "i",
);
const CLIENT_IN_BRACKETS = /\[(?:client|remote|peer) $/;
/** With a word for what follows it need not be the end. */
const FROM_ADDRESS = /\b(?:from|by) (?:client )?(?:ip|address|ip[- ]address|host):? ["'`([]?$/i;
const FROM_AT_END = /\b(?:from|by)(?: (?:ip|host|address|client|addr))*:? ["'`([]?$/i;
const END =
  /^["'`)\]]?(?::\d{1,5}| port \d{1,5}|\(\d{1,5}\))?[\s.,;)]*(?:via \w+|at [\d: .TZ+-]+)?$/;

export interface GenericLogin {
  readonly address?: string;
  readonly isUnknown: boolean;
}

export class GenericLoginReader {
  readonly #distrusted = new Set<string>();

  /** @param program tag of the line, empty without one. @returns nothing without a failure. */
  read(program: string, message: string): GenericLogin | undefined {
    const plain = message.replace(QUOTED, (quoted) => " ".repeat(quoted.length));
    const statement = STATEMENT.exec(plain);
    if (statement === null) return undefined;
    const isUnknown = UNKNOWN_USER.test(plain);
    const said = `${program} ${statement[0].toLowerCase()}`;
    const found = addressesOf(message);
    const [only] = found;
    if (only === undefined) this.#distrust(said);
    if (only === undefined || found.length > 1) return { isUnknown };
    if (this.#isDistrusted(said) || !isProgramsOwn(message, only)) return { isUnknown };
    return { address: addressTextOf(only.text), isUnknown };
  }

  #distrust(said: string): void {
    if (this.#distrusted.size < DISTRUSTED_MAX) this.#distrusted.add(said);
  }

  /** What there was no room to remember is not believed either. */
  #isDistrusted(said: string): boolean {
    return this.#distrusted.size >= DISTRUSTED_MAX || this.#distrusted.has(said);
  }
}

interface Found {
  readonly text: string;
  readonly at: number;
}

function addressesOf(message: string): Found[] {
  const found: Found[] = [];
  for (const pattern of [V4, V6]) {
    pattern.lastIndex = 0;
    for (let match = pattern.exec(message); match !== null; match = pattern.exec(message)) {
      // A time of day is no address.
      if (/^\d\d:\d\d:\d\d$/.test(match[0])) continue;
      found.push({ text: match[0], at: match.index });
      if (found.length > 1) return found;
    }
  }
  return found;
}

// A key that names a client, `[client …]`, or `from …` and `(…)` at the end.
function isProgramsOwn(message: string, { text, at }: Found): boolean {
  const before = message.slice(Math.max(0, at - 32), at);
  if (KEY.test(before)) return true;
  if (CLIENT_IN_BRACKETS.test(before) || FROM_ADDRESS.test(before)) return true;
  const isAtEnd = END.test(message.slice(at + text.length));
  return isAtEnd && (FROM_AT_END.test(before) || before.endsWith("("));
}
