// The reader of JSON records: which format a record has, and the event it makes. Owns the table of
// formats. Raw records go along for rules alone and never leave the host (I9).

import type { Event } from "@ostraka/agents/kernel";
import { Subjects } from "../auth-log/subjects.ts";
import { makeEvent } from "../facts.ts";
import { GenericLoginReader } from "../text/generic-login.ts";
import { AUTH0_EVENTS } from "./auth0-events.ts";
import { AWS_CLOUDTRAIL } from "./aws-cloudtrail.ts";
import { AZURE_ACTIVITY, AZURE_AUDIT } from "./azure.ts";
import { DUO_ADMINISTRATOR, DUO_AUTHENTICATION } from "./duo.ts";
import { GCP_AUDIT } from "./gcp-audit.ts";
import { GITHUB_AUDIT } from "./github-audit.ts";
import { GOOGLE_WORKSPACE } from "./google-workspace.ts";
import { JSON_LOGIN } from "./json-login.ts";
import { KUBERNETES_AUDIT } from "./kubernetes-audit.ts";
import { OKTA_SYSTEM_LOG } from "./okta-system-log.ts";
import { ONELOGIN_EVENTS } from "./onelogin-events.ts";
import type { JsonRecord, RecordFormat } from "./record-format.ts";
import { SAAS_RECORDS } from "./saas-records.ts";
import { TELEPORT } from "./teleport.ts";

/** A message of more is no sentence. */
const MESSAGE_CHARS_MAX = 1_024;

/** In the order in which a record is tried; the last one takes any. */
export const RECORD_FORMATS: readonly RecordFormat[] = [
  AWS_CLOUDTRAIL,
  OKTA_SYSTEM_LOG,
  KUBERNETES_AUDIT,
  GCP_AUDIT,
  AZURE_AUDIT,
  TELEPORT,
  AUTH0_EVENTS,
  DUO_AUTHENTICATION,
  DUO_ADMINISTRATOR,
  ONELOGIN_EVENTS,
  GOOGLE_WORKSPACE,
  ...SAAS_RECORDS,
  GITHUB_AUDIT,
  AZURE_ACTIVITY,
  JSON_LOGIN,
];

const BY_NAME: ReadonlyMap<string, RecordFormat> = new Map(
  RECORD_FORMATS.flatMap((format) =>
    [format.type, ...(format.aliases ?? [])].map((name) => [name, format] as const),
  ),
);

/** The format of a configured name, or nothing. */
export function recordFormatOf(name: string): RecordFormat | undefined {
  return BY_NAME.get(name);
}

export interface RecordReaderConfig {
  readonly host: string;
  readonly realm: string;
  /** Only this format; every record is told apart by its fields without it. */
  readonly format?: RecordFormat;
  /** What to call a program that has no schema of its own; `json.login` without it. */
  readonly service?: string;
}

export interface RecordReader {
  /**
   * @param position identity of the record (source and place); it becomes the event's id
   * @returns the event, or nothing when no format knows the record or it states no time.
   */
  read(record: JsonRecord, position: string): Event | undefined;
}

export function openRecordReader(config: RecordReaderConfig): RecordReader {
  const names = { subjects: new Subjects(config.host, config.realm), realm: config.realm };
  const generic = new GenericLoginReader();
  let last: RecordFormat = config.format ?? JSON_LOGIN;

  function formatOf(record: JsonRecord): RecordFormat {
    if (config.format !== undefined) return config.format;
    // A log is mostly of one format; any record fits the last format, so that is asked last.
    if (last !== JSON_LOGIN && last.recognises(record)) return last;
    last = RECORD_FORMATS.find((format) => format.recognises(record)) ?? JSON_LOGIN;
    return last;
  }

  /** A program that has no key for the address may have a sentence with it. */
  function addressIn(record: JsonRecord): string | undefined {
    const message = record["message"] ?? record["msg"];
    if (typeof message !== "string" || message.length > MESSAGE_CHARS_MAX) return undefined;
    return generic.read(config.service ?? "", message)?.address;
  }

  return {
    read(record, position) {
      const format = formatOf(record);
      const facts = format.read(record);
      if (facts === undefined) return undefined;
      const isPlain = format === JSON_LOGIN && facts.kind === "login-failed";
      const ip = facts.ip ?? (isPlain ? addressIn(record) : undefined);
      const service = format === JSON_LOGIN ? (config.service ?? format.type) : format.type;
      const own = { record, recordType: format.type, ...facts, ip };
      return makeEvent(own, service, position, names);
    },
  };
}
