// Lines that PAM modules print under the tag of the program that called them:
// `pam_unix(SERVICE:TYPE): …`. Sessions are facts; a failure repeats what the program says itself.

import { type LineContext, nameAccount, notice, type Observation } from "./observation.ts";

const SESSION =
  /^pam_unix\([^:()]+:session\): session (opened|closed) for user (\S+?)(?:\(uid=\d+\))?(?: by |$)/;
const PASSWORD_CHANGED = /^pam_unix\([^:()]+:chauthtok\): password changed for (.+)$/;
const MODULE = /^pam_[a-z0-9_]+(?:\([^()]*\))?: /;

/** Reads a line of any PAM module; nothing when the message is not PAM's. */
export function readPam(message: string, context: LineContext): Observation | undefined {
  const session = SESSION.exec(message);
  if (session !== null) {
    const observation = notice();
    observation.kind = session[1] === "opened" ? "session-opened" : "session-closed";
    return nameAccount(observation, session[2] as string, context);
  }
  const changed = PASSWORD_CHANGED.exec(message);
  if (changed !== null) {
    const observation = notice();
    observation.kind = "account-changed";
    return nameAccount(observation, changed[1] as string, context);
  }
  return MODULE.test(message) ? notice() : undefined;
}
