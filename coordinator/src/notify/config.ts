// The `notify` section of a coordinator's configuration: one way out, a program or a webhook. Owns
// its keys; the webhook's secret is named by path.

import type { ConfigMapping } from "@ostraka/host";

export type NotifyConfig =
  | { readonly exec: readonly string[] }
  | { readonly webhook: { readonly url: string; readonly secretFile: string } };

const EXEC_WORDS_MAX = 32;

/** @param pathOf resolves a path of the configuration. */
export function notifyOf(
  top: ConfigMapping,
  pathOf: (mapping: ConfigMapping, key: string) => string,
): NotifyConfig | undefined {
  if (!top.has("notify")) return undefined;
  const notify = top.mapping("notify", ["exec", "webhook"]);
  if (notify.has("exec") === notify.has("webhook")) {
    throw notify.invalid('"notify" takes one of "exec" and "webhook"');
  }
  if (notify.has("exec")) {
    const words = notify.list("exec", 1, EXEC_WORDS_MAX);
    if (words.every((word) => typeof word === "string")) return { exec: words as string[] };
    throw notify.fault(
      "exec",
      "a program and its arguments, as [/usr/local/bin/page, --team, soc]",
    );
  }
  const webhook = notify.mapping("webhook", ["url", "secretFile"]);
  const expected = "an https:// address, or http:// on this machine";
  const url = webhook.text("url", expected);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLocal = ["127.0.0.1", "[::1]", "localhost"].includes(parsed?.hostname ?? "");
  const isSafe = parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLocal);
  if (!isSafe || parsed?.password !== "") throw webhook.fault("url", expected);
  return { webhook: { url, secretFile: pathOf(webhook, "secretFile") } };
}
