// tsc copies no HTML, CSS or plain JavaScript: the dashboard is served as it lies here.
import { cpSync, rmSync, writeFileSync } from 'node:fs';

const from = new URL('../src/api/dashboard', import.meta.url);
const to = new URL('../dist/api/dashboard', import.meta.url);
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
// What scripts/start.mjs compares with the sources: a build that ended half-way has no stamp.
writeFileSync(new URL('../dist/.built', import.meta.url), '');
