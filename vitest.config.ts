import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // A loaded machine needs longer than the default second; what is waited for comes at once on a quiet one.
    expect: { poll: { timeout: 10_000 } },
    // Real brokers, pty children and sockets share two cores: more workers only make them wait for each other.
    maxWorkers: 2,
  },
});
