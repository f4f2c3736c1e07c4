import { defineConfig } from "@playwright/test";

// One film after another in one browser. `cargo xtask eval import` runs it and reads the rows it writes.
export default defineConfig({
  testDir: "./eval",
  outputDir: "./test-results",
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 0,
  reporter: [["list"]],
});
