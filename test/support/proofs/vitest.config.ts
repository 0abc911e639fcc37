import { defineConfig } from 'vitest/config';

/** Only for `npm run prove-cases`: one project, so that one server transforms each file once for all parts. */
export default defineConfig({
  test: {
    include: ['test/{unit,property,simulation,contract}/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: 60_000,
  },
});
