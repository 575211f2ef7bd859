// Windows security events as XML, one a line (`<Event xmlns=…>`): logon, logon failure, privilege.
// Owns the few fields that are read. Values are taken from `<Data Name=…>` elements, whose text
// Windows escapes, so that a name cannot close its element.

import type { EventKind } from "@ostraka/agents/kernel";

export interface WindowsFacts {
  readonly kind: EventKind;
  readonly ip?: string;
  readonly user?: string;
  readonly isUnknown: boolean;
  readonly action: string;
}

export interface WindowsEvent extends WindowsFacts {
  readonly time: string;
  readonly device?: string;
  readonly record: Readonly<Record<string, string>>;
}

const ID = /<EventID(?: [^<>]{0,64})?>(\d{1,5})<\/EventID>/;
const TIME = /<TimeCreated SystemTime=["']([0-9T:.Z-]{19,32})["']\s*\/>/;
const DATA = /<Data Name=["'](\w{1,64})["']>([^<]{0,4096})<\/Data>/g;
const FIELDS_MAX = 128;
const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

// learn.microsoft.com, "Appendix L: Events to Monitor".
const KINDS: ReadonlyMap<string, EventKind> = new Map([
  ["4624", "login-succeeded"],
  ["4625", "login-failed"],
  ["4634", "session-closed"],
  ["4647", "session-closed"],
  ["4672", "privilege-used"],
  ["4720", "account-changed"],
  ["4722", "account-changed"],
  ["4724", "account-changed"],
  ["4726", "account-changed"],
  ["4728", "account-changed"],
  ["4732", "account-changed"],
  ["4756", "account-changed"],
  ["4771", "login-failed"],
  ["4776", "login-failed"],
]);
/** STATUS_NO_SUCH_USER, and Kerberos's KDC_ERR_C_PRINCIPAL_UNKNOWN. */
const UNKNOWN_USER: ReadonlySet<string> = new Set(["0xc0000064", "0x6"]);

/** Reads one event, or nothing when the line is none. */
export function readWindowsXml(line: string): WindowsEvent | undefined {
  const id = ID.exec(line)?.[1];
  const time = TIME.exec(line)?.[1];
  if (id === undefined || time === undefined) return undefined;
  const record: Record<string, string> = { EventID: id };
  let fields = 0;
  for (const [, name, value] of line.matchAll(DATA)) {
    if (++fields > FIELDS_MAX) break;
    record[name as string] = unescaped(value as string);
  }
  const device = /<Computer>([^<]{1,255})<\/Computer>/.exec(line)?.[1];
  const channel = /<Channel>([^<]{1,255})<\/Channel>/.exec(line)?.[1];
  const provider = /<Provider Name=["']([^"'<]{1,255})["']/.exec(line)?.[1];
  if (channel !== undefined) record["Channel"] = unescaped(channel);
  if (provider !== undefined) record["ProviderName"] = unescaped(provider);
  return {
    ...readWindowsFields(id, record),
    time,
    record,
    ...(device !== undefined && { device }),
  };
}

/**
 * What an event of the id says by its fields, whichever shipper wrote them.
 * @param fields the event's own data, by their names in its XML
 */
export function readWindowsFields(
  id: string,
  fields: Readonly<Record<string, string>>,
): WindowsFacts {
  // 4776 names a workstation, which the client may choose: no address.
  const ip = fields["IpAddress"];
  const user = userOf(id, fields);
  const status = [fields["SubStatus"], fields["Status"]].map((code) => code?.toLowerCase() ?? "");
  return {
    kind: kindOf(id, fields),
    isUnknown: status.some((code) => UNKNOWN_USER.has(code)),
    action: id,
    ...(ip !== undefined && ip !== "-" && { ip }),
    ...(user !== undefined && user !== "-" && user !== "" && { user }),
  };
}

/** Ids that are about who logged on, or tried to; all others are about who did something. */
const LOGON_IDS: ReadonlySet<string> = new Set(
  "4624 4625 4634 4647 4740 4768 4769 4771 4776 4778 4779".split(" "),
);

/** A machine's own account, which ends in $, is nobody. */
function userOf(id: string, fields: Readonly<Record<string, string>>): string | undefined {
  const { TargetUserName: target, SubjectUserName: subject } = fields;
  const user = LOGON_IDS.has(id) ? target : (subject ?? target);
  return user?.endsWith("$") === true ? undefined : user;
}

// A service and the system itself log on all day; their logons are no person's.
function kindOf(id: string, record: Readonly<Record<string, string>>): EventKind {
  const kind = KINDS.get(id) ?? "activity";
  const isService = record["LogonType"] === "5" || record["LogonType"] === "0";
  // A ticket is asked for again and again; refused it was for a name or a secret.
  if (id === "4768")
    return /^0x(?:6|18)$/i.test(record["Status"] ?? "") ? "login-failed" : "activity";
  if (id === "4776" && record["Status"]?.toLowerCase() === "0x0") return "login-succeeded";
  return kind === "login-succeeded" && isService ? "service-notice" : kind;
}

function unescaped(text: string): string {
  return text.includes("&")
    ? text.replace(/&(?:lt|gt|quot|apos|amp);/g, (e) => ENTITIES[e] ?? e)
    : text;
}
