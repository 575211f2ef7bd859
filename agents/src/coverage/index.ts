// The door of the coverage agent.

export { CoverageBook } from "./coverage-book.ts";
export { openCoverageClaim } from "./coverage-claim.ts";
