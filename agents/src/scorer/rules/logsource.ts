// Which events a rule is about: the one table from Sigma's `logsource` to the record types that
// sources give their events. Owns the table; a logsource that nothing here reads is refused, since
// its rule could never fire.

import type { Event } from "@ostraka/agents/kernel";
import type { RuleFaults } from "./faults.ts";
import { nearest } from "./faults.ts";
import type { YamlMap } from "./yaml-tree.ts";

export interface Logsource {
  /** Record types, each with the services it is narrowed to; empty means all. */
  readonly recordTypes: readonly string[];
  readonly services: ReadonlySet<string>;
  /** Fields may be the event's own, where it has no record of the name. */
  readonly hasEventFields: boolean;
}

/** What events without a record count as. */
const LINUX = "linux.auth";

const KUBERNETES = ["kubernetes.audit", "amazon.eks.audit"];
/** One log in several parcels: some collectors name each by its workload. */
const M365 = ["", ".azureactivedirectory", ".exchange", ".general", ".sharepoint"].map(
  (parcel) => `microsoft365.audit${parcel}`,
);
const PUSH = ["activity", "attackdetection", "controls", "entities"].map(
  (parcel) => `pushsecurity.${parcel}`,
);

/** `product/service` as rules write them. The first are the names of the public collection. */
const SOURCES: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["aws/cloudtrail", ["aws.cloudtrail"]],
  ["okta/okta", ["okta.systemlog"]],
  ["github/audit", ["github.audit"]],
  ["github/webhook", ["github.webhook"]],
  ["gitlab/audit", ["gitlab.audit"]],
  ["gcp/gcp.audit", ["gcp.auditlog"]],
  ["gcp/google_workspace.admin", ["gsuite.activityevent"]],
  ["google_workspace/", ["gsuite.activityevent"]],
  ["kubernetes/audit", KUBERNETES],
  ["kubernetes/", KUBERNETES],
  ["aws/eks", ["amazon.eks.audit"]],
  ["azure/signinlogs", ["azure.audit"]],
  ["azure/auditlogs", ["azure.audit"]],
  ["azure/riskdetection", ["azure.audit"]],
  ["azure/pim", ["azure.audit"]],
  ["azure/activitylogs", ["azure.monitoractivity"]],
  ["m365/audit", M365],
  ["m365/exchange", M365],
  ["m365/threat_management", M365],
  ["microsoft/graph_alert", ["microsoftgraph.securityalert"]],
  ["teleport/audit", ["gravitational.teleportaudit"]],
  ["auth0/", ["auth0.events"]],
  ["duo/administrator", ["duo.administrator"]],
  ["duo/authentication", ["duo.authentication"]],
  ["cisco/duo", ["duo.administrator", "duo.authentication"]],
  ["onelogin/onelogin.events", ["onelogin.events"]],
  ["onelogin/", ["onelogin.events"]],
  ["onepassword/signin", ["onepassword.signinattempt"]],
  ["onepassword/item_usage", ["onepassword.itemusage"]],
  ["snowflake/login_history", ["snowflake.loginhistory"]],
  ["snowflake/query_history", ["snowflake.queryhistory"]],
  ["snowflake/grants_to_users", ["snowflake.grantstousers"]],
  ["snowflake/grants_to_roles", ["snowflake.grantstoroles"]],
  ["snowflake/data_transfer_history", ["snowflake.datatransferhistory"]],
  ["push_security/", PUSH],
  ["aws/guardduty", ["aws.guardduty"]],
  ["bitwarden/events", ["bitwarden.events"]],
  ["carbon_black/audit", ["carbonblack.audit"]],
  ["dropbox/team_event", ["dropbox.teamevent"]],
  ["mongodb_atlas/events", ["mongodb.organizationevent"]],
  ["salesforce/login", ["salesforce.login"]],
  ["sublime/audit", ["sublime.audit"]],
  ["thinkst/canary", ["thinkst.incident"]],
  ["tines/audit", ["tines.audit"]],
  ["web/access", ["web.access"]],
  ["wiz/audit", ["wiz.audit"]],
  ["slack/audit", ["slack.auditlogs"]],
  ["atlassian/audit", ["atlassian.audit"]],
  ["asana/audit", ["asana.audit"]],
  ["box/event", ["box.event"]],
  ["cloudflare/audit", ["cloudflare.audit"]],
  ["notion/audit", ["notion.auditlogs"]],
  ["tailscale/audit", ["tailscale.audit"]],
  ["windows/security", ["windows.eventlogs"]],
  ["windows/system", ["windows.eventlogs"]],
  ["windows/sysmon", ["windows.eventlogs"]],
  ["windows/powershell", ["windows.eventlogs"]],
  ["windows/windefend", ["windows.eventlogs"]],
  ["zendesk/audit", ["zendesk.audit"]],
  ["zoom/activity", ["zoom.activity"]],
  ["linux/", [LINUX]],
  ["linux/auth", [LINUX]],
]);

/** Services of Linux logs by which a rule narrows itself to what a program wrote. */
const LINUX_SERVICES = ["sshd", "sudo", "su", "cron", "useradd", "passwd", "systemd-logind"];
const PRODUCTS = [...new Set([...SOURCES.keys()].map((key) => key.slice(0, key.indexOf("/"))))];
/** What a program says of itself; others (process_creation, file_event) are of a kernel. */
const CATEGORIES = ["", "application", "authentication", "audit"];
const KEYS = ["product", "service", "category", "definition"];

/** Reads `logsource`. @returns nothing after a fault. */
export function readLogsource(node: YamlMap, faults: RuleFaults): Logsource | undefined {
  const words: Record<string, string> = {};
  for (const { key, at, value } of node.entries) {
    if (!KEYS.includes(key)) {
      return faults.add(at, `logsource has no ${JSON.stringify(key)}${nearest(key, KEYS)}`);
    }
    if (value.kind !== "scalar" || typeof value.value !== "string") {
      return faults.add(value.at, `logsource.${key} must be a word`);
    }
    words[key] = value.value.toLowerCase();
  }
  const { product, service = "", category = "" } = words;
  // The public collection names no product for what every web server writes.
  if (category === "webserver") {
    return { recordTypes: ["web.access"], services: new Set(), hasEventFields: false };
  }
  if (product === undefined) return faults.add(node.at, "logsource needs a product");
  if (!PRODUCTS.includes(product)) {
    return faults.add(
      node.at,
      `nothing here reads product ${product}${nearest(product, PRODUCTS)}`,
    );
  }
  if (!CATEGORIES.includes(category)) {
    return faults.add(node.at, `nothing here reads category ${category} of ${product}`);
  }
  if (product === "linux" && service !== "auth" && service !== "") {
    if (LINUX_SERVICES.includes(service)) return linux(new Set([service]));
    const why = `nothing here reads service ${service} of linux`;
    return faults.add(node.at, `${why}${nearest(service, LINUX_SERVICES)}`);
  }
  if (product === "linux") return linux(new Set());
  const recordTypes = SOURCES.get(`${product}/${service}`) ?? only(product, service);
  if (recordTypes !== undefined) {
    return { recordTypes, services: new Set(), hasEventFields: false };
  }
  const known = [...SOURCES.keys()].filter((key) => key.startsWith(`${product}/`));
  const services = known.map((key) => key.slice(product.length + 1)).filter((name) => name !== "");
  const why = `nothing here reads service ${service === "" ? "(none)" : service} of ${product}`;
  return faults.add(node.at, `${why}${nearest(service, services)}`);
}

/** A product without a service is all of its services. */
function only(product: string, service: string): readonly string[] | undefined {
  if (service !== "") return undefined;
  const all = [...SOURCES].filter(([key]) => key.startsWith(`${product}/`));
  return all.length === 0 ? undefined : [...new Set(all.flatMap(([, types]) => types))];
}

function linux(services: ReadonlySet<string>): Logsource {
  return { recordTypes: [LINUX], services, hasEventFields: true };
}

/** The record type an event counts as. */
export function recordTypeOf(event: Event): string {
  return event.recordType ?? LINUX;
}
