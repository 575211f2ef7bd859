// Lines of cron, systemd and systemd-logind: unattended work and the sessions that logind names.
// systemd's own text quotes unit descriptions, which are free text: it is never searched.

import { type LineContext, nameAccount, notice, type Observation } from "./observation.ts";
import { readPam } from "./pam.ts";

const CRON_NOTICE = /^(?:\(.+\) |pam_|Authentication |User account has expired|ERROR|FAILED)/;

/** Reads one message of cron: the session PAM opens is the job, `CMD` beside it repeats it. */
export function readCron(message: string, context: LineContext): Observation | undefined {
  const text = message.trimEnd();
  const pam = readPam(text, context);
  if (pam === undefined) return CRON_NOTICE.test(text) ? notice() : undefined;
  if (pam.kind !== "session-opened") return notice();
  pam.kind = "job-run";
  return pam;
}

/** Reads one message of systemd: the user manager's session repeats the login's. */
export function readSystemd(): Observation {
  return notice();
}

const NEW_SESSION = /^New session '?(\S+?)'? of user '?(\S+?)'?(?: with class .*)?\.$/;
const REMOVED_SESSION = /^Removed session (\S+)\.$/;
const LOGIND_NOTICE = new RegExp(
  "^(?:Session |New seat |Removed seat |Watching |Failed |System |Power |Lid |Suspend|Hibernat|" +
    "Creating |Operation |Received |Unit |User |Delay |Existing |Got |Inhibit|" +
    "Scheduled |Shutdown )",
);

/** Reads one message of systemd-logind. */
export function readLogind(message: string, context: LineContext): Observation | undefined {
  const text = message.trimEnd();
  const opened = NEW_SESSION.exec(text);
  const match = opened ?? REMOVED_SESSION.exec(text);
  if (match === null) {
    const isNotice = LOGIND_NOTICE.test(text) || readPam(text, context) !== undefined;
    return isNotice ? notice() : undefined;
  }
  const observation = notice();
  observation.kind = opened === null ? "session-closed" : "session-opened";
  const session = context.subjects.session(match[1] as string);
  if (session !== undefined) observation.session = session;
  return opened === null ? observation : nameAccount(observation, opened[2] as string, context);
}
