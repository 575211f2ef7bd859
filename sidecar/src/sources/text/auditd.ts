// Records of the Linux audit system: `type=SYSCALL msg=audit(1684329817.579:2995): key=value …`.
// One record is one event; an execve names its program and the login uid. Values that a process
// chose are quoted or hex by the kernel, so a field cannot imitate another.

import type { EventKind } from "@ostraka/agents/kernel";

export interface AuditRecord {
  readonly kind: EventKind;
  readonly timeMs: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly ip?: string;
  readonly process?: string;
  readonly action: string;
}

const HEAD =
  /^(?:node=\S{1,255} )?type=([A-Z0-9_]{2,40}) msg=audit\((\d{10})\.(\d{3}):\d{1,20}\): ?/;
const FIELD = /([a-zA-Z0-9_-]{1,40})=("[^"]{0,4096}"|'[^']{0,8192}'|[^\s"']{0,4096})/g;
const ADDRESS = /[ ']addr=([^\s']{1,64})/g;
const FIELDS_MAX = 128;
/** 64-bit and 32-bit x86 and arm64 execve and execveat. */
const EXEC: ReadonlySet<string> = new Set(["59", "322", "221", "281", "11"]);

/** Reads one record, or nothing when the line is none. */
export function readAudit(line: string): AuditRecord | undefined {
  const head = HEAD.exec(line);
  if (head === null) return undefined;
  const [whole, type = "", seconds, ms] = head;
  const fields = fieldsOf(line.slice(whole.length));
  fields["type"] = type;
  const inner = fields["msg"];
  if (inner !== undefined) Object.assign(fields, { ...fieldsOf(inner), ...fields });
  const addresses = new Set(Array.from(line.matchAll(ADDRESS), ([, address]) => address));
  // A host name is written as it came: two addresses, and one of them may be its.
  const ip = addresses.size > 1 ? undefined : fields["addr"];
  const auid = fields["auid"];
  const user =
    fields["acct"] ?? (auid === undefined || auid === "4294967295" ? undefined : `uid-${auid}`);
  return {
    kind: kindOf(type, fields),
    timeMs: Number(seconds) * 1000 + Number(ms),
    action: type,
    fields,
    ...(user !== undefined && { user }),
    ...(ip !== undefined && ip !== "?" && { ip }),
    ...(fields["exe"] !== undefined && { process: fields["exe"] }),
  };
}

function kindOf(type: string, fields: Record<string, string>): EventKind {
  const isFailure = fields["res"] === "failed";
  if (type === "USER_LOGIN") return isFailure ? "login-failed" : "login-succeeded";
  // These precede USER_LOGIN of the same attempt.
  if (type === "USER_AUTH" || type === "USER_ERR")
    return isFailure ? "login-failed" : "service-notice";
  if (type === "USER_START") return "session-opened";
  if (type === "USER_END") return "session-closed";
  if (/^(?:ADD|DEL)_(?:USER|GROUP)$|^USER_(?:MGMT|CHAUTHTOK)$|^GRP_MGMT$/.test(type))
    return "account-changed";
  if (type === "USER_CMD") return isFailure ? "privilege-refused" : "privilege-used";
  const isExec = type === "SYSCALL" && EXEC.has(fields["syscall"] ?? "");
  return isExec && fields["success"] === "yes" ? "activity" : "service-notice";
}

function fieldsOf(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  let count = 0;
  for (const [, name, value] of text.matchAll(FIELD)) {
    if (++count > FIELDS_MAX) break;
    const isQuoted = /^["']/.test(value as string);
    // The first of two equal names is the kernel's.
    fields[name as string] ??= isQuoted ? (value as string).slice(1, -1) : (value as string);
  }
  return fields;
}
