// Where vitest finds the tests: beside the source in every package, and under test/.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{proto,agents,sidecar,coordinator,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/gen/**", "test/long/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
