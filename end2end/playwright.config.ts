import { defineConfig } from "@playwright/test";

// One worker: the tests film in real time, and two cameras on two cores would measure each other.
export default defineConfig({
  testDir: "./tests",
  outputDir: "./test-results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
});
