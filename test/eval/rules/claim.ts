// Which of our rules speaks for a rule that somebody else wrote: by the kind of log and by the
// words of its id and name, beside the words of our titles. Owns the comparison of words. It must
// never see what a case expects, nor the event of one.

import type { RuleSource } from "@ostraka/agents/rules";
import { parseAllDocuments } from "yaml";

export interface OurRule {
  readonly id: string;
  readonly words: ReadonlySet<string>;
  /** The folder it lies in. */
  readonly product: string;
  /** The folder and the file's name without its ending. */
  readonly file: string;
  /** Of a correlation: the rules it is about. */
  readonly counts: readonly string[];
}

/**
 * Kinds of log, as others name them in lower case, and the folder of our rules for them, or the
 * file in it where kinds of one product have rules of one name.
 */
export const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ["auth0.events", "auth0"],
  ["aws.cloudtrail", "aws-cloudtrail"],
  ["amazon.eks.audit", "kubernetes"],
  ["azure.audit", "azure"],
  ["azure.monitoractivity", "azure"],
  ["duo.administrator", "duo"],
  ["duo.authentication", "duo"],
  ["gcp.auditlog", "gcp-audit"],
  ["github.audit", "github"],
  ["github.webhook", "github"],
  ["gravitational.teleportaudit", "teleport"],
  ["gsuite.activityevent", "google-workspace"],
  ["okta.systemlog", "okta"],
  ["onelogin.events", "onelogin"],
  ["snowflake.loginhistory", "snowflake"],
  ["snowflake.queryhistory", "snowflake"],
  ["snowflake.grantstousers", "snowflake/grants"],
  ["snowflake.grantstoroles", "snowflake/grants"],
  ["snowflake.datatransferhistory", "snowflake/grants"],
  ["microsoft365.audit.azureactivedirectory", "microsoft365"],
  ["microsoft365.audit.exchange", "microsoft365"],
  ["microsoft365.audit.general", "microsoft365"],
  ["microsoft365.audit.sharepoint", "microsoft365"],
  ["microsoftgraph.securityalert", "microsoft365"],
  ["pushsecurity.activity", "push-security"],
  ["pushsecurity.attackdetection", "push-security"],
  ["pushsecurity.controls", "push-security"],
  ["pushsecurity.entities", "push-security"],
  ["asana.audit", "asana"],
  ["atlassian.audit", "atlassian"],
  ["aws.guardduty", "aws-guardduty"],
  ["bitwarden.events", "bitwarden"],
  ["box.event", "box"],
  ["carbonblack.audit", "carbon-black"],
  ["cloudflare.audit", "cloudflare"],
  ["dropbox.teamevent", "dropbox"],
  ["gitlab.audit", "gitlab"],
  ["mongodb.organizationevent", "mongodb-atlas"],
  ["notion.auditlogs", "notion"],
  ["salesforce.login", "salesforce"],
  ["slack.auditlogs", "slack"],
  ["sublime.audit", "sublime"],
  ["tailscale.audit", "tailscale"],
  ["thinkst.incident", "thinkst"],
  ["tines.audit", "tines"],
  ["wiz.audit", "wiz"],
  ["zendesk.audit", "zendesk"],
  ["windows.eventlogs", "windows"],
  ["onepassword.itemusage", "onepassword"],
  ["onepassword.signinattempt", "onepassword"],
]);

/** Clouds that wrap Kubernetes' own audit log. */
const KUBERNETES_LOGS = ["amazon.eks.audit", "azure.monitoractivity", "gcp.auditlog"];

/** Names of products: everything in a folder holds them. */
const PRODUCT_WORDS = new Set(
  `aws amazon gcp google okta github azure duo onelogin snowflake auth0 teleport gravitational
  kubernetes k8s gsuite workspace cloudtrail microsoft microsoft365 365 cloud mitre audit log
  event rule stream signal detection detected detect alert query scheduled prototype behavioral
  passthrough`.split(/\s+/),
);

/** Said by so many names that they tell little apart. */
const WEAK_WORDS = new Set(
  `a an and or of in on to for by from with without via the is are be was were has have been user
  users single new potential activity admin administrator org organization account service resource
  settings setting modified changed change updated created deleted`.split(/\s+/),
);

/** Words that mean the same in this trade. */
const SAME: ReadonlyMap<string, string> = new Map([
  ["repo", "repository"],
  ["repositorie", "repository"],
  ["twostep", "mfa"],
  ["2sv", "mfa"],
  ["signin", "login"],
  ["logon", "login"],
  ["logged", "login"],
  ["stopp", "stop"],
  ["disassociation", "disassociate"],
  ["removed", "delete"],
  ["remove", "delete"],
  ["destroyed", "delete"],
  ["deletion", "delete"],
  ["modify", "modifi"],
  ["modification", "modifi"],
  ["crypto", "kms"],
  ["cmk", "kms"],
]);

/** Capitals inside, and one word all the same. */
const WHOLE_NAMES = /CloudTrail|GitHub|OneLogin|GSuite|OnePassword|GuardDuty|CloudWatch/g;

/** The words of a name, in their bare form. Weak words are kept, and told apart by the weights. */
export function wordsOf(text: string): Set<string> {
  const spaced = text
    .replace(WHOLE_NAMES, (name) => name.toLowerCase())
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  const words = spaced.toLowerCase().split(/[^a-z0-9]+/);
  return new Set(words.filter((word) => word !== "").map(bareWord));
}

function bareWord(word: string): string {
  const same = SAME.get(word);
  if (same !== undefined) return same;
  const bare = word
    .replace(/ies$/, "y")
    .replace(/(ss|us)$/, "$1#")
    .replace(/(?<=\w{3})s$/, "")
    .replace(/#$/, "")
    .replace(/(?<=\w{4})(ing|ed|ion|er)$/, "")
    .replace(/(?<=\w{3})e$/, "");
  return SAME.get(bare) ?? bare;
}

/** The rules of our files. */
export function ourRules(sources: readonly RuleSource[]): OurRule[] {
  return sources.flatMap(({ name, text }) => {
    const product = name.split("/")[1] ?? "";
    const file = name.replace(/^[^/]*\//, "").replace(/\.ya?ml$/, "");
    return parseAllDocuments(text).flatMap((document) => {
      const rule = document.toJS() as {
        id: string;
        title: string;
        correlation?: { rules: string[] };
      };
      const counts = rule.correlation?.rules ?? [];
      return [{ id: rule.id, words: wordsOf(rule.title), product, file, counts }];
    });
  });
}

/** What another's rule says of itself. */
export interface Named {
  readonly id: string;
  readonly name: string;
  readonly logTypes: readonly string[];
}

/** Least likeness for a claim, of at most 1; a wrong claim costs more than none. */
const LIKENESS_MIN = 0.5;
const WEAK_WEIGHT = 0.3;
const PRODUCT_WEIGHT = 0.05;

/**
 * The rules of ours that say most nearly the same, one a product at most; none where none is near
 * enough, or where we read fewer than half of the kinds of log that the other is about.
 */
export function claimByWords(other: Named, ours: readonly OurRule[]): string[] {
  const isMostlyRead = readTypes(other) * 2 >= other.logTypes.length;
  if (!isMostlyRead) return [];
  return [...productsOf(other)].flatMap((product) => {
    const candidates = ours.filter((rule) => [rule.product, rule.file].includes(product));
    return nearestOf(other, candidates) ?? [];
  });
}

function nearestOf(other: Named, candidates: readonly OurRule[]): string | undefined {
  const weights = weightsOf(candidates);
  // The longer text says more; the id often says it with fewer weak words.
  const readings = [wordsOf(other.name), wordsOf(other.id), wordsOf(`${other.name} ${other.id}`)];
  let best: string | undefined;
  let most = LIKENESS_MIN;
  for (const { id, words } of candidates) {
    const likeness = Math.max(...readings.map((reading) => likenessOf(reading, words, weights)));
    if (likeness <= most) continue;
    most = likeness;
    best = id;
  }
  return best;
}

function readTypes({ logTypes }: Named): number {
  return logTypes.filter((type) => PRODUCTS.has(type.toLowerCase())).length;
}

function productsOf({ id, logTypes }: Named): Set<string> {
  const types = logTypes.map((type) => type.toLowerCase());
  const isWrapped = types.some((type) => KUBERNETES_LOGS.includes(type));
  if (isWrapped && /kubernetes|k8s|eks/i.test(id)) return new Set(["kubernetes"]);
  return new Set(types.flatMap((type) => PRODUCTS.get(type) ?? []));
}

/** A word that few of our titles hold says more. */
function weightsOf(rules: readonly OurRule[]): (word: string) => number {
  const counts = new Map<string, number>();
  for (const { words } of rules) {
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const products = new Set([...PRODUCT_WORDS].map(bareWord));
  const weak = new Set([...WEAK_WORDS].map(bareWord));
  return (word) => {
    const rarity = Math.log(1 + rules.length / (1 + (counts.get(word) ?? 0)));
    if (products.has(word)) return PRODUCT_WEIGHT * rarity;
    return weak.has(word) ? WEAK_WEIGHT * rarity : rarity;
  };
}

/** Weighted cosine of two sets of words. */
function likenessOf(
  a: ReadonlySet<string>,
  b: ReadonlySet<string>,
  weight: (word: string) => number,
): number {
  const norm = (words: ReadonlySet<string>) =>
    Math.sqrt([...words].reduce((sum, word) => sum + weight(word) ** 2, 0));
  let shared = 0;
  for (const word of a) if (b.has(word)) shared += weight(word) ** 2;
  return shared / (norm(a) * norm(b) || 1);
}
