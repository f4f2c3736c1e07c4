import { defineConfig } from "@playwright/test";

// One at a time, because these measure. `cargo xtask bench vision` runs them and reads the figures they write.
export default defineConfig({
  testDir: "./bench",
  outputDir: "./test-results",
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 1_800_000,
  reporter: [["list"]],
});
