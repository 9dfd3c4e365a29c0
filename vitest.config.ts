import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes start in many tests, and a machine may be slow and loaded. What passes takes none of it; what hangs is ended.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // Real brokers, pty children and sockets share two cores: more workers only make them wait for each other.
    maxWorkers: 2,
  },
});
