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

/** It adds to the tables that all others read: with modules of its own. */
const APART = 'test/simulation/added-action.test.ts';

export default defineConfig({
  test: {
    projects: [
      // The modules under test are loaded, and compiled as what runs often, once a worker: they keep nothing between files. The worker
      // counts differ, and vitest wants a group for each count.
      project('unit', { testTimeout: 30_000, isolate: false, maxWorkers: 2, sequence: { groupOrder: 1 } }),
      project('property', {
        testTimeout: 60_000,
        setupFiles: ['test/support/seed.ts'],
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
      }),
      project('simulation', {
        testTimeout: 60_000,
        isolate: false,
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
        exclude: [APART],
      }),
      project('simulation-apart', { include: [APART] }),
      // What it talks to is mostly waited for.
      project('contract', { testTimeout: 30_000, maxWorkers: 2, sequence: { groupOrder: 1 } }),
      project('browser', { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }),
      project('e2e', LAB),
      project('field', LAB),
      project('smoke', LAB),
      project('sidecars', LAB),
    ],
  },
});
