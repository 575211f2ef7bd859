// The door of the numeric detectors.

export { RowDetector } from "./row-detector.ts";
export { StreamDetector, type StreamVerdict } from "./stream-detector.ts";
