// The door of the numeric detectors.

export { numericProfile } from "./numeric-profile.ts";
export { RowDetector } from "./row-detector.ts";
export { StreamDetector } from "./stream-detector.ts";
