import { freshDashboard } from '../../scripts/dashboard.mjs';

/** Whoever serves the API serves the page: it is bundled once for a run of tests, if its sources are newer. */
export const setup = (): Promise<void> => freshDashboard();
