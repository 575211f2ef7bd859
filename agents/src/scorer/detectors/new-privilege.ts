// A right given, or used, by an account that has not had to do with any. Owns no more than what
// counts as such; the bet is first-after-days. Must never judge whether the right was due: that is
// for whoever reads the reason.

import { openFirstAfterDays } from "./first-after-days.ts";

export const newPrivilege = openFirstAfterDays({
  name: "new-privilege",
  share: 0.05,
  against:
    "an honest account that neither gave, got nor used a privilege on 30 active days " +
    "does so on at most 2 % of its days",
  counted: "daysWithNewPrivilege",
  speaks: (seen) => (seen.isPrivilegeGrant || seen.isPrivilegeUse ? -1 : 1),
});
