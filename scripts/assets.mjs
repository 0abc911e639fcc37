// tsc leaves the dashboard out: browsers load it bundled.
import { writeFileSync } from 'node:fs';
import { bundleDashboard } from './dashboard.mjs';

await bundleDashboard();
// What scripts/start.mjs compares with the sources: a build that ended half-way has no stamp.
writeFileSync(new URL('../dist/.built', import.meta.url), '');
