// Lines of sudo and su: who acted as whom, or was not let. One use or refusal is one event: the
// line that the program prints itself; PAM's lines beside it repeat it and are notices.
// Must never read the command: it may hold secrets, and nothing here needs it (I9).

import { type LineContext, nameAccount, notice, type Observation } from "./observation.ts";
import { readPam } from "./pam.ts";

// sudo, lib/eventlog: `USER : [REASON ; ]FIELD=… ; … ; COMMAND=…`, user padded to 8 columns.
const FIELD = "(?:HOST|TTY|CHROOT|PWD|USER|COMMAND)=";
const SUDO = new RegExp(`^ *(\\S+) : (?:((?:(?!${FIELD})[^;])+) ; )?${FIELD}`);
const SUDO_REASON = /^ *(\S+) : ([^;]+)$/;
const INCORRECT = /^(\d{1,3}) incorrect password attempts?$/;
const REFUSALS = new RegExp(
  "incorrect password attempt|NOT in sudoers|NOT authorized|command not allowed|" +
    "password is required|must have a tty|no tty present|conversation failed|" +
    "account validation failure|expired|authentication failure",
);
const WARNING = /^(?:sudo: )?unable to /;
const RUN_AS = " ; USER=";

/** Reads one message of sudo. */
export function readSudo(message: string, context: LineContext): Observation | undefined {
  const text = message.trimEnd();
  const pam = readPam(text, context);
  if (pam !== undefined || WARNING.test(text)) return notice();
  const match = SUDO.exec(text) ?? SUDO_REASON.exec(text);
  if (match === null) return undefined;
  const reason = match[2]?.trim();
  // Other reasons are sudo's own troubles (`unable to resolve host`), or a command's second part.
  if (reason !== undefined && !REFUSALS.test(reason)) return notice();
  const observation = notice();
  observation.kind = reason === undefined ? "privilege-used" : "privilege-refused";
  const attempts = reason === undefined ? null : INCORRECT.exec(reason);
  if (attempts !== null) observation.count = Math.max(1, Number(attempts[1]));
  const target = runAs(text);
  if (target !== undefined) observation.target = target;
  return nameAccount(observation, match[1] as string, context);
}

// The directory before `USER=` and the command after it are the caller's words: more than one
// ` ; USER=` means that one of them imitates the field, and then nobody is named.
function runAs(text: string): string | undefined {
  const at = text.indexOf(RUN_AS);
  if (at < 0 || text.lastIndexOf(RUN_AS) !== at) return undefined;
  const start = at + RUN_AS.length;
  const end = text.indexOf(" ;", start);
  const name = end < 0 ? text.slice(start) : text.slice(start, end);
  return name === "" || name.includes(" ") ? undefined : name;
}

// shadow's su: `Successful su for ROOT by USER`; util-linux: `(to ROOT) USER on pts/1`.
const SU_USED = /^Successful su for (\S+) by (\S+)$/;
const SU_REFUSED = /^FAILED su for (\S+) by (\S+)$/;
const SU_LINUX = /^(FAILED SU )?\(to (\S+)\) (\S+) on \S+$/;
const SU_NOTICE = /^(?:[+-] \S+ |pam_authenticate: |Authentication failure|bad su )/;

/** Reads one message of su. */
export function readSu(message: string, context: LineContext): Observation | undefined {
  const text = message.trimEnd();
  const linux = SU_LINUX.exec(text);
  if (linux !== null) {
    return acted(linux[1] === undefined, linux[3] as string, linux[2] as string, context);
  }
  const used = SU_USED.exec(text);
  if (used !== null) return acted(true, used[2] as string, used[1] as string, context);
  const refused = SU_REFUSED.exec(text);
  if (refused !== null) return acted(false, refused[2] as string, refused[1] as string, context);
  const isNotice = SU_NOTICE.test(text) || readPam(text, context) !== undefined;
  return isNotice ? notice() : undefined;
}

function acted(isUsed: boolean, name: string, target: string, context: LineContext): Observation {
  const observation = notice();
  observation.kind = isUsed ? "privilege-used" : "privilege-refused";
  observation.target = target;
  return nameAccount(observation, name, context);
}
