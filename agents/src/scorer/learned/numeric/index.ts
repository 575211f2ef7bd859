// The door of the numeric detectors.

export { type HalfSpace, type HalfSpaceOptions, openHalfSpace } from "./half-space.ts";
export { numericProfile } from "./numeric-profile.ts";
export { RowDetector } from "./row-detector.ts";
export { StreamDetector, type StreamVerdict } from "./stream-detector.ts";
