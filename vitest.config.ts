import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes start in many tests, and a machine may be slow and loaded. What passes takes none of it; what hangs is ended.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // On any number of cores: half of the time of these tests is waiting, for brokers, timers and programs. Four find what two cores cannot keep up with.
    maxWorkers: 3,
  },
});
