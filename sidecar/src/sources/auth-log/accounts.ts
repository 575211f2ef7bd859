// Lines of shadow's tools and chpasswd: accounts and groups made, changed, removed.
// One change is one event; the lines that repeat it file by file are notices.

import { type LineContext, nameAccount, notice, type Observation } from "./observation.ts";
import { readPam } from "./pam.ts";

interface ChangeLine {
  readonly pattern: RegExp;
  readonly account?: number;
  readonly group?: number;
}

// shadow: useradd.c, usermod.c, userdel.c, groupadd.c, groupmod.c, groupdel.c, gpasswd.c, chage.c.
const CHANGES: readonly ChangeLine[] = [
  { pattern: /^new user: name=([^,]+), /, account: 1 },
  { pattern: /^new group: name=([^,]+)(?:, |$)/, group: 1 },
  { pattern: /^(?:add|delete) '([^']+)' (?:to|from) group '([^']+)'$/, account: 1, group: 2 },
  { pattern: /^delete user '([^']+)'$/, account: 1 },
  { pattern: /^removed group '([^']+)' owned by /, group: 1 },
  { pattern: /^group '([^']+)' removed$/, group: 1 },
  { pattern: /^(?:lock|unlock) user '([^']+)' password$/, account: 1 },
  { pattern: /^change user '([^']+)' /, account: 1 },
  { pattern: /^changed? (?:password expiry|expiration date) for (\S+)$/, account: 1 },
  {
    pattern: /^user (\S+) (?:added|removed) by \S+ (?:to|from) group (\S+)$/,
    account: 1,
    group: 2,
  },
];

const NOTICES = new RegExp(
  "^(?:add '|delete '|removed |group '|group added to |user |password for '|new |change |set |" +
    "failed |cannot |can't |existing |home directory )",
);

/** Reads one message of any program that changes accounts or groups. */
export function readAccountChange(message: string, context: LineContext): Observation | undefined {
  const text = message.trimEnd();
  const pam = readPam(text, context);
  if (pam !== undefined) return pam;
  for (const { pattern, account, group } of CHANGES) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const observation = notice();
    observation.kind = "account-changed";
    if (group !== undefined) observation.target = `group ${match[group]}`;
    if (account !== undefined) nameAccount(observation, match[account] as string, context);
    return observation;
  }
  return NOTICES.test(text) ? notice() : undefined;
}
