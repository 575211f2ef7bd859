// Rosters in words: what one says, and what another one changes. Words only: whoever calls has
// verified what is said.

import { hex, Role, type Roster } from "@ostraka/proto";
import { ROLE_NAMES } from "./identity.ts";

type Holder = Roster["holders"][number];

export function rolesOf(holder: Holder): string {
  return [...new Set(holder.keys.map((k) => ROLE_NAMES[k.role] ?? "member"))].join(", ");
}

/** A roster, a line a holder. @param hostName of an expelled key, where it is known. */
export function rosterLines(
  roster: Roster,
  hostName: (key: Uint8Array) => string | undefined,
): string[] {
  const groupsOf = (name: string) =>
    roster.groups.filter((g) => g.holders.includes(name)).map((g) => g.name);
  const holders = roster.holders.map((holder) => {
    const groups = groupsOf(holder.name);
    const more = groups.length === 0 ? "" : ` (${groups.join(", ")})`;
    return `${holder.name.padEnd(18)}${rolesOf(holder)}${more}`;
  });
  const expelled = roster.expelledKeys.map((key) => hostName(key) ?? `key ${hex(key)}`);
  return [
    ...holders,
    `fault domains     ${roster.faultDomains.join(", ")}`,
    `a new roster      ${roster.rootThreshold} roots of the old one and of the new one`,
    `a policy          ${roster.authorThreshold} authors`,
    ...(expelled.length === 0 ? [] : [`expelled hosts    ${expelled.join(", ")}`]),
  ];
}

/** What changes from one roster to the next, a line a change; empty when nothing does. */
export function rosterChanges(
  last: Roster,
  next: Roster,
  hostName: (key: Uint8Array) => string | undefined,
): string[] {
  const keysOf = (roster: Roster) =>
    roster.holders.flatMap((h) =>
      h.keys.map((k) => `${h.name} as ${nameOf(k.role)} (${hex(k.key)})`),
    );
  const placesOf = (roster: Roster) =>
    roster.groups.flatMap((g) => g.holders.map((holder) => `${holder} in group ${g.name}`));
  const expelledOf = (roster: Roster) =>
    roster.expelledKeys.map((key) => `host ${hostName(key) ?? hex(key)}: counts no more, for good`);
  const thresholds = (roster: Roster) => [
    `${roster.rootThreshold} roots sign a roster`,
    `${roster.authorThreshold} authors sign a policy`,
  ];
  const lists = [keysOf, placesOf, (r: Roster) => r.faultDomains.map((d) => `fault domain ${d}`)];
  return [
    ...[...lists, thresholds].flatMap((list) => differences(list(last), list(next))),
    ...differences(expelledOf(last), expelledOf(next)).map((line) =>
      line.replace("adds", "expels"),
    ),
  ];
}

function nameOf(role: Role): string {
  return ROLE_NAMES[role] ?? (role === Role.COORDINATOR ? "coordinator" : "member");
}

function differences(before: readonly string[], after: readonly string[]): string[] {
  const gone = before.filter((line) => !after.includes(line)).map((line) => `takes away ${line}`);
  return [...gone, ...after.filter((line) => !before.includes(line)).map((line) => `adds ${line}`)];
}
