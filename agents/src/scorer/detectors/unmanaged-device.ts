// A device that nobody manages, of an account that has always used managed ones. Owns no more than
// what counts as such; the bet is first-after-days. Must never speak where the source says nothing
// of the device.

import { openFirstAfterDays } from "./first-after-days.ts";

export const unmanagedDevice = openFirstAfterDays({
  name: "unmanaged-device",
  share: 0.05,
  against:
    "an honest account that used managed devices alone on 30 active days " +
    "uses another on at most 2 % of its days",
  counted: "daysWithUnmanagedDevice",
  speaks: (seen) => seen.posture,
});
