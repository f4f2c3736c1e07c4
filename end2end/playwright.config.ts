import { defineConfig } from "@playwright/test";

// Two workers, a file each at a time: filming is mostly waiting for a camera in real time. No test measures speed.
export default defineConfig({
  testDir: "./tests",
  outputDir: "./test-results",
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  projects: [
    { name: "people", testIgnore: "**/engine.spec.ts" },
    // A GPU in software takes every core for minutes, and a camera beside it would lose frames.
    { name: "gpu", testMatch: "**/engine.spec.ts", dependencies: ["people"] },
  ],
});
