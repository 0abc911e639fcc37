import { defineConfig } from 'vitest/config';

const project = (name: string, extra: Record<string, unknown> = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], globalSetup: ['test/support/dashboard.ts'], ...extra },
});

/** A file a Patroni version, each with a lab of its own, side by side: what they do is mostly waiting. */
const LAB = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  maxWorkers: 2,
  sequence: { groupOrder: 2 },
  globalSetup: ['test/e2e/support/build.ts'],
};

export default defineConfig({
  test: {
    projects: [
      // The modules under test are loaded once a worker: they keep nothing between files.
      project('unit', { isolate: false }),
      project('property', { testTimeout: 60_000, setupFiles: ['test/support/seed.ts'] }),
      // Another number of workers needs a group of its own: vitest refuses to run two such projects in one.
      project('simulation', { testTimeout: 60_000, maxWorkers: 2, sequence: { groupOrder: 1 } }),
      project('contract', { testTimeout: 30_000 }),
      project('browser', { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
      project('e2e', LAB),
      project('field', LAB),
      project('smoke', LAB),
      project('sidecars', LAB),
    ],
  },
});
