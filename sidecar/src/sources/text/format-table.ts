// All declared text formats, by name and by syslog tag. Owns the look-up and nothing of a format:
// what stands in no table here is read by its own code.

import { CONVERSATION_FORMATS, type ConversationFormat } from "./conversation-formats.ts";
import { APP_FORMATS } from "./formats-apps.ts";
import { GATE_FORMATS } from "./formats-gates.ts";
import { INFRA_FORMATS } from "./formats-infra.ts";
import { LOGIN_FORMATS } from "./formats-login.ts";
import { MAIL_FORMATS } from "./formats-mail.ts";
import { PANEL_FORMATS } from "./formats-panels.ts";
import { SERVER_FORMATS } from "./formats-servers.ts";
import { SITE_FORMATS } from "./formats-sites.ts";
import { WEB_FORMATS } from "./formats-web.ts";
import type { TextFormat } from "./text-format.ts";

export const TEXT_FORMATS: readonly TextFormat[] = [
  ...MAIL_FORMATS,
  ...LOGIN_FORMATS,
  ...WEB_FORMATS,
  ...APP_FORMATS,
  ...SITE_FORMATS,
  ...INFRA_FORMATS,
  ...SERVER_FORMATS,
  ...PANEL_FORMATS,
  ...GATE_FORMATS,
];

const BY_NAME: ReadonlyMap<string, TextFormat> = new Map(
  TEXT_FORMATS.flatMap((format) =>
    [format.name, ...(format.aliases ?? [])].map((name) => [name, format] as const),
  ),
);

/** Formats that are read by their own code and not by a table. */
export const OWN_FORMATS: ReadonlyMap<string, string> = new Map([
  ["access-log", "access-log"],
  ["caddy", "access-log"],
  ["traefik", "access-log"],
  ["auditd", "auditd"],
  ["wineventlog", "windows"],
  ["windows", "windows"],
  ["exchange-smtp", "exchange"],
  ["exchange-imap", "exchange"],
  ["exchange-pop", "exchange"],
  ["exchange", "exchange"],
  ["syslog", "syslog"],
  ...CONVERSATION_FORMATS.map(({ name }) => [name, name] as const),
]);

export function textFormatOf(name: string): TextFormat | undefined {
  return BY_NAME.get(name);
}

/** Whether the name is one of a text format, declared or own. */
export function isTextFormat(name: string): boolean {
  return BY_NAME.has(name) || OWN_FORMATS.has(name);
}

const EXACT = new Map<string, readonly TextFormat[]>();
const PREFIXES: { readonly prefix: string; readonly format: TextFormat }[] = [];
for (const format of TEXT_FORMATS) {
  for (const tag of format.programs ?? []) {
    if (tag.endsWith("*")) PREFIXES.push({ prefix: tag.slice(0, -1), format });
    else EXACT.set(tag, [...(EXACT.get(tag) ?? []), format]);
  }
}
const CONVERSATIONS: ReadonlyMap<string, ConversationFormat> = new Map(
  CONVERSATION_FORMATS.flatMap((format) => format.programs.map((tag) => [tag, format] as const)),
);

/** The formats that print under a syslog tag. */
export function formatsOfTag(tag: string): readonly TextFormat[] {
  const exact = EXACT.get(tag);
  if (exact !== undefined) return exact;
  return PREFIXES.filter(({ prefix }) => tag.startsWith(prefix)).map(({ format }) => format);
}

export function conversationOfTag(tag: string): ConversationFormat | undefined {
  return CONVERSATIONS.get(tag);
}
